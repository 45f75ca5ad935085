"""Check configuration inside Cargo.toml: told apart, compared and put back by key. Pure.

What decides which targets are tested and how they are compiled: profiles, lints, the tables of test targets,
and a few keys of the package and its targets.
"""

import re
from collections.abc import Mapping

from honk.base import toml

_TABLES = ("profile", "lints", "test")
_REPLACED = ("patch", "replace")
_OF_TARGETS = ("test", "doctest", "harness", "required-features")
_OF_PACKAGE = ("autotests", "autobins", "autoexamples")
_OF_BUILD = (("package", "build"), ("package", "links"), ("lib", "proc-macro"), ("lib", "proc_macro"))
_DEPENDENCIES = ("dependencies", "dev-dependencies", "build-dependencies")
_SOURCES = ("path", "git", "registry", "package")
_HEADER = re.compile(r"^\s*\[\[?\s*([^\]]+?)\s*\]")
_KEY = re.compile(r"""^\s*["']?([\w-]+)["']?\s*=""")


def check_keys(content: bytes | None) -> Mapping[str, object]:
    """By name, as people would call them."""
    document = _toml(content)
    found = {f"[{name}]": document[name] for name in _TABLES if name in document}
    workspace = document.get("workspace")
    if isinstance(workspace, dict):
        found |= {f"[workspace] {key}": workspace[key] for key in ("lints", "default-members") if key in workspace}
    package = document.get("package")
    if isinstance(package, dict):
        found |= {f"[package] {key}": package[key] for key in _OF_PACKAGE if key in package}
    for name in ("lib", "bin"):
        table = document.get(name)
        for one in table if isinstance(table, list) else [table]:
            if isinstance(one, dict):
                title = f"[{name}] {one.get('name', '')}".strip()
                found |= {f"{title} {key}": one[key] for key in _OF_TARGETS if key in one}
    return found


def build_keys(content: bytes | None) -> Mapping[str, object]:
    """What makes code run while others compile, or puts a crate in another's place."""
    document = _toml(content)
    replaced = {f"[{name}]": document[name] for name in _REPLACED if name in document}
    return replaced | {
        f"[{table}] {key}": inside[key]
        for table, key in _OF_BUILD
        if isinstance(inside := document.get(table), dict) and key in inside
    }


def swapped(before: bytes | None, after: bytes | None) -> tuple[str, ...]:
    """Dependencies that come from elsewhere now, so that another crate may stand under a name that tests trust."""
    old, new = _sources(_toml(before)), _sources(_toml(after))
    return tuple(sorted(name for name in old.keys() & new.keys() if old[name] != new[name]))


def _sources(document: Mapping[str, object]) -> dict[str, dict[str, object]]:
    targets = document.get("target")
    of_targets = targets.values() if isinstance(targets, dict) else ()
    found = {}
    for inside in (document, document.get("workspace"), *of_targets):
        for kind in _DEPENDENCIES:
            table = inside.get(kind) if isinstance(inside, dict) else None
            for name, told in table.items() if isinstance(table, dict) else ():
                source = {key: told[key] for key in _SOURCES if key in told} if isinstance(told, dict) else {}
                found[f"[{kind}] {name}"] = source
    return found


def own_harnesses(content: bytes | None) -> tuple[str, ...]:
    """The targets whose tests are run by a program of their own."""
    document = _toml(content)
    tests, lib = document.get("test"), document.get("lib")
    targets = [one for one in (*(tests if isinstance(tests, list) else ()), lib) if isinstance(one, dict)]
    return tuple(
        str(one.get("name", "the library"))
        for one in targets
        if one.get("harness") is False and one.get("test") is not False
    )


def with_base_keys(base: bytes | None, head: bytes) -> bytes | None:
    """The head's manifest with the base's check keys; the base's whole file where that cannot be had."""
    wanted = check_keys(base)
    if wanted == check_keys(head) and _toml(head):
        return head
    mended = _spliced((base or b"").decode("utf-8", "surrogateescape"), head.decode("utf-8", "surrogateescape"))
    content = mended.encode("utf-8", "surrogateescape")
    is_whole = check_keys(content) == wanted and _rest(content) == _rest(head) and _toml(head)
    return content if is_whole else base


def _rest(content: bytes) -> Mapping[str, object]:
    """The document without its check keys."""
    document = {name: value for name, value in _toml(content).items() if name not in _TABLES}
    dropped = {"workspace": ("lints", "default-members"), "package": _OF_PACKAGE, "lib": _OF_TARGETS}
    for name, keys in dropped.items():
        if isinstance(table := document.get(name), dict):
            document[name] = {key: value for key, value in table.items() if key not in keys}
    if isinstance(bins := document.get("bin"), list):
        tables = [one for one in bins if isinstance(one, dict)]
        document["bin"] = [{key: one[key] for key in one if key not in _OF_TARGETS} for one in tables]
    return {name: value for name, value in document.items() if value not in ({}, [])}


def _spliced(base: str, head: str) -> str:
    """The head's blocks without check keys, each with the base's own keys in it; then the base's tables."""
    kept = _blocks(base)
    lines: list[str] = []
    seen: set[str] = set()
    for header, block in _blocks(head):
        if _is_check_table(header):
            continue
        lines += [line for line in block if not _is_check_key(header, line)]
        if header not in seen and not header.startswith("bin"):
            own = [line for other, inside in kept if other == header for line in inside if _is_check_key(header, line)]
            place = next((at for at in range(len(lines), 0, -1) if _HEADER.match(lines[at - 1])), len(lines))
            lines[place:place] = own
        seen.add(header)
    for header, block in kept:
        if _is_check_table(header):
            lines += block
    return "\n".join(lines) + "\n"


def _blocks(text: str) -> list[tuple[str, list[str]]]:
    """Each header's name, dots without blanks, with its lines; "" for what stands before the first."""
    found: list[tuple[str, list[str]]] = [("", [])]
    for line in text.splitlines():
        if header := _HEADER.match(line):
            found.append((re.sub(r"\s*\.\s*|[\"']", lambda dot: "." if "." in dot.group() else "", header[1]), []))
        found[-1][1].append(line)
    return found


def _is_check_table(header: str) -> bool:
    return header.split(".")[0] in _TABLES or header.startswith("workspace.lints")


def _is_check_key(header: str, line: str) -> bool:
    key = _KEY.match(line)
    names = {"package": _OF_PACKAGE, "lib": _OF_TARGETS, "bin": _OF_TARGETS, "workspace": ("default-members",)}
    return key is not None and key[1] in names.get(header, ())


def _toml(content: bytes | None) -> Mapping[str, object]:
    try:
        return toml.loads((content or b"").decode("utf-8"))
    except ValueError:
        return {}
