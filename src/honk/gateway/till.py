"""Asks the ledger for money before a call and tells it afterwards what the call cost."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace

from honk.base.clock import now
from honk.base.ids import new_id
from honk.domain.money import BROKEN_OFF
from honk.gateway import Grant, Ledger, ModelCall
from honk.gateway.admission import Question, Refusal
from honk.gateway.pricing import Usage, Worst, cost_of, worst_of

_ROOMY_TOKENS = 4_096
"""With less than this to write, it is worth asking how long the prompt really is."""
_LEAST_TOKENS = 256
"""With less than this to write, a call is refused: it would be paid for and say nothing."""
_RACES = 50

CountTokens = Callable[[], Awaitable[int | None]]
"""Asks the far side, at no cost, how many tokens a question has; None where it does not say."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reserved:
    """A call that is paid for, whatever it does."""

    call: ModelCall
    max_tokens: int


class Till:
    """Keeps every run within its budget: nothing is sent before its worst case is written down.

    The prompt is bounded by its bytes, a token being one byte at least. Near the end of a budget that loose bound would
    refuse honest calls, so there the far side's own count is asked for, and a tenth more is reserved than it says. What
    a call may write is clamped to what is left. A call that finds the money held by others under way waits for them.
    """

    def __init__(self, ledger: Ledger, *, max_output_tokens: int) -> None:
        self._ledger = ledger
        self._max_output_tokens = max_output_tokens
        self._open: Counter[str] = Counter()
        self._settled = asyncio.Condition()
        self._settlements = 0

    async def reserve(self, grant: Grant, question: Question, count: CountTokens) -> Reserved | Refusal:
        """Money for the question, with the tokens that it may write; or the refusal that the agent shows."""
        wanted = min(question.max_tokens, self._max_output_tokens)
        bound, is_counted = question.input_bound, False
        for _ in range(_RACES):
            settlements = self._settlements
            spent_usd = (await self._ledger.spending(grant.run_id)).committed_usd
            worst = self._worst(question, bound)
            tokens = min(wanted, worst.affordable_tokens(grant.budget_usd - spent_usd))
            if tokens < min(wanted, _ROOMY_TOKENS) and not is_counted:
                is_counted = True
                if (counted := await count()) is not None:
                    bound = min(bound, counted + counted // 10 + 1_000)
                    continue
            if tokens < min(wanted, _LEAST_TOKENS):
                if await self._others_settled(grant.run_id, settlements):
                    continue
                return _out_of_money(grant, spent_usd, worst.total_usd(min(wanted, _LEAST_TOKENS)))
            if (reserved := await self._write_down(grant, question, tokens, worst.total_usd(tokens))) is not None:
                return reserved
        return _out_of_money(grant, spent_usd, worst.total_usd(min(wanted, _LEAST_TOKENS)))

    async def note(self, reserved: Reserved, question: Question, usage: Usage) -> None:
        """Write down what is known while the answer comes: what a death of ours leaves is told, and not the worst."""
        await self._ledger.settle(_billed(reserved, question, usage, status=BROKEN_OFF, seconds=0.0))

    async def settle(
        self, reserved: Reserved, question: Question, usage: Usage | None, *, status: int, seconds: float
    ) -> None:
        """Write down what the call cost. The reservation stays where that is unknown (None) or not all
        (`BROKEN_OFF`)."""
        try:
            await self._ledger.settle(_billed(reserved, question, usage, status=status, seconds=seconds))
        finally:
            self._open[reserved.call.run_id] -= 1
            self._settlements += 1
            async with self._settled:
                self._settled.notify_all()

    def _worst(self, question: Question, bound: int) -> Worst:
        return worst_of(question.price, bound, cache_factor=question.cache_factor)

    async def _write_down(self, grant: Grant, question: Question, tokens: int, worst_usd: float) -> Reserved | None:
        call = ModelCall(
            call_id=new_id(16),
            run_id=grant.run_id,
            purpose=grant.purpose if question.is_turn else f"{grant.purpose}, aside",
            model=question.model,
            reserved_usd=worst_usd,
            cost_usd=None,
            asked_at=now(),
        )
        if not await self._ledger.reserve(call, grant.budget_usd):
            return None
        self._open[grant.run_id] += 1
        return Reserved(call=call, max_tokens=tokens)

    async def _others_settled(self, run_id: str, since: int) -> bool:
        """Whether another call of the run has ended since then; waits for it. False where none is under way."""
        async with self._settled:
            while self._settlements == since:
                if self._open[run_id] <= 0:
                    return False
                await self._settled.wait()
        return True


def _billed(reserved: Reserved, question: Question, usage: Usage | None, *, status: int, seconds: float) -> ModelCall:
    """The call as far as it is known. Where its prompt is counted, only what it may still write is held for it."""
    used, held_usd = usage or Usage(), reserved.call.reserved_usd
    if usage is not None:
        longest = replace(used, output_tokens=max(used.output_tokens, reserved.max_tokens), is_us_only=True)
        held_usd = min(held_usd, cost_of(question.price, longest))
    return replace(
        reserved.call,
        reserved_usd=held_usd if status == BROKEN_OFF else reserved.call.reserved_usd,
        cost_usd=None if usage is None else cost_of(question.price, used),
        input_tokens=used.input_tokens,
        output_tokens=used.output_tokens,
        cache_read_tokens=used.cache_read_tokens,
        cache_write_tokens=used.cache_write_tokens,
        status=status,
        seconds=seconds,
    )


def _out_of_money(grant: Grant, spent_usd: float, needed_usd: float) -> Refusal:
    return Refusal(
        status=402,
        kind="billing_error",
        message=f"The money limit of this run (${grant.budget_usd:.2f}) is reached: ${spent_usd:.2f} is spent or held "
        f"for broken calls, and the next call may cost ${max(needed_usd, 0.01):.2f}. Honk ends the work here; "
        "nothing is wrong with the account.",
    )


def out_of_turns(turns: int) -> Refusal:
    """The refusal once a grant's generations are used up."""
    return Refusal(
        status=402,
        kind="billing_error",
        message=f"The turns limit of this run ({turns}) is reached. Honk ends the work here; "
        "nothing is wrong with the account.",
    )
