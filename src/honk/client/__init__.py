"""A server's desk as a program sees it that is not the server: the same words, over HTTP."""

from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from honk.base.errors import HonkError, PlatformError, UsageError
from honk.domain.audit import Head, Row, Wrong
from honk.domain.task import Repository, Task
from honk.store import TaskEvent
from honk.workflows.handing import Taken
from honk.workflows.result import RunResult
from honk.workflows.talk import Said


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """Where a server is, and what lets us in."""

    url: str
    token: str = field(repr=False)
    certificate: Path | None = None
    """Its own, where it is on this machine: then nobody else need vouch for it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """A request for a server's repository."""

    repository: str
    """Its id or name there."""
    prompt: str
    base: str | None = None
    max_usd: float | None = None
    max_minutes: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LogState:
    """Whether a log of outward acts is as it was written."""

    head: Head
    wrong: Wrong | None
    notes: tuple[str, ...]
    unended: tuple[int, ...]
    """Acts without an end: under way, or a crash stood between."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shipped:
    """Where a merge stands at a server."""

    state: str
    """"armed", "delivering", "merged" or "ended"."""
    words: str
    merged_sha: str | None
    has_moved: bool
    advice: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """A preview at a server."""

    task_id: str
    state: str
    words: str
    link: str
    """Whoever opens it signs in there, and is led on."""
    log: str
    troubles: tuple[str, ...]
    unlooked: str
    idle_seconds: float = 0.0
    cpu_seconds: float | None = None


class TaskDesk(Protocol):
    """What a person may do with tasks that are there."""

    async def tasks(self) -> Sequence[Task]:
        """The newest first."""
        ...

    async def task(self, task_id: str) -> Task:
        """By its id, or its beginning.

        Raises:
            UsageError: there is none, or there are several.
        """
        ...

    def follow(self, task_id: str, after: int = 0) -> AsyncGenerator[TaskEvent, None]:
        """Its events as they come, to its outcome."""
        ...

    async def result(self, task_id: str) -> RunResult:
        """Raises:
        UsageError: it has not ended.
        """
        ...

    async def diff(self, task_id: str) -> bytes:
        """Of its newest change; empty where there is none."""
        ...

    async def say(self, task_id: str, text: str) -> Said:
        """Words for the agent; after the end they begin a linked task."""
        ...

    async def stop(self, task_id: str) -> None:
        """End it as cancelled, its work kept."""
        ...

    async def retry(self, task_id: str) -> Task:
        """The linked task that does it again."""
        ...

    async def take(self, task_id: str) -> Taken:
        """Stop it, if it has not ended, and tell what its work is."""
        ...

    async def pack(self, task_id: str) -> bytes:
        """Its work, for git."""
        ...

    async def give(self, task_id: str, words: str, sha: str, pack: bytes) -> Task:
        """The linked task that verifies a person's own commits, and publishes them."""
        ...


class FarDesk(TaskDesk, Protocol):
    """A server's desk."""

    async def repositories(self) -> Sequence[Repository]:
        """Those that may be asked for there, by name."""
        ...

    async def request(self, wish: Wish, key: str) -> Task:
        """Ask for a change. The same key again is the same request.

        Raises:
            UsageError: no repository of the server is called so, or it refuses.
        """
        ...

    async def waits_for(self, task_id: str) -> str | None:
        """What a task waits for, in words: an answer, a limit, its turn. None where it does not wait."""
        ...


class AuditLog(Protocol):
    """A log of outward acts, here or at a server."""

    async def rows(self, after: int = 0, limit: int = 500) -> Sequence[Row]:
        """Those behind the number, in order, as they stand there."""
        ...

    async def head(self) -> Head:
        """The newest entry."""
        ...

    async def state(self) -> LogState:
        """What whoever keeps it finds, against what is kept outside of it."""
        ...


class ServerRefused(UsageError):
    """The server said why not; its words are ours."""


class ServerGone(PlatformError):
    """The server cannot be reached, or broke off. What it had accepted goes on there."""


class ServerBroke(HonkError):
    """The server answered with a fault of its own."""
