"""What a merge needs beside a yes: `[merge]` of a repository's `.honk.toml`, over the installation's own. Pure.

Read from the base branch alone. A repository only makes it harder to merge; what is not understood makes it hardest.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from honk.base import toml

PATH = ".honk.toml"
TABLE = "merge"
_PLACE = f"{PATH} [{TABLE}]"
SQUASH = "squash"
_KEYS = ("second_person", "owners", "guarded", "method")
_MOST = 200
"""Globs that are read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MergeTerms:
    """Of one repository, at one commit."""

    second_person: bool = False
    """Whether each merge needs the yes of somebody who did not command the task."""
    owners: bool = False
    """Whether each merge needs the yes of an owner of what it changes."""
    guarded: tuple[str, ...] = ()
    """Globs of paths whose change needs an owner who did not command the task."""
    method: str = SQUASH
    """"squash": one commit over the base; "merge": a commit with both parents, where the forge can."""
    people: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """The addresses behind an owner's handle; the installation's alone."""
    armed_hours: float = 24.0
    """How long a merge waits for a second person."""
    problems: tuple[str, ...] = ()
    """What was not understood, a sentence each."""


def narrowed(installation: MergeTerms, honk_toml: bytes | None) -> MergeTerms:
    """The installation's terms, made stricter by the file's table. One that cannot be read asks for a second person."""
    try:
        tables = toml.loads((honk_toml or b"").decode())
    except ValueError:
        return replace(installation, second_person=True, problems=(f"{PATH} is no sound TOML.",))
    table = tables.get(TABLE, {})
    if not isinstance(table, dict):
        return replace(installation, second_person=True, problems=(f"{PATH}: [{TABLE}] must be a table.",))
    problems = [f"{_PLACE} has no key {key[:100]!r}; it has {', '.join(_KEYS)}." for key in table if key not in _KEYS]
    flags = {key: _flag(table, key, problems) for key in _KEYS[:2]}
    globs = _globs(table.get("guarded", []), problems)
    if (method := table.get("method", installation.method)) not in (SQUASH, installation.method):
        problems.append(f"{_PLACE} method can only be {SQUASH!r} here.")
        method = SQUASH
    return replace(
        installation,
        second_person=installation.second_person or flags["second_person"] or bool(problems),
        owners=installation.owners or flags["owners"],
        guarded=(*installation.guarded, *globs),
        method=str(method),
        problems=tuple(problems),
    )


def _flag(table: Mapping[str, object], key: str, problems: list[str]) -> bool:
    value = table.get(key, False)
    if not isinstance(value, bool):
        problems.append(f"{_PLACE} {key} must be true or false.")
        return True
    return value


def _globs(value: object, problems: list[str]) -> tuple[str, ...]:
    if isinstance(value, list) and all(isinstance(one, str) for one in value) and len(value) <= _MOST:
        return tuple(value)
    problems.append(f"{_PLACE} guarded must be a list of at most {_MOST} texts.")
    return ()
