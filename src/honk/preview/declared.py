"""Reads `[preview]` of a `.honk.toml`: how a repository shows a change before it ships. Pure.

Read from the base commit alone. What is not understood is a problem, and then nothing is shown: it is told on the card.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import TypeVar

from honk.base import toml

Number = TypeVar("Number", int, float)
PATH = ".honk.toml"
_PLACE = f"{PATH} [preview]"
KEYS = ("command", "port", "path", "paths", "seconds", "seed", "services", "build", "artifact")
DEFAULT_PORT, DEFAULT_SECONDS = 8000, 60.0
MAX_SECONDS = 1800.0
"""Of the seed and of getting ready, each; a build has as long."""
MOST_PATHS = 5
KINDS: Mapping[str, str] = {
    ".apk": "application/vnd.android.package-archive",
    ".ipa": "application/octet-stream",
    ".zip": "application/zip",
}
"""What a built file may be, with how it is served; a name without one of these is a site's folder."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Declared:
    """The table, as far as it is sound."""

    command: str = ""
    """Starts a server; empty where something is built."""
    port: int = DEFAULT_PORT
    """Where it listens, on the loopback; it is told in $PORT."""
    path: str = "/"
    """What answers with a 2xx as soon as it is ready."""
    paths: tuple[str, ...] = ()
    """What pictures are taken of."""
    seconds: float = DEFAULT_SECONDS
    """Within which it is ready, or built."""
    seed: str = ""
    """Run before it."""
    services: tuple[str, ...] | None = None
    """Of those of [environment], the ones it needs; None means all."""
    build: str = ""
    artifact: str = ""
    """What the build leaves below the tree: a file to install, or a site's folder."""
    problems: tuple[str, ...] = ()

    @property
    def kind(self) -> str:
        """ "server", "site", or the suffix of the built file."""
        if self.command:
            return "server"
        suffix = PurePosixPath(self.artifact).suffix.lower()
        return suffix.removeprefix(".") if suffix in KINDS else "site"

    @property
    def pictured(self) -> tuple[str, ...]:
        """The paths that pictures are taken of: at least where it says that it is ready."""
        return self.paths or (self.path,)


def declared(honk_toml: str) -> Declared | None:
    """The table of the file; None where there is none. A file that is no TOML is the gate's to name."""
    try:
        table = toml.loads(honk_toml).get("preview")
    except ValueError:
        return None
    if table is None:
        return None
    if not isinstance(table, dict):
        return Declared(problems=(f"{PATH}: [preview] must be a table.",))
    problems = [f"{_PLACE} has no key {key[:100]!r}; it has {', '.join(KEYS)}." for key in table if key not in KEYS]
    lines = {key: _line(table, key, problems) for key in ("command", "seed", "build", "artifact")}
    problems += _contradictions(lines["command"], lines["build"], lines["artifact"])
    return Declared(
        command=lines["command"],
        seed=lines["seed"],
        build=lines["build"],
        artifact=str(PurePosixPath(lines["artifact"])) if lines["artifact"] else "",
        port=_number(table, "port", DEFAULT_PORT, 65535, problems),
        seconds=min(_number(table, "seconds", DEFAULT_SECONDS, 1e6, problems), MAX_SECONDS),
        path=_paths([table.get("path", "/")], "path", problems)[0],
        paths=_paths(table.get("paths", []), "paths", problems)[:MOST_PATHS],
        services=_named_services(table, problems),
        problems=tuple(problems),
    )


def _contradictions(command: str, build: str, artifact: str) -> list[str]:
    found = []
    if bool(command) == bool(build):
        found.append(f"{_PLACE} must have either a command or a build.")
    if bool(build) != bool(artifact):
        found.append(f"{_PLACE} build and artifact go together.")
    if artifact and not is_below_the_tree(artifact):
        found.append(f"{_PLACE} artifact must be a path below the tree, not {artifact[:100]!r}.")
    return found


def is_below_the_tree(path: str) -> bool:
    """Whether the path, taken literally, leads to something below the work tree, and not into git's own."""
    parts = PurePosixPath(path).parts
    return bool(parts) and not path.startswith("/") and ".." not in parts and parts[0] != ".git" and path.isprintable()


def _line(table: Mapping[str, object], key: str, problems: list[str]) -> str:
    value = table.get(key, "")
    if isinstance(value, str) and "\0" not in value and len(value) <= 10_000:
        return value.strip()
    problems.append(f"{_PLACE} {key} must be a text.")
    return ""


def _number(table: Mapping[str, object], key: str, default: Number, most: float, problems: list[str]) -> Number:
    value = table.get(key, default)
    if isinstance(value, (type(default), int)) and not isinstance(value, bool) and 0 < value <= most:
        return type(default)(value)
    problems.append(f"{_PLACE} {key} must be a positive number, at most {most:g}.")
    return default


def _paths(value: object, key: str, problems: list[str]) -> tuple[str, ...]:
    if isinstance(value, list) and all(isinstance(one, str) and _is_path(one) for one in value):
        return tuple(dict.fromkeys(value))
    problems.append(f"{_PLACE} {key} must begin with a slash, as in an address.")
    return ("/",)


def _is_path(path: str) -> bool:
    return (
        path.startswith("/") and not path.startswith("//") and path.isascii() and path.isprintable()
        and len(path) <= 500 and " " not in path and "#" not in path and "\\" not in path
    )  # fmt: skip


def _named_services(table: Mapping[str, object], problems: list[str]) -> tuple[str, ...] | None:
    if "services" not in table:
        return None
    value = table["services"]
    if isinstance(value, list) and all(isinstance(one, str) for one in value):
        return tuple(dict.fromkeys(value))
    problems.append(f"{_PLACE} services must be a list of names.")
    return None
