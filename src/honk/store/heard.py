"""Somebody who listens to the log and the ledger, and counts. What is heard is never waited for."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from honk.domain.money import ModelCall, Spending


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
