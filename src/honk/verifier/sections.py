"""Check configuration inside shared files: told apart, compared and put back by key. Pure."""

import configparser
import re
from collections.abc import Mapping

from honk.base import toml

CHECK_TABLES = ("pytest", "ruff", "mypy", "coverage", "pyright", "basedpyright")
"""Tables below [tool] in pyproject.toml that say how a change is checked."""
_INI_SECTION = re.compile(r"^(tool:pytest|pytest|mypy(-.*)?|coverage:.*)$")
_HEADER = re.compile(r"^\s*\[")
_TOML_CHECK = re.compile(
    r"""^\s*\[\[?\s*["']?tool["']?\s*\.\s*["']?(pytest|ruff|mypy|coverage|pyright|basedpyright)["']?\s*[.\]]"""
)


def check_tables(content: bytes | None) -> Mapping[str, object]:
    """The check tables of a pyproject.toml, by name; a file that is not TOML has none."""
    tool = _toml(content).get("tool")
    return {name: tool[name] for name in CHECK_TABLES if name in tool} if isinstance(tool, dict) else {}


def check_sections(content: bytes | None) -> Mapping[str, Mapping[str, str]]:
    """The check sections of a setup.cfg or tox.ini, by name."""
    parser = configparser.RawConfigParser(strict=False)
    try:
        parser.read_string((content or b"").decode("utf-8", "replace"))
    except configparser.Error:
        return {}
    return {name: dict(parser[name]) for name in parser.sections() if _INI_SECTION.match(name)}


def with_base_tables(base: bytes | None, head: bytes) -> bytes | None:
    """The head's pyproject.toml with the base's check tables; the base's whole file where that cannot be had."""
    if check_tables(base) == check_tables(head):
        return head
    mended = _splice(base, head, _TOML_CHECK.match)
    wanted = {key: value for key, value in _toml(head).items() if key != "tool"}
    got = {key: value for key, value in _toml(mended).items() if key != "tool"}
    return mended if check_tables(mended) == check_tables(base) and got == wanted and _toml(mended) else base


def with_base_sections(base: bytes | None, head: bytes) -> bytes | None:
    """The same for setup.cfg and tox.ini."""
    if check_sections(base) == check_sections(head):
        return head
    mended = _splice(base, head, _is_check_section)
    return mended if check_sections(mended) == check_sections(base) else base


def _is_check_section(line: str) -> bool:
    name = line.strip()[1:].split("]", 1)[0].strip()
    return _INI_SECTION.match(name) is not None


def _splice(base: bytes | None, head: bytes, is_check: object) -> bytes:
    kept = _blocks(head, is_check, wanted=False)
    return (kept.rstrip() + "\n\n" + _blocks(base or b"", is_check, wanted=True)).encode("utf-8", "surrogateescape")


def _blocks(content: bytes, is_check: object, *, wanted: bool) -> str:
    """The lines of the blocks that are (or are not) check configuration."""
    inside, kept = False, []
    for line in content.decode("utf-8", "surrogateescape").splitlines():
        if _HEADER.match(line):
            inside = bool(is_check(line)) if callable(is_check) else False
        if inside is wanted:
            kept.append(line)
    return "\n".join(kept) + "\n"


def _toml(content: bytes | None) -> Mapping[str, object]:
    try:
        return toml.loads((content or b"").decode("utf-8"))
    except ValueError:
        return {}
