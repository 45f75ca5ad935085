"""What every ledger must hold to: `for rule in LEDGER_RULES: await rule(make_ledger())`."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from honk.base.ids import new_id
from honk.domain.money import ModelCall
from honk.gateway import Ledger


def a_call(reserved_usd: float, run_id: str = "run1") -> ModelCall:
    """A call about to be made."""
    return ModelCall(
        call_id=new_id(16),
        run_id=run_id,
        purpose="agent",
        model="claude-opus-5-5",
        reserved_usd=reserved_usd,
        cost_usd=None,
    )


async def an_unknown_run_has_spent_nothing(ledger: Ledger) -> None:
    spending = await ledger.spending("nobody")
    assert (spending.cost_usd, spending.calls, spending.input_tokens, spending.output_tokens) == (0, 0, 0, 0)


async def a_reservation_counts_until_the_cost_replaces_it(ledger: Ledger) -> None:
    call = a_call(0.75)
    assert await ledger.reserve(call, 1.0)
    assert (await ledger.spending("run1")).held_usd == 0.75
    await ledger.settle(replace(call, cost_usd=0.25, input_tokens=7, output_tokens=3, status=200, seconds=1.5))
    spending = await ledger.spending("run1")
    assert (spending.cost_usd, spending.calls, spending.input_tokens, spending.output_tokens) == (0.25, 1, 7, 3)
    assert spending.held_usd == 0


async def a_refused_reservation_leaves_no_trace(ledger: Ledger) -> None:
    assert not await ledger.reserve(a_call(1.01), 1.0)
    assert (await ledger.spending("run1")).calls == 0


async def a_broken_call_keeps_its_reservation(ledger: Ledger) -> None:
    call = a_call(0.75)
    assert await ledger.reserve(call, 1.0)
    await ledger.settle(replace(call, cost_usd=None, status=200))
    spending = await ledger.spending("run1")
    assert (spending.cost_usd, spending.held_usd) == (0, 0.75)
    assert not await ledger.reserve(a_call(0.5), 1.0)


async def what_is_known_of_a_broken_call_is_its_cost_and_the_rest_is_held(ledger: Ledger) -> None:
    call = a_call(0.75)
    assert await ledger.reserve(call, 1.0)
    for known in (0.125, 0.25):
        await ledger.settle(replace(call, cost_usd=known, status=206))
        spending = await ledger.spending("run1")
        assert (spending.cost_usd, spending.held_usd, spending.turns) == (known, 0.75 - known, 1)
    assert not await ledger.reserve(a_call(0.5), 1.0)
    await ledger.settle(replace(call, cost_usd=0.25, status=200))
    assert (await ledger.spending("run1")).held_usd == 0
    assert await ledger.reserve(a_call(0.5), 1.0)


async def the_whole_budget_may_be_used_to_the_last_cent(ledger: Ledger) -> None:
    for reserved_usd in (0.1, 0.2):
        assert await ledger.reserve(a_call(reserved_usd), 0.3)
    assert not await ledger.reserve(a_call(0.000001), 0.3)


async def reservations_side_by_side_never_overshoot(ledger: Ledger) -> None:
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(ledger.reserve(a_call(0.25), 1.0)) for _ in range(20)]
    assert sum(task.result() for task in tasks) == 4
    assert (await ledger.spending("run1")).committed_usd == 1.0


async def runs_do_not_share_a_budget(ledger: Ledger) -> None:
    assert await ledger.reserve(a_call(1.0, "run1"), 1.0)
    assert await ledger.reserve(a_call(1.0, "run2"), 1.0)
    assert (await ledger.spending("run2")).calls == 1


async def turns_are_the_agent_s_answered_calls_and_those_that_may_have_been(ledger: Ledger) -> None:
    answered, refused, broken, judge = a_call(0.1), a_call(0.1), a_call(0.1), replace(a_call(0.1), purpose="judge")
    for call in (answered, refused, broken, judge):
        assert await ledger.reserve(call, 1.0)
    assert (await ledger.spending("run1")).turns == 3
    await ledger.settle(replace(answered, cost_usd=0.05, status=200))
    await ledger.settle(replace(refused, cost_usd=0.0, status=529))
    await ledger.settle(replace(broken, cost_usd=None, status=200))
    await ledger.settle(replace(judge, cost_usd=0.05, status=200))
    assert (await ledger.spending("run1")).turns == 2


async def the_calls_of_a_run_are_told_in_order_as_they_were_last_written(ledger: Ledger) -> None:
    noon = datetime(2026, 3, 4, 12, tzinfo=UTC)
    made = [replace(a_call(0.1), asked_at=noon + timedelta(seconds=second)) for second in range(3)]
    for call in (*made, a_call(0.1, "run2")):
        assert await ledger.reserve(call, 1.0)
    answered = replace(made[1], cost_usd=0.05, input_tokens=7, output_tokens=3, status=200, seconds=1.5)
    await ledger.settle(answered)
    assert list(await ledger.calls_of("run1")) == [made[0], answered, made[2]]
    assert list(await ledger.calls_of("nobody")) == []


LedgerRule = Callable[[Ledger], Awaitable[None]]
LEDGER_RULES: tuple[LedgerRule, ...] = (
    an_unknown_run_has_spent_nothing,
    a_reservation_counts_until_the_cost_replaces_it,
    a_refused_reservation_leaves_no_trace,
    a_broken_call_keeps_its_reservation,
    what_is_known_of_a_broken_call_is_its_cost_and_the_rest_is_held,
    the_whole_budget_may_be_used_to_the_last_cent,
    reservations_side_by_side_never_overshoot,
    runs_do_not_share_a_budget,
    turns_are_the_agent_s_answered_calls_and_those_that_may_have_been,
    the_calls_of_a_run_are_told_in_order_as_they_were_last_written,
)
