"""A running copy of a change, or a build of it, for people to look at before it ships."""

import socket
from asyncio import Future
from typing import Protocol

from honk.base.errors import HonkError


class Copy(Protocol):
    """A server of a change, ready, in a sandbox that reaches nobody."""

    @property
    def port(self) -> int:
        """Where it listens inside."""
        ...

    @property
    def log(self) -> str:
        """The end of what it wrote."""
        ...

    @property
    def fate(self) -> "Future[str]":
        """Done as soon as it ended by itself, with how, in words."""
        ...

    async def connect(self) -> socket.socket | None:
        """A connection to it; None where it takes none.

        Raises:
            SandboxLost: its sandbox is gone.
        """
        ...

    async def stop(self) -> None:
        """End it. Idempotent."""
        ...


class PreviewError(HonkError):
    """There is nothing to look at; says why, for people."""


class NotReady(PreviewError):
    """What the repository's command does is no preview; `log` is the end of what it wrote."""

    def __init__(self, words: str, *, log: str = "") -> None:
        super().__init__(words)
        self.log = log
