"""The way to production: a command of the repository's own, run once where it has what it was granted, and no more."""

from collections.abc import Callable, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from honk.base.errors import HonkError
from honk.domain.deployment import Ended
from honk.sandbox import Ceilings, Mount, Sandbox


@dataclass(frozen=True, slots=True, kw_only=True)
class Grant:
    """What an installation's owner lets one repository's deployments have."""

    secrets: Mapping[str, str] = field(default_factory=dict)
    """By the variable's name, where each is: `env:VARIABLE`, `file:PATH` or `command:LINE`; never the secret itself."""
    folders: tuple[Path, ...] = ()
    """Of this machine; shown where they are, to be written."""
    hosts: tuple[str, ...] = ()
    """`host:port`; a name of these must lead to the open network."""
    private_hosts: tuple[str, ...] = ()
    """The same, where a name may lead into a private network."""
    health: tuple[str, ...] = ()
    """Origins that may be asked for health."""
    timeout_seconds: float = 1800.0
    """At most."""
    url: str = ""
    """The origin where listeners of the repository find it in production: its commands are told, and its health may be
    asked there."""
    location: str = ""
    """Of the repository, where its name alone is not enough."""
    branches: tuple[str, ...] = ("main", "master")
    """Of which production is made. Whoever asks for a task chooses its base, so a branch may hold anybody's scripts."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Errand:
    """One command, and all that it gets."""

    name: str
    """Of the sandbox."""
    command: str
    """A line for the shell."""
    timeout_seconds: float
    env: Mapping[str, str] = field(default_factory=dict)
    secrets: Mapping[str, str] = field(default_factory=dict, repr=False)
    """Variables too; their values are struck out of the log."""
    folders: tuple[Path, ...] = ()
    hosts: tuple[str, ...] = ()
    private_hosts: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Furnishing:
    """What the sandbox of an errand is opened with, beside the checkout."""

    name: str
    mounts: tuple[Mount, ...] = ()
    ports: tuple[int, ...] = ()
    ceilings: Ceilings = field(default_factory=Ceilings)


OpenRoom = Callable[[Furnishing], AbstractAsyncContextManager[Sandbox]]
"""A fresh sandbox with a clean checkout of the one commit, and nothing of any agent; gone afterwards."""


class Deployer(Protocol):
    """Runs the command. It neither decides whether, nor how often."""

    async def run(self, errand: Errand, room: OpenRoom) -> Ended:
        """See it to its end: a failure or a time-out is in the answer, its output in a blob. Cancelled, the command and
        everything that it started is gone when this returns.

        Raises:
            DeployError: it could not be begun.
            SandboxError: the sandbox could not be had, or died.
        """
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """Of something in production, asked for its health."""

    is_good: bool
    words: str


class Prober(Protocol):
    """Asks what was deployed whether it is well."""

    async def ask(self, url: str) -> Answer:
        """One request, with nothing of ours in it. Never raises for what the far side does."""
        ...


class DeployError(HonkError):
    """The command was not begun; says why, and what to do."""
