"""Reads `[environment]` of a `.honk.toml`: what a repository says that its tests need beside its manifests. Pure.

Read from the base commit alone: a change has no say in it. What is not understood is a problem that names the key.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from honk.base import toml

PATH = ".honk.toml"
_PLACE = f"{PATH} [environment]"
KEYS = ("setup", "services", "packages", "env")
_LISTS = KEYS[:3]
_PACKAGE = re.compile(r"[A-Za-z0-9][A-Za-z0-9+._-]{0,100}")
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,100}")
_RULED = re.compile(
    r"PATH|HOME|USER|TMPDIR|ENV|BASH_ENV|SHELLOPTS|VIRTUAL_ENV|NODE_OPTIONS|NODE_PATH|RUSTC\w*|"
    r"(?:\w*_)?JAVA_(?:TOOL_)?OPTIONS|(?:npm_config|pnpm_config)_\w*|"
    r"(?:HONK|LD|PYTHON|GIT|UV|PIP|YARN|CARGO|GO|MAVEN|GRADLE|PYTEST|ANTHROPIC|CLAUDE|OPENCODE)\w*",
    re.IGNORECASE,
)
"""Variables that decide where programs come from or how a check is run: they are the sandbox's and the gate's."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Declared:
    """The table, as far as it is sound."""

    setup: tuple[str, ...] = ()
    """Shell commands, run last in the set-up sandbox."""
    services: tuple[str, ...] = ()
    """Names of servers that are started beside the tests."""
    packages: tuple[str, ...] = ()
    """Debian packages or commands that this machine must have."""
    env: Mapping[str, str] = field(default_factory=dict)
    """Variables of every later sandbox; they win over those of a server."""
    problems: tuple[str, ...] = ()


def declared(honk_toml: str) -> Declared:
    """The table of the file; an absent one asks for nothing. A file that is no TOML is the gate's to name."""
    try:
        table = toml.loads(honk_toml).get("environment", {})
    except ValueError:
        return Declared()
    if not isinstance(table, dict):
        return Declared(problems=(f"{PATH}: [environment] must be a table.",))
    problems = [f"{_PLACE} has no key {_quoted(key)}; it has {', '.join(KEYS)}." for key in table if key not in KEYS]
    lists = {key: _texts(table.get(key, []), key, problems) for key in _LISTS}
    problems += [
        f"{_PLACE} packages: {_quoted(name)} is no name of a package or a command."
        for name in lists["packages"]
        if not _PACKAGE.fullmatch(name)
    ]
    return Declared(
        setup=lists["setup"],
        services=lists["services"],
        packages=tuple(name for name in lists["packages"] if _PACKAGE.fullmatch(name)),
        env=_variables(table.get("env", {}), problems),
        problems=tuple(problems),
    )


def _texts(value: object, key: str, problems: list[str]) -> tuple[str, ...]:
    if isinstance(value, list) and all(isinstance(one, str) for one in value):
        return tuple(dict.fromkeys(value)) if key != "setup" else tuple(value)
    problems.append(f"{_PLACE} {key} must be a list of texts.")
    return ()


def _variables(value: object, problems: list[str]) -> dict[str, str]:
    if not isinstance(value, dict):
        problems.append(f"{_PLACE} env must be a table of texts.")
        return {}
    found = {}
    for name, text in value.items():
        if not _VARIABLE.fullmatch(name) or not isinstance(text, str) or "\0" in text:
            problems.append(f"{_PLACE} env: {_quoted(name)} must be a variable's name with a text.")
        elif _RULED.fullmatch(name):
            problems.append(f"{_PLACE} env: {name} is the sandbox's own, and no repository sets it.")
        else:
            found[name] = text
    return found


def _quoted(name: str) -> str:
    return repr(name[:100])
