"""Reads `.honk.toml` of the base commit: what a repository may ask of its gate. It only makes it stricter. Pure."""

import shlex
from dataclasses import dataclass

from honk.base import toml

PATH = ".honk.toml"
RULES = frozenset(
    {
        "agent settings", "binary file", "build scripts", "case clash", "check configuration", "continuous integration",
        "coverage drop", "coverage threshold", "deleted test", "edited test", "emptied test", "far from the brief",
        "giant change", "golden file", "hooks", "Honk's own configuration", "licence", "likely secret", "link",
        "lock file alone", "lock file source", "looser assertion", "looser tolerance", "lowered version",
        "minified code", "moved test", "out of bounds", "ownership", "reaches for the runner", "removed CI step",
        "removed test", "replaced test", "secret",
        "shadowed runner", "silenced check", "skipped test", "trojan source", "unread file",
        "waved through", "weakened test", "words to the judge",
    }
)  # fmt: skip
"""All that a finding may be named: a repository that sharpens a rule that is none is told so."""
TABLES = ("verify", "rules", "identity", "environment", "merge", "deploy", "preview", "pull_requests")
"""Those that are not the gate's are read by the rooms that they speak to."""
MAX_TIMEOUT_SECONDS = 3600.0
DEFAULT_TIMEOUT_SECONDS = 900.0


class HonkTomlError(ValueError):
    """The file cannot be read; the message says which key. Fails closed: the run is unverified."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnCommand:
    """A verifier that the repository brings along."""

    name: str
    argv: tuple[str, ...]
    is_required: bool = True
    timeout_seconds: float = DEFAULT_TIMEOUT_SECONDS


@dataclass(frozen=True, slots=True, kw_only=True)
class HonkToml:
    """The parts that the gate reads."""

    commands: tuple[OwnCommand, ...] = ()
    protected: tuple[str, ...] = ()
    """Globs of paths whose change waits for a person."""
    forbidden: tuple[str, ...] = ()
    """Globs of paths that a change may never touch."""
    needs_human: tuple[str, ...] = ()
    """Rules whose notes shall wait for a person here."""
    veto: tuple[str, ...] = ()
    """Rules whose findings shall be vetoes here."""
    signed_off: bool = False
    signed: bool = False
    """Whether commits must carry a sign-off, a signature."""


def parse(content: bytes | None) -> HonkToml:
    """The file's checks and rules; an absent file asks for nothing.

    Raises:
        HonkTomlError: not TOML, a key of the wrong type, or one that there is not.
    """
    if content is None:
        return HonkToml()
    try:
        tables = toml.loads(content.decode())
    except ValueError as error:
        raise HonkTomlError(f"{PATH} is not sound TOML: {error}") from error
    _refuse_unknown(f"{PATH} has", tables, TABLES, "table")
    verify, rules, identity = (_table(tables, name) for name in ("verify", "rules", "identity"))
    _refuse_unknown(f"{PATH}: [verify] has", verify, ("commands",))
    _refuse_unknown(f"{PATH}: [rules] has", rules, ("protected", "forbidden", "needs_human", "veto"))
    _refuse_unknown(f"{PATH}: [identity] has", identity, ("signed_off", "signed"))
    entries = verify.get("commands", [])
    if not isinstance(entries, list):
        raise HonkTomlError(f"{PATH}: verify.commands must be a list")
    return HonkToml(
        commands=tuple(_command(entry) for entry in entries),
        protected=_globs(rules, "protected"),
        forbidden=_globs(rules, "forbidden"),
        needs_human=_rules(rules, "needs_human"),
        veto=_rules(rules, "veto"),
        signed_off=_flag(identity, "signed_off"),
        signed=_flag(identity, "signed"),
    )


def _refuse_unknown(place: str, found: dict[str, object], known: tuple[str, ...], what: str = "key") -> None:
    """A misspelt wish to be stricter must not be passed over."""
    if unknown := sorted(found.keys() - set(known)):
        raise HonkTomlError(f"{place} no {what} {unknown[0][:100]!r}; it has {', '.join(known)}.")


def _table(tables: dict[str, object], name: str) -> dict[str, object]:
    table = tables.get(name, {})
    if not isinstance(table, dict):
        raise HonkTomlError(f"{PATH}: [{name}] must be a table")
    return table


def _command(entry: object) -> OwnCommand:
    """`"make lint"`, or a table with run, name, required, timeout_seconds."""
    table = {"run": entry} if isinstance(entry, str) else entry
    if not isinstance(table, dict):
        raise HonkTomlError(f"{PATH}: each of verify.commands is a command line or a table")
    _refuse_unknown(f"{PATH}: an entry of verify.commands has", table, ("run", "name", "required", "timeout_seconds"))
    run = table.get("run")
    try:
        argv = tuple(shlex.split(run)) if isinstance(run, str) else tuple(run or ())
    except (TypeError, ValueError) as error:
        raise HonkTomlError(f"{PATH}: verify.commands: {error}") from error
    if not argv or not all(isinstance(word, str) for word in argv):
        raise HonkTomlError(f"{PATH}: verify.commands: run must be a command line")
    timeout = table.get("timeout_seconds", DEFAULT_TIMEOUT_SECONDS)
    if isinstance(timeout, bool) or not isinstance(timeout, int | float) or timeout <= 0:
        raise HonkTomlError(f"{PATH}: verify.commands: timeout_seconds must be a positive number")
    return OwnCommand(
        name=str(table.get("name", shlex.join(argv))),
        argv=argv,
        is_required=table.get("required", True) is not False,
        timeout_seconds=min(float(timeout), MAX_TIMEOUT_SECONDS),
    )


def _flag(table: dict[str, object], key: str) -> bool:
    """A demand; what the installation asks for anyway cannot be taken back."""
    if not isinstance(flag := table.get(key, False), bool):
        raise HonkTomlError(f"{PATH}: identity.{key} must be true or false")
    return flag


def _rules(table: dict[str, object], key: str) -> tuple[str, ...]:
    names = _globs(table, key)
    if unknown := sorted(set(names) - RULES):
        raise HonkTomlError(f"{PATH}: rules.{key} names no rule of Honk's: {', '.join(unknown)}")
    return names


def _globs(table: dict[str, object], key: str) -> tuple[str, ...]:
    globs = table.get(key, [])
    if not isinstance(globs, list) or not all(isinstance(glob, str) for glob in globs):
        raise HonkTomlError(f"{PATH}: rules.{key} must be a list of texts")
    return tuple(globs)
