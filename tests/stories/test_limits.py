"""Row 15 of product.md: each limit stops a run by itself, from outside the agent, and the reason names it."""

from pathlib import Path

import pytest
from desk import Told, open_desk

from honk.domain.task import OutcomeName
from honk.testing import scripts
from honk.testing.replies import Reply, Text, ToolUse, say, use

pytestmark = [pytest.mark.anyio, pytest.mark.slow, pytest.mark.claude]


def assert_stopped_by(told: Told, limit: str) -> None:
    assert told.result.outcome is OutcomeName.FAILED, told.result.reason
    assert f"{limit} limit" in told.result.reason
    assert told.result.pull_request is None


async def test_row_15_turns(home: Path, calc: Path) -> None:
    async with open_desk(home, {"default": scripts.loop()}) as desk:
        told = await desk.run(calc, turns=4)
        assert_stopped_by(told, "turns")
        assert len(desk.model.generations) <= 4


async def test_row_15_wall(home: Path, calc: Path) -> None:
    async with open_desk(home, {"default": scripts.loop()}) as desk:
        assert_stopped_by(await desk.run(calc, wall_seconds=4, turns=1000), "wall")


async def test_row_15_idle(home: Path, calc: Path) -> None:
    async with open_desk(home, {"default": scripts.hang()}) as desk:
        assert_stopped_by(await desk.run(calc, idle_seconds=2), "idle")


async def test_row_15_money(home: Path, calc: Path) -> None:
    dear = Reply(blocks=(ToolUse("Bash", {"command": "true", "description": "x"}),), usage={"output_tokens": 2000})

    async with open_desk(home, {"default": lambda ask: dear}) as desk:
        told = await desk.run(calc, cost_usd=0.5, turns=1000)
        assert_stopped_by(told, "money")
        assert told.result.cost_usd <= 0.5


async def test_row_15_output(home: Path, calc: Path) -> None:
    flood = Reply(blocks=(Text("x" * 40_000), ToolUse("Bash", {"command": "true", "description": "x"})))
    async with open_desk(home, {"default": lambda ask: flood}) as desk:
        assert_stopped_by(await desk.run(calc, output_bytes=200_000, turns=1000), "output")


async def test_row_15_disk(home: Path, calc: Path) -> None:
    fill = "for i in $(seq 1 40); do head -c 8388608 /dev/zero > fill.$i; sleep 0.2; done"
    async with open_desk(home, {"default": [use("Bash", command=fill, description="x"), say("Done.")]}) as desk:
        assert_stopped_by(await desk.run(calc, disk_bytes=64 << 20), "disk")


async def test_row_15_attempts(home: Path, calc: Path) -> None:
    broken = [*scripts.edit("/workspace/calc.py", "return a * 2", "return a * 3"), *([say("Done.")] * 9)]
    async with open_desk(home, {"default": broken}) as desk:
        told = await desk.run(calc, attempts=1)
        assert_stopped_by(told, "attempts")
