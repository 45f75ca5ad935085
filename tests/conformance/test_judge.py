"""Every judge keeps the rules; the real one asks a scripted model through the real gateway."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager

import pytest

from honk.domain.evidence import Ruling
from honk.gateway import Upstream
from honk.gateway.anthropic import AnthropicGateway
from honk.judge import Judge
from honk.judge.claude import ClaudeJudge
from honk.judge.route import through
from honk.testing.judge import ScriptedJudge
from honk.testing.judge_rules import BRIEF, DIFF, JUDGE_RULES, OpenJudge
from honk.testing.ledger import FakeLedger
from honk.testing.replies import Script, fail, use
from honk.testing.scripted_model import ScriptedModel
from honk.testing.scripts import judge_in_turn

pytestmark = pytest.mark.anyio
KEY = "sk-ant-the-real-key-of-somebody"


@asynccontextmanager
async def asking(script: Script, ledger: FakeLedger | None = None) -> AsyncIterator[ClaudeJudge]:
    async with ScriptedModel({"judge": script}, key=KEY) as model:
        upstream = Upstream(base_url=model.url, headers={"x-api-key": KEY})
        gateway = AnthropicGateway(upstream, ledger or FakeLedger())
        try:
            yield ClaudeJudge(open_model=through(gateway), model="claude-haiku-4-5")
        finally:
            await gateway.close()


@asynccontextmanager
async def claude(rulings: Sequence[tuple[Ruling, str]]) -> AsyncIterator[Judge]:
    replies = [use("verdict", ruling=str(ruling), reasons=[reason]) for ruling, reason in rulings]
    async with asking(judge_in_turn(*replies)) as judge:
        yield judge


@asynccontextmanager
async def scripted(rulings: Sequence[tuple[Ruling, str]]) -> AsyncIterator[Judge]:
    yield ScriptedJudge(tuple(rulings))


@pytest.mark.parametrize("open_judge", [claude, scripted], ids=["claude", "scripted"])
@pytest.mark.parametrize("rule", JUDGE_RULES, ids=lambda rule: rule.__name__)
async def test_judge_keeps(rule: Callable[[OpenJudge], Awaitable[None]], open_judge: OpenJudge) -> None:
    await rule(open_judge)


async def test_what_the_judge_costs_is_the_run_s() -> None:
    ledger = FakeLedger()
    async with asking([use("verdict", ruling="pass", reasons=[])], ledger) as judge:
        await judge.judge(BRIEF, DIFF, run_id="run-7", budget_usd=5.0)
    [call] = ledger.calls
    assert (call.run_id, call.purpose) == ("run-7", "judge")
    assert call.cost_usd


async def test_a_run_without_money_left_needs_a_person() -> None:
    async with asking([use("verdict", ruling="pass", reasons=[])]) as judge:
        verdict = await judge.judge(BRIEF, DIFF, run_id="r", budget_usd=0.000001)
    assert verdict.ruling is Ruling.NEEDS_HUMAN
    assert "no money" in verdict.reasons[0]


async def test_a_cancelled_judge_stops_asking() -> None:
    async with asking([fail("stall", times=9)]) as judge:
        task = asyncio.create_task(judge.judge(BRIEF, DIFF, run_id="r", budget_usd=5.0))
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.2):
                await task
        assert task.cancelled()
