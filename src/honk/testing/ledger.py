"""A ledger in memory, for tests of whoever spends money."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace

from honk.domain.money import ANSWERED, BROKEN_OFF, TURN, ModelCall, Spending


class FakeLedger:
    """Keeps the same rules as the store's ledger (`ledger_rules`), and lets tests read what was written."""

    def __init__(self) -> None:
        self._calls: dict[str, ModelCall] = {}

    @property
    def calls(self) -> Sequence[ModelCall]:
        """Every call, in the order of reservation, as it was last written."""
        return tuple(self._calls.values())

    async def reserve(self, call: ModelCall, budget_usd: float) -> bool:
        """Write the reservation down if the run's sum stays within the budget."""
        await asyncio.sleep(0)  # a real ledger gives way here; whoever is careless about it must be caught
        if round(self._committed(call.run_id) + call.reserved_usd, 9) > budget_usd:
            return False
        self._calls[call.call_id] = replace(call, cost_usd=None)
        return True

    async def settle(self, call: ModelCall) -> None:
        """Replace the reservation by what the call cost."""
        await asyncio.sleep(0)
        if call.call_id not in self._calls:
            raise LookupError(f"The model call {call.call_id} was never reserved.")
        self._calls[call.call_id] = call

    async def spending(self, run_id: str) -> Spending:
        """What the run has used."""
        await asyncio.sleep(0)
        calls = [call for call in self._calls.values() if call.run_id == run_id]
        known = round(sum(call.cost_usd or 0.0 for call in calls), 9)
        return Spending(
            cost_usd=known,
            held_usd=round(self._committed(run_id) - known, 9),
            calls=len(calls),
            turns=sum(
                call.purpose == TURN and (call.status in (ANSWERED, BROKEN_OFF) or call.cost_usd is None)
                for call in calls
            ),
            input_tokens=sum(call.input_tokens for call in calls),
            output_tokens=sum(call.output_tokens for call in calls),
        )

    async def calls_of(self, run_id: str) -> Sequence[ModelCall]:
        """The run's calls, in the order of reservation."""
        await asyncio.sleep(0)
        return [call for call in self._calls.values() if call.run_id == run_id]

    def _committed(self, run_id: str) -> float:
        return round(sum(_counted(call) for call in self._calls.values() if call.run_id == run_id), 9)


def _counted(call: ModelCall) -> float:
    """Of one call, what counts against the budget."""
    if call.cost_usd is None:
        return call.reserved_usd
    return max(call.cost_usd, call.reserved_usd) if call.status == BROKEN_OFF else call.cost_usd
