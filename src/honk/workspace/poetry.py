"""Poetry's own way to write requirements, as everybody else's. Pure."""

import re
from collections.abc import Mapping, Sequence
from typing import Any


def poetry_requirements(poetry: Mapping[str, Any], groups: Sequence[str]) -> tuple[str, ...]:
    """The requirements of the named groups in a `[tool.poetry]` table; those from paths, URLs and git are left out."""
    tables = [poetry.get("dev-dependencies", {})]
    named = poetry.get("group", {})
    for name, group in named.items() if isinstance(named, dict) else ():
        if name.lower() in groups and isinstance(group, dict):
            tables.append(group.get("dependencies", {}))
    found = []
    for table in tables:
        for name, wanted in table.items() if isinstance(table, dict) else ():
            if name != "python" and (requirement := _requirement(name, wanted)) is not None:
                found.append(requirement)
    return tuple(sorted(set(found)))


def _requirement(name: str, wanted: object) -> str | None:
    extras = ""
    if isinstance(wanted, dict):
        if not isinstance(wanted.get("version"), str):
            return None
        if isinstance(wanted.get("extras"), list):
            extras = f"[{','.join(map(str, wanted['extras']))}]"
        wanted = wanted["version"]
    return f"{name}{extras}{_specifier(wanted)}" if isinstance(wanted, str) else None


def _specifier(wanted: str) -> str:
    """`^1.2` and `~1.2` as ranges; `*` as nothing; the rest is common to all."""
    parts = []
    for part in (word.strip() for word in wanted.split(",")):
        match = re.fullmatch(r"([\^~])\s*(\d+(?:\.\d+)*)(.*)", part)
        if match is None:
            parts.append(f"=={part}" if re.fullmatch(r"\d[\w.*]*", part) else part)
            continue
        numbers = [int(number) for number in match[2].split(".")]
        parts.append(f">={match[2]}{match[3]},<{_ceiling(match[1], numbers)}")
    return "" if parts == ["*"] else ",".join(parts)


def _ceiling(sign: str, numbers: list[int]) -> str:
    """The first version that is out: after a tilde the second number steps, after a caret the first that is not 0."""
    if sign == "~":
        at = min(1, len(numbers) - 1)
    else:
        at = next((index for index, number in enumerate(numbers) if number), len(numbers) - 1)
    return ".".join(str(number) for number in [*numbers[:at], numbers[at] + 1])
