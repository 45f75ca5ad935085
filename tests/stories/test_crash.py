"""Whoever is killed, and whenever: run again, and the same session went on, nothing is lost, nothing is there twice.

THE DEFAULT SUITE RUNS A SAMPLE: each victim at turns 1, 3 and 6 of one run, and a chain of deaths at some later steps.
`make acceptance` runs the whole matrix, every victim at every turn by itself and a death at every step, as a user and
(tests/root/test_crash_as_root.py) as root.
"""

import os
import signal
from pathlib import Path

import pytest
from crash import (
    DYING,
    SIX_TURNS,
    WRITTEN,
    Ended,
    Honk,
    assert_done_once,
    assert_one_conversation,
    honk_to_kill,
    run_to_the_end,
)
from desk import COMMAND, git

from honk.testing import scripts
from honk.testing.scripted_model import ScriptedModel

pytestmark = [pytest.mark.anyio, pytest.mark.slow, pytest.mark.claude]

TURNS = range(1, len(SIX_TURNS) + 1)


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A state folder of its own: what is left in it is the subject."""
    assert os.geteuid() != 0
    return tmp_path / "home"


async def assert_survives(home: Path, calc: Path, victim: str, turns: list[int]) -> None:
    async with honk_to_kill(home, calc, victim, turns) as honk:
        ended = await run_to_the_end(honk, len(turns) if victim == "honk" else 0)
        assert_done_once(honk, ended, WRITTEN)
        assert_one_conversation(honk)
        assert honk.outward == [], "row 7: what exists outside was made by the control plane, at the end"


@pytest.mark.acceptance
async def test_row_7_honk_killed_at_turns_1_3_and_6_the_run_goes_on_in_its_session(home: Path, calc: Path) -> None:
    await assert_survives(home, calc, "honk", [1, 3, 6])


@pytest.mark.acceptance
@pytest.mark.parametrize("victim", ["holder", "claude"])
async def test_row_7_killed_at_turns_1_3_and_6_the_run_goes_on_in_its_session(
    home: Path, calc: Path, victim: str
) -> None:
    await assert_survives(home, calc, victim, [1, 3, 6])


@pytest.mark.acceptance
@pytest.mark.parametrize(
    "turn", [turn if turn in (1, 4, 6) else pytest.param(turn, marks=pytest.mark.wide) for turn in TURNS]
)
@pytest.mark.parametrize("victim", ["honk", "holder", "stub", "claude"])
async def test_killed_at_any_turn_the_run_goes_on_in_its_session(
    home: Path, calc: Path, victim: str, turn: int
) -> None:
    await assert_survives(home, calc, victim, [turn])


SOME_STEPS = (
    "events.append:collect:1:started@after",
    "source.import_branch@after",
    "rows.insert@after",
    "tasks.set_status:finished@after",
)
EVERY_STEP = (
    "tasks.accept@after",
    "events.append:workspace:0:started@after",
    "workspaces.template@after",
    "workspaces.environment@after",
    "events.append:agent:1:started@after",
    "events.append:agent:1:finished@before",
    "events.append:collect:1:started@after",
    "events.append:collect:1:finished@before",
    "gate.examine@before",
    "gate.examine@after",
    "judge.judge@before",
    "judge.judge@after",
    "runs.save_attempt@before",
    "runs.save_attempt@after",
    "runs.save_run@after",
    "forge.push@before",
    "forge.push@after",
    "source.import_branch@before",
    "source.import_branch@after",
    "rows.insert@before",
    "rows.insert@after",
    "forge.open_pull_request@after",
    "tasks.set_status:finished@before",
    "tasks.set_status:finished@after",
)
SOME_OF_A_MERGE = ("rows.update@before",)
EVERY_ONE_OF_A_MERGE = (
    "shipments.turn@before", "shipments.turn@after", "audit.write:merge@before", "audit.write:merge@after",
    "forge.merge@before", "rows.update@before", "rows.update@after", "forge.merge@after", "audit.end@after",
    "source.advance@before", "source.advance@after", "shipments.turn:ShipmentState.MERGED@before",
    "shipments.turn:ShipmentState.MERGED@after",
)  # fmt: skip


async def die_at(honk: Honk, point: str, *words: str) -> None:
    ended = await honk(*words, program=(*DYING, point))
    assert ended.code == -signal.SIGKILL, (point, ended.errors)
    await honk.nobody_is_left()


async def assert_dies_and_goes_on(home: Path, calc: Path, points: tuple[str, ...]) -> tuple[Honk, Ended]:
    """One task that dies at one point after the other, and is run again each time."""
    async with ScriptedModel({"judge": scripts.judge()}) as model:
        honk = Honk(home, calc, model)
        await die_at(honk, points[0], "run", "Make add() add", "--json", "--agent", COMMAND)
        for point in points[1:]:
            await die_at(honk, point, "task", "resume")
        [(task,)] = [row[:1] for row in honk.rows("honk_task")]
        ended = await honk("task", "resume", task, "--json")
        await honk.nobody_is_left()
        assert_done_once(honk, ended, {"calc.py": WRITTEN["calc.py"].replace("2 * a", "a * 2")})
        return honk, ended


async def assert_merges_once(honk: Honk, points: tuple[str, ...]) -> None:
    git(honk.repo, "switch", "-q", "--detach")
    for point in points:
        await die_at(honk, point, "pr", "merge", "1", "--yes")
    done = await honk("pr", "merge", "1", "--yes")
    assert done.code == 0, done.errors
    assert git(honk.repo, "rev-list", "--count", "main") == "2"
    assert git(honk.repo, "rev-parse", "main^{tree}") == git(honk.repo, "rev-parse", f"{honk.branches()[0]}^{{tree}}")
    assert len(honk.rows("honk_approval")) == 1
    assert [row[2] for row in honk.rows("honk_event")].count("merged") == 1


@pytest.mark.acceptance
async def test_killed_between_the_steps_nothing_is_there_twice(home: Path, calc: Path) -> None:
    honk, _ = await assert_dies_and_goes_on(home, calc, SOME_STEPS)
    await assert_merges_once(honk, SOME_OF_A_MERGE)


@pytest.mark.acceptance
async def test_killed_at_every_step_of_one_task_nothing_is_there_twice(home: Path, calc: Path) -> None:
    honk, _ = await assert_dies_and_goes_on(home, calc, EVERY_STEP)
    await assert_merges_once(honk, EVERY_ONE_OF_A_MERGE)


@pytest.mark.acceptance
@pytest.mark.parametrize(  # all of them in one run stand above
    "point", [pytest.param(point, marks=[pytest.mark.wide] * (at % 2)) for at, point in enumerate(EVERY_STEP)]
)
async def test_killed_at_any_one_step_nothing_is_there_twice(home: Path, calc: Path, point: str) -> None:
    await assert_dies_and_goes_on(home, calc, (point,))
