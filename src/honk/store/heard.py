"""The log and the ledger with somebody listening, who counts. What is heard is never waited for."""

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from honk.domain.money import ModelCall, Spending
from honk.store import Events, TaskEvent


class Ear(Protocol):
    """Hears everything of this process, in passing; it must neither wait nor raise."""

    def event(self, kind: str, body: Mapping[str, object]) -> None: ...

    def call(self, call: ModelCall) -> None:
        """A model call that was settled."""
        ...


class Billed(Protocol):
    """What a ledger can, as the gateway has it."""

    async def reserve(self, call: ModelCall, budget_usd: float) -> bool: ...

    async def settle(self, call: ModelCall) -> None: ...

    async def spending(self, run_id: str) -> Spending: ...

    async def calls_of(self, run_id: str) -> Sequence[ModelCall]: ...


@dataclass(frozen=True, slots=True)
class HeardEvents:
    """Port `Events`. A fact that is told again after a crash is heard again."""

    events: Events
    ear: Ear

    async def append(self, task_id: str, kind: str, body: Mapping[str, object], key: str | None = None) -> None:
        """See the port."""
        await self.events.append(task_id, kind, body, key)
        self.ear.event(kind, body)

    async def read(self, task_id: str, after: int = 0) -> Sequence[TaskEvent]:
        """See the port."""
        return await self.events.read(task_id, after)

    def follow(self, task_id: str, after: int = 0) -> AsyncIterator[TaskEvent]:
        """See the port."""
        return self.events.follow(task_id, after)

    def watch(self, kinds: frozenset[str]) -> AsyncIterator[frozenset[str]]:
        """See the port."""
        return self.events.watch(kinds)


@dataclass(frozen=True, slots=True)
class HeardLedger:
    """A ledger whose settled calls are heard of."""

    ledger: Billed
    ear: Ear

    async def reserve(self, call: ModelCall, budget_usd: float) -> bool:
        """See the gateway's port."""
        return await self.ledger.reserve(call, budget_usd)

    async def settle(self, call: ModelCall) -> None:
        """See the gateway's port."""
        await self.ledger.settle(call)
        if call.seconds:  # else the answer is still coming, and this only says how far it is
            self.ear.call(call)

    async def spending(self, run_id: str) -> Spending:
        """See the gateway's port."""
        return await self.ledger.spending(run_id)

    async def calls_of(self, run_id: str) -> Sequence[ModelCall]:
        """See the gateway's port."""
        return await self.ledger.calls_of(run_id)
