"""What manifests and lock files require: name to version, in each ecosystem's own words. Pure."""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from honk.base import toml
from honk.verifier import paths

LOCKS = {"uv.lock", "poetry.lock", "Pipfile.lock", "pdm.lock", "package-lock.json", "yarn.lock", "pnpm-lock.yaml",
         "Cargo.lock", "go.sum", "npm-shrinkwrap.json", "gradle.lockfile"}  # fmt: skip
MANIFESTS = {"pyproject.toml", "setup.py", "setup.cfg", "Pipfile", "package.json", "Cargo.toml", "go.mod", "pom.xml",
             "build.gradle", "build.gradle.kts"}  # fmt: skip
_REQUIREMENTS = re.compile(
    r"(^|/)(requirements|constraints)[\w.-]*\.(txt|in)$|(^|/)(requirements|constraints)/[\w.-]+\.(txt|in)$"
)
_REQUIREMENT = re.compile(r"^\s*([A-Za-z][\w.-]*)(?:\[[^\]]*\])?\s*(===|==|~=|>=|>|\^|~)\s*v?(\d[\w.+!-]*)")
_GO = re.compile(r"^[ \t]*(?:require[ \t]+)?([\w-]+(?:\.[\w-]+)++(?:/[\w./~-]+)?)[ \t]+v(\d[\w.+-]*)", re.MULTILINE)
_GO_SELF = re.compile(r"^(go|toolchain)\s+(?:go)?(\d[\d.]*)", re.MULTILINE)
_MAVEN = re.compile(r"<artifactId>\s*([^<\s]+)\s*</artifactId>\s*<version>\s*([^<\s$]+)\s*</version>")
_MAVEN_PROPERTY = re.compile(r"<([\w.-]*(?:version|release|source|target))>\s*(\d[^<\s]*)\s*<")
_GRADLE = re.compile(r"""["']([\w.-]+:[\w.-]+):(\d[\w.+-]*)["']""")
_RUNTIMES = {".python-version": "python", ".nvmrc": "node", ".node-version": "node", ".java-version": "java",
             "rust-toolchain": "rust", "runtime.txt": "python"}  # fmt: skip
_YARN = re.compile(r"^\"?(@?[^@\s\"]+)@[^\n]*:\n\s+version:?\s+\"?(\d[^\"\s]*)", re.MULTILINE)
_PNPM = re.compile(r"^[ \t]+'?/?(@?[\w./-]+)@(\d[\w.+-]*+)[^\n]*'?:[ \t]*$", re.MULTILINE)

_TEXT_FORMS = {
    "go.mod": (_GO, _GO_SELF), "pom.xml": (_MAVEN, _MAVEN_PROPERTY), "build.gradle": (_GRADLE,),
    "build.gradle.kts": (_GRADLE,), "gradle.lockfile": (_GRADLE,), "yarn.lock": (_YARN,), "pnpm-lock.yaml": (_PNPM,),
}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """One required version."""

    version: str
    is_floor: bool = False
    """`>=`: a lower one lets more in and takes nothing away."""


def is_manifest(path: str) -> bool:
    name = paths.name_of(path)
    return name in MANIFESTS or name in _RUNTIMES or _REQUIREMENTS.search(path) is not None


def is_lock(path: str) -> bool:
    return paths.name_of(path) in LOCKS


def required(path: str, content: bytes | None) -> Mapping[str, Wanted]:
    """By lower-case name; a package that is locked twice keeps its highest version. Empty for what cannot be read."""
    text = (content or b"").decode("utf-8", "replace")
    found: dict[str, Wanted] = {}
    try:
        for name, wanted in _read(path, text):
            known = found.get(name.lower())
            if known is None or not is_lower(wanted.version, known.version):
                found[name.lower()] = wanted
    except (ValueError, TypeError, AttributeError, KeyError, RecursionError):
        return {}
    return found


def is_lower(one: str, other: str) -> bool:
    """Compared number by number; a pre-release is lower than its release."""
    return _key(one) < _key(other)


