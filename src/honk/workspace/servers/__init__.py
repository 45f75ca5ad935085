"""Servers that tests talk to, started beside them in the sandbox's own network: one small module for each, found
through the table `ROWS`.

A module says where its programs may lie, how its first data is made, how it is started, and how one asks whether it
accepts a connection. All pure: `server_shelf` finds and prepares, `serving` starts.
"""

from collections.abc import Callable
from dataclasses import dataclass

from honk.workspace import Server

STORE = "/opt/honk/servers"
"""Where the first data of each server is shown in a sandbox, read-only."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One server that Honk can start."""

    name: str
    programs: tuple[str, ...]
    """All of them in one folder; the first tells the version (`--version`)."""
    folders: tuple[str, ...] = ()
    """Patterns of folders below / that are looked in before PATH, the newest first."""
    package: str
    """What a Debian machine installs."""
    prepare: Callable[[str], tuple[str, ...]] | None = None
    """Folder of the programs -> a command that fills `first_data`; None where the server begins with nothing."""
    make: Callable[[str, str], Server]
    """(folder of the programs, version) -> the server, without its data."""


def first_data(name: str) -> str:
    """Where a server's prepared data stands inside, read-only."""
    return f"{STORE}/{name}"


def live_data(name: str) -> str:
    """Where a server keeps what it is told: in the sandbox's memory, and gone with it."""
    return f"/tmp/.honk-{name}"  # noqa: S108 - inside a sandbox
