"""Durable execution: short workflows whose recorded steps are not done again after a crash."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol, TypeVar

from honk.base.errors import HonkError

T = TypeVar("T")


class Steps(Protocol):
    """Handed to a workflow: does an act once, records its result, and gives the record back after a crash.

    Steps are at-least-once: an act may run again if the crash came before the record. So it carries its own
    idempotency key.
    """

    async def __call__(self, name: str, returns: type[object] | None, act: Callable[[], Awaitable[T]]) -> T:
        """The act's result. `returns` is its type, which must survive JSON (frozen dataclasses of plain values do);
        beside it the act may always answer None, and with `returns=None` it answers nothing else.

        Raises:
            StepFailed: the act raised. Recorded too, so that a replay meets the same error in the same words.
                But not OutOfSpace: that halts the workflow where it is, and nothing of it is recorded.
            CancelledError: the workflow was cancelled, or the engine stops; what was recorded stays.
        """
        ...


Workflow = Callable[[Steps, str], Awaitable[None]]
"""Takes the steps and one id; everything else it reads from the store."""


class WorkflowStatus(StrEnum):
    """What the engine knows of a workflow."""

    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"


ENDED = frozenset({WorkflowStatus.DONE, WorkflowStatus.FAILED, WorkflowStatus.CANCELLED})
"""Nothing follows on these."""


class Engine(Protocol):
    """Runs workflows. One per process."""

    def register(self, name: str, workflow: Workflow) -> None:
        """Before `start`."""
        ...

    async def start(self) -> None:
        """Launch. What dead executors left waits for `resume` or `take_over`."""
        ...

    async def take_over(self) -> tuple[str, ...]:
        """Go on with everything that dead executors left, and tell the ids. The caller owns the state folder, so
        every other executor is dead."""
        ...

    async def resume(self, workflow_id: str) -> None:
        """Go on with one interrupted workflow behind its last recorded step. A running or ended one is left alone."""
        ...

    async def stop(self) -> None:
        """Finish nothing, lose nothing: what runs is taken over by the next start."""
        ...

    def enlist(self, name: str, workflow_id: str, argument: str) -> Callable[[object], None]:
        """A callable that enqueues the workflow inside the caller's open transaction. A known id is not run twice."""
        ...

    async def wait(self, workflow_id: str) -> WorkflowStatus:
        """The final status, once it is final.

        Raises:
            EngineError: the workflow itself broke: its error is the cause.
            OutOfSpace: it halted for want of room; `resume` lets it go on.
        """
        ...

    async def status(self, workflow_id: str) -> WorkflowStatus | None: ...

    async def cancel(self, workflow_id: str) -> None:
        """No further step begins; a running one is cancelled, and has ended when this returns.

        Raises:
            EngineError: it is cancelled, but what runs does not end.
        """
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class EndedWorkflow:
    """A workflow that will never run again, still on record."""

    workflow_id: str
    ended_at: datetime


class Records(Protocol):
    """What the engine has on record of workflows that ended. Needs no started engine."""

    async def ended(self) -> Sequence[EndedWorkflow]: ...

    async def forget(self, workflow_ids: Sequence[str], *, even_unfinished: bool = False) -> None:
        """Delete them with all their steps. One that has not ended is left alone, unless it is meant as well."""
        ...


class EngineError(HonkError):
    """A workflow broke, or the engine did."""


class StepFailed(EngineError):
    """An act raised. In the act's own words; its error itself is the cause, but only in the process that ran it."""

    def __init__(self, words: str, kind: str) -> None:
        super().__init__(words)
        self.kind = kind
        """The name of the error's class: all of its type that a record can keep."""