def _key(version: str) -> tuple[tuple[int, ...], int]:
    release = re.match(r"\d{1,18}(?:\.\d{1,18})*", version)
    numbers = [int(part) for part in release.group().split(".")] if release else [0]
    while len(numbers) > 1 and numbers[-1] == 0:
        numbers.pop()
    rest = version[release.end() :] if release else ""
    return tuple(numbers), 0 if re.match(r"[-.]?(?:a|b|rc|alpha|beta|dev|pre|SNAPSHOT)", rest, re.IGNORECASE) else 1


Pairs = Iterator[tuple[str, Wanted]]


def _read(path: str, text: str) -> Pairs:
    name = paths.name_of(path)
    if name in _RUNTIMES and (match := re.search(r"\d+(?:\.\d+)*", text)) is not None:
        return iter([(_RUNTIMES[name], Wanted(version=match.group()))])
    if name in _TEXT_FORMS:
        matches = (match for pattern in _TEXT_FORMS[name] for match in pattern.finditer(text))
        return ((match[1], Wanted(version=match[2])) for match in matches)
    if name in ("pyproject.toml", "Cargo.toml", "Pipfile"):
        return _toml_manifest(toml.loads(text))
    if name in ("uv.lock", "poetry.lock", "Cargo.lock", "pdm.lock"):
        return _toml_lock(toml.loads(text))
    if name == "package.json":
        return _package_json(json.loads(text))
    if name in ("package-lock.json", "npm-shrinkwrap.json", "Pipfile.lock"):
        return _json_lock(json.loads(text))
    return _lines(text)


def _toml_lock(tables: Mapping[str, Any]) -> Pairs:
    for package in tables.get("package", []):
        if isinstance(package.get("version"), str):
            yield package["name"], Wanted(version=package["version"])


def _lines(text: str) -> Pairs:
    for line in text.splitlines():
        for part in re.split(r"[\"',]\s*", line) if "requirement" not in line else [line]:
            yield from _requirement(part)


def _requirement(text: str) -> Pairs:
    if (match := _REQUIREMENT.match(text)) is not None:
        yield match[1].replace("_", "-"), Wanted(version=match[3], is_floor=match[2] in (">=", ">"))


def _spec(name: str, spec: object) -> Pairs:
    """`^1.2`, `~1.2`, `1.2.3`, `>=1.2`, or a table with a version."""
    if isinstance(spec, Mapping):
        spec = spec.get("version")
    if isinstance(spec, str) and (match := re.match(r"\s*([\^~>=v]*)\s*(\d[\w.+-]*)", spec)) is not None:
        yield name.replace("_", "-"), Wanted(version=match[2], is_floor=match[1].startswith(">"))


def _toml_manifest(tables: Mapping[str, object]) -> Pairs:
    for name, value in tables.items():
        if name == "requires-python" and isinstance(value, str):
            yield from _spec("python", value)
        elif name == "rust-version":
            yield from _spec("rust", value)
        elif name in (
            "dependencies",
            "dev-dependencies",
            "build-dependencies",
            "packages",
            "dev-packages",
        ) and isinstance(value, Mapping):
            for package, spec in value.items():
                yield from _spec(package, spec)
        elif isinstance(value, list):
            for line in value:
                if isinstance(line, str):
                    yield from _requirement(line)
        elif isinstance(value, Mapping) and name not in ("build-system", "scripts"):
            yield from _toml_manifest(value)


def _package_json(tables: Mapping[str, object]) -> Pairs:
    for group in (
        "dependencies",
        "devDependencies",
        "peerDependencies",
        "optionalDependencies",
        "engines",
        "overrides",
    ):
        table = tables.get(group)
        for package, spec in table.items() if isinstance(table, Mapping) else ():
            yield from _spec(package, spec)


def _json_lock(tables: Mapping[str, object]) -> Pairs:
    for group in ("packages", "dependencies", "default", "develop"):
        table = tables.get(group)
        for package, spec in table.items() if isinstance(table, Mapping) else ():
            name = str(package).rpartition("node_modules/")[2]
            if name and isinstance(spec, Mapping) and isinstance(spec.get("version"), str):
                yield name, Wanted(version=str(spec["version"]).lstrip("="))
