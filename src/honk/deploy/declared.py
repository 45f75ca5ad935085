"""Reads `[deploy]` of a `.honk.toml`: how a repository wants to be brought to production. Pure.

Read from the merged commit alone. What is not understood is a problem, and then nothing is deployed: half a wish about
production is none.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from honk.base import toml

PATH = ".honk.toml"
_PLACE = f"{PATH} [deploy]"
KEYS = ("command", "rollback", "health", "secrets", "env", "timeout_seconds", "health_seconds", "migrations",
        "environment")  # fmt: skip
DEPLOY_URL = "$HONK_DEPLOY_URL"
"""At the beginning of an address: where the installation says that the repository is found in production."""
DEFAULT_TIMEOUT_SECONDS = 600.0
DEFAULT_HEALTH_SECONDS = 60.0
MAX_HEALTH_SECONDS = 900.0
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,100}")
_OURS = re.compile(r"(?:HONK_\w*|\w*_proxy|PATH|HOME|LD_\w*)", re.IGNORECASE)
"""Variables that Honk sets, or that decide which programs run."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Declared:
    """The table, as far as it is sound."""

    command: str = ""
    rollback: str = ""
    """Run on a clean checkout of what was deployed before, whose commit is in HONK_ROLLBACK_TO."""
    health: str = ""
    """An address, which may begin with `$HONK_DEPLOY_URL`; or a command."""
    secrets: tuple[str, ...] = ()
    env: Mapping[str, str] = field(default_factory=dict)
    timeout_seconds: float = DEFAULT_TIMEOUT_SECONDS
    health_seconds: float = DEFAULT_HEALTH_SECONDS
    migrations: tuple[str, ...] = ()
    """Globs of what changes data, which no undo brings back."""
    has_environment: bool = False
    """Whether the commands need what the tests need."""
    problems: tuple[str, ...] = ()

    @property
    def health_url(self) -> str:
        """Empty where health is asked by a command, or not at all."""
        return self.health if self.health.startswith(("http://", "https://", f"{DEPLOY_URL}/")) else ""

    @property
    def health_command(self) -> str:
        """Empty where health is asked by an address, or not at all."""
        return "" if self.health_url else self.health


def declared(honk_toml: str) -> Declared | None:
    """The table of the file; None where there is none."""
    try:
        table = toml.loads(honk_toml).get("deploy")
    except ValueError as error:
        return Declared(problems=(f"{PATH} is not sound TOML: {error}.",)) if "deploy" in honk_toml else None
    if table is None:
        return None
    if not isinstance(table, dict):
        return Declared(problems=(f"{PATH}: [deploy] must be a table.",))
    problems = [f"{_PLACE} has no key {key[:100]!r}; it has {', '.join(KEYS)}." for key in table if key not in KEYS]
    lines = {key: _line(table, key, problems) for key in ("command", "rollback", "health")}
    if not lines["command"]:
        problems.append(f"{_PLACE} must have a command.")
    secrets = _texts(table, "secrets", problems)
    problems += [f"{_PLACE} secrets: {name[:100]!r} is no variable's name." for name in secrets if not _is_free(name)]
    return Declared(
        **lines,
        secrets=secrets,
        env=_variables(table.get("env", {}), secrets, problems),
        timeout_seconds=_seconds(table, "timeout_seconds", DEFAULT_TIMEOUT_SECONDS, problems),
        health_seconds=min(_seconds(table, "health_seconds", DEFAULT_HEALTH_SECONDS, problems), MAX_HEALTH_SECONDS),
        migrations=_texts(table, "migrations", problems),
        has_environment=_flag(table, "environment", problems),
        problems=tuple(problems),
    )


def _line(table: Mapping[str, object], key: str, problems: list[str]) -> str:
    value = table.get(key, "")
    if isinstance(value, str) and "\0" not in value and len(value) <= 10_000:
        return value.strip()
    problems.append(f"{_PLACE} {key} must be a text.")
    return ""


def _texts(table: Mapping[str, object], key: str, problems: list[str]) -> tuple[str, ...]:
    value = table.get(key, [])
    if isinstance(value, list) and all(isinstance(one, str) for one in value):
        return tuple(dict.fromkeys(value))
    problems.append(f"{_PLACE} {key} must be a list of texts.")
    return ()


def _seconds(table: Mapping[str, object], key: str, default: float, problems: list[str]) -> float:
    value = table.get(key, default)
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value < 1e6:
        problems.append(f"{_PLACE} {key} must be a positive number.")
        return default
    return float(value)


def _flag(table: Mapping[str, object], key: str, problems: list[str]) -> bool:
    value = table.get(key, False)
    if not isinstance(value, bool):
        problems.append(f"{_PLACE} {key} must be true or false.")
    return value is True


def _variables(value: object, secrets: tuple[str, ...], problems: list[str]) -> dict[str, str]:
    if not isinstance(value, dict):
        problems.append(f"{_PLACE} env must be a table of texts.")
        return {}
    found = {}
    for name, text in value.items():
        if not isinstance(text, str) or "\0" in text or not _is_free(name) or name in secrets:
            problems.append(f"{_PLACE} env: {name[:100]!r} must be a free variable's name with a text.")
        else:
            found[name] = text
    return found


def _is_free(name: str) -> bool:
    """Whether a repository may set it."""
    return bool(_VARIABLE.fullmatch(name)) and not _OURS.fullmatch(name)
