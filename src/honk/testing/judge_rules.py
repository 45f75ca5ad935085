"""What every judge keeps."""

from collections.abc import Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager

from honk.domain.evidence import Ruling, Verdict
from honk.domain.task import Brief
from honk.judge import Judge

OpenJudge = Callable[[Sequence[tuple[Ruling, str]]], AbstractAsyncContextManager[Judge]]
"""A judge that will give these rulings, each to one question."""
BRIEF = Brief(version=1, goal="Make the sort stable.")
DIFF = "--- a/sort.py\n+++ b/sort.py\n@@ -1 +1 @@\n-x\n+y\n"


async def _ask(judge: Judge) -> Verdict:
    return await judge.judge(BRIEF, DIFF, run_id="run", budget_usd=5.0)


async def each_ruling_comes_with_its_reason(open_judge: OpenJudge) -> None:
    rulings = [
        (Ruling.VETO, "sort.py: a test is gone."),
        (Ruling.NEEDS_HUMAN, "It is unclear."),
        (Ruling.PASS, "Fine."),
    ]
    async with open_judge(rulings) as judge:
        for ruling, reason in rulings:
            verdict = await _ask(judge)
            assert (verdict.ruling, verdict.reasons) == (ruling, (reason,))


async def a_verdict_says_who_judged_and_by_which_rules(open_judge: OpenJudge) -> None:
    async with open_judge([(Ruling.PASS, "Fine.")] * 2) as judge:
        first, second = await _ask(judge), await _ask(judge)
    assert first.judge == judge.name
    assert first.prompt_version
    assert first.prompt_version == second.prompt_version
    assert first.seconds >= 0


JUDGE_RULES: tuple[Callable[[OpenJudge], Awaitable[None]], ...] = (
    each_ruling_comes_with_its_reason,
    a_verdict_says_who_judged_and_by_which_rules,
)
