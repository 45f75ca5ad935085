"""A model's service that refuses, is overrun, falls silent or talks nonsense: the run ends and says which it was."""

import asyncio
from pathlib import Path

import pytest
from desk import OLD, RIGHT, Told, open_desk

from honk.domain.task import OutcomeName
from honk.testing import scripts
from honk.testing.replies import StreamFault, fail

pytestmark = [pytest.mark.anyio, pytest.mark.slow, pytest.mark.claude]

EDIT = scripts.edit("/workspace/calc.py", OLD, RIGHT)
FINAL: dict[int | StreamFault, str] = {
    401: "refused the key (401)",
    402: "asks for payment (402)",
    429: "failed (429), also when asked again",
    500: "failed (500), also when asked again",
    529: "failed (529), also when asked again",
    "hang": "idle limit",
    "stall": "idle limit",
}
SILENT = ("hang", "stall")
PASSING: tuple[StreamFault, ...] = ("malformed", "event", "drop", "empty")
WHOLE_USD = (100 * 2 + 20 * 10) / 1e6
"""What the scripted model counts for an answer, at the price of the model that is asked for."""
BEGUN_USD = (100 * 2 + 1 * 10) / 1e6
"""For one that breaks off: as far as it told."""


@pytest.mark.acceptance
async def test_whatever_the_service_does_the_run_ends_by_its_name_and_keeps_the_work(home: Path, calc: Path) -> None:
    script = {str(kind): [*EDIT, fail(kind, times=99 if kind in FINAL else 1)] for kind in (*FINAL, *PASSING)}
    async with open_desk(home, script) as desk:

        async def run(kind: int | StreamFault) -> Told:
            idle_seconds = 10 if kind in SILENT else 100
            prompt = f"[[script:{kind}]] Make add() add"
            return await desk.run(calc, prompt, idle_seconds=idle_seconds, wall_seconds=300)

        async with asyncio.TaskGroup() as group:
            ended = {kind: group.create_task(run(kind)) for kind in (*FINAL, *PASSING)}
        told = {kind: task.result().result for kind, task in ended.items()}
        for kind, words in FINAL.items():
            result = told[kind]
            assert (result.outcome, result.pull_request) == (OutcomeName.FAILED, None), kind
            assert words in result.reason, (kind, result.reason)
            assert "kept" in result.reason
            assert "127.0.0.1" not in result.reason, "an address of the sandbox tells nobody anything"
            assert result.diff_blob is not None
            assert RIGHT.encode() in await desk.app.diff(result.diff_blob), "the work so far is kept"
    for kind in PASSING:
        assert told[kind].outcome is OutcomeName.OPENED, (kind, told[kind].reason)
    for kind, result in told.items():
        asked = [one for one in desk.model.generations if f"[[script:{kind}]]" in str(one)]
        whole = len(asked) - 1 if kind in PASSING else 2
        begun = kind in ("malformed", "event", "drop", "hang")
        assert result.cost_usd == pytest.approx(whole * WHOLE_USD + begun * BEGUN_USD, rel=0.02), kind
        assert (result.held_usd > 0) == (begun or kind in ("empty", "stall")), kind
