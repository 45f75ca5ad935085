"""No sequence of calls overspends a run, whatever they use within what they were given."""

import asyncio

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from honk.gateway import Grant
from honk.gateway.admission import Question, Refusal
from honk.gateway.pricing import PRICES, Usage
from honk.gateway.till import Till
from honk.testing.ledger import FakeLedger

pytestmark = pytest.mark.anyio


def grant(budget_usd: float) -> Grant:
    return Grant(run_id="run1", purpose="agent", token="t", budget_usd=budget_usd)


def question(*, bound: int = 10_000, max_tokens: int = 1000, model: str = "claude-opus-5-5") -> Question:
    return Question(
        model=model,
        price=PRICES[model],
        body={},
        max_tokens=max_tokens,
        input_bound=bound,
        cache_factor=1.25,
        is_turn=True,
    )


async def unknown() -> int | None:
    return None


shares = st.floats(0, 1)
calls = st.tuples(
    st.sampled_from(sorted(PRICES)), st.integers(1, 400_000), st.integers(1, 200_000), shares, shares, st.booleans()
)


@settings(max_examples=60, deadline=None)
@given(st.floats(0, 10), st.lists(calls, max_size=12), st.booleans())
def test_the_sum_never_exceeds_the_budget(
    budget_usd: float, made: list[tuple[str, int, int, float, float, bool]], side_by_side: bool
) -> None:
    async def call(till: Till, model: str, bound: int, tokens: int, read: float, wrote: float, breaks: bool) -> None:
        asked = question(bound=bound, max_tokens=tokens, model=model)
        reserved = await till.reserve(grant(budget_usd), asked, unknown)
        if isinstance(reserved, Refusal):
            return
        await asyncio.sleep(0)
        used = Usage(cache_write_5m_tokens=int(bound * read), output_tokens=int(reserved.max_tokens * wrote))
        await till.settle(reserved, asked, None if breaks else used, status=200, seconds=0)

    async def story() -> float:
        ledger = FakeLedger()
        till = Till(ledger, max_output_tokens=64_000)
        if side_by_side:
            async with asyncio.TaskGroup() as group:
                for one in made:
                    group.create_task(call(till, *one))
        else:
            for one in made:
                await call(till, *one)
        return (await ledger.spending("run1")).committed_usd

    assert asyncio.run(story()) <= budget_usd


async def test_near_the_end_of_a_budget_the_far_side_is_asked_how_long_the_prompt_is() -> None:
    till = Till(FakeLedger(), max_output_tokens=32_000)
    asked = question(bound=200_000, max_tokens=1000)
    assert isinstance(await till.reserve(grant(0.5), asked, unknown), Refusal)

    async def counted() -> int | None:
        return 50_000

    reserved = await till.reserve(grant(0.5), asked, counted)
    assert not isinstance(reserved, Refusal)
    assert reserved.call.reserved_usd == pytest.approx(1.1 * (56_000 * 1.25 * 4 + 1000 * 20) / 1e6)


async def test_a_count_above_the_bound_is_not_believed() -> None:
    async def counted() -> int | None:
        return 10**9

    assert not isinstance(
        await Till(FakeLedger(), max_output_tokens=9).reserve(grant(0.1), question(), counted), Refusal
    )


async def test_a_call_waits_for_the_money_of_one_under_way() -> None:
    till = Till(FakeLedger(), max_output_tokens=100_000)
    greedy = question(max_tokens=100_000)
    first = await till.reserve(grant(0.2), greedy, unknown)
    assert not isinstance(first, Refusal)
    async with asyncio.TaskGroup() as group:
        second = group.create_task(till.reserve(grant(0.2), greedy, unknown))
        await asyncio.sleep(0.01)
        assert not second.done()
        await till.settle(first, greedy, Usage(output_tokens=5), status=200, seconds=1)
    assert not isinstance(second.result(), Refusal)
