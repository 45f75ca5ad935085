"""The ports of what people say to tasks, and of runs that wait for them."""

from collections.abc import AsyncGenerator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from honk.domain.conversation import Parked
from honk.domain.task import Outcome
from honk.store import Enlist, Message, Run


@dataclass(frozen=True, slots=True)
class Fact:
    """An event that is written together with what it tells of."""

    kind: str
    body: Mapping[str, object]
    key: str
    """Told once, however often it is written."""


class Messages(Protocol):
    """What people said to tasks."""

    async def append(self, message: Message, fact: Fact | None = None) -> bool:
        """The message and what is told of it, in one transaction. False, and nothing, for a `message_id` that came
        before."""
        ...

    async def get(self, message_id: str) -> Message | None: ...

    async def of(self, task_id: str) -> Sequence[Message]:
        """In the order they were said."""
        ...

    async def waiting(self, task_id: str) -> Sequence[Message]:
        """Those that the agent was not handed yet, in the order they were said."""
        ...

    def follow(self, task_id: str) -> AsyncGenerator[Sequence[Message]]:
        """Those that wait, and again whenever one more is said in this process; ends only by cancellation or
        `aclose`."""
        ...

    async def use(self, message_ids: Sequence[str], at: datetime) -> None:
        """The agent was handed them; the first time holds."""
        ...

    async def left_over(self) -> Sequence[Message]:
        """Those that came too late for a task that has ended and was not stopped, the first first."""
        ...


class Parking(Protocol):
    """What runs wait for. By compare and set: of two who let one go, one does.

    Each act is one transaction, with the event that tells of it."""

    async def park(self, parked: Parked, fact: Fact) -> bool:
        """The row, and the task waits. False, and nothing, where the run's newest leg is another, or it waits already,
        or the task has ended."""
        ...

    async def go_on(
        self, parked: Parked, run: Run, facts: Sequence[Fact], enlist: Enlist, message: Message | None = None
    ) -> bool:
        """The row is gone, the run is saved with its next leg, the task is queued, the message is kept, and the leg is
        enlisted. False, and nothing, where the run does not wait so any more, or other words have the message's id."""
        ...

    async def end(self, parked: Parked, run: Run, outcome: Outcome, fact: Fact) -> bool:
        """The row is gone and the task has its outcome. False, and nothing, where the run does not wait so any more."""
        ...

    async def of(self, task_id: str) -> Parked | None: ...

    async def due(self, at: datetime) -> Sequence[Parked]:
        """Those whose time is over."""
        ...
