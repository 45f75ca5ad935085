"""`honk replay`: a finished task once more, beside the first. It never publishes anything."""

import os
import shutil
import signal
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from crash import DYING, Honk
from desk import CALC, OLD, RIGHT, WRONG, git, open_desk

from honk.base.errors import UsageError
from honk.domain.evidence import Ruling, Verification
from honk.domain.task import OutcomeName
from honk.testing import scripts
from honk.testing.scripted_model import ScriptedModel
from honk.workflows.replay import ReplayRequest

pytestmark = [pytest.mark.anyio, pytest.mark.slow]

HONESTLY = f"command:sh -c \"cat >/dev/null; sed -i 's/{OLD}/{RIGHT}/' calc.py\""
WIDELY = f"command:sh -c \"cat >/dev/null; sed -i 's/{OLD}/{RIGHT}  # sum/' calc.py; echo more > more.txt\""


def outside(home: Path, repo: Path) -> str:
    """All that a push, a branch or a pull request would have changed."""
    forges = [git(forge, "for-each-ref") for forge in sorted(home.glob("forge/*.git"))]
    return "\n".join([git(repo, "for-each-ref"), *forges])


async def test_a_replay_is_shown_beside_the_first_and_publishes_nothing(home: Path, calc: Path) -> None:
    async with open_desk(home, {}) as desk:
        first = (await desk.run(calc, agent=HONESTLY)).result
        assert first.outcome is OutcomeName.OPENED, first.reason
        before, opened = outside(home, calc), await desk.app.pull_requests()
        told = await desk.replay(first.task_id[:5], agent=WIDELY, model="opus")
        result = told.result
        assert (result.outcome, result.verification) == (OutcomeName.REPLAYED, Verification.PASSED), result.reason
        assert result.pull_request is None
        assert told.of("pull_request") == []
        assert outside(home, calc) == before
        assert await desk.app.pull_requests() == opened
        found = await desk.app.comparison(result.task_id)
        assert found is not None
        assert found.first is not None
        assert (found.first.task_id, found.first.outcome, found.first.model) == (first.task_id, "opened", "sonnet")
        assert (found.replay.outcome, found.replay.model, found.replay.agent) == ("replayed", "opus", WIDELY)
        assert found.first.ruling is found.replay.ruling is Ruling.PASS
        assert (found.first.files, found.replay.files, found.first.tests_passed) == (1, 2, 1)
        assert [(one.path, one.in_first, one.in_replay, one.is_same) for one in found.files] == [
            ("calc.py", True, True, False),
            ("more.txt", False, True, False),
        ]
        assert await desk.app.comparison(first.task_id) is None
        again = await desk.app.task(result.task_id)
        assert again.replay_of == first.task_id
        counted = await desk.app.tally()
        assert (counted.asked, counted.opened, counted.replays) == (1, 1, 1)
        [attempt] = (await desk.app._house.runs.all_attempts())[result.task_id]
        assert attempt.change is not None, "the dataset has it"


async def test_a_replay_with_the_same_outcome_says_that_the_files_are_the_same(home: Path, calc: Path) -> None:
    async with open_desk(home, {}) as desk:
        first = (await desk.run(calc, agent=HONESTLY)).result
        moved = calc.with_name("moved")
        calc.rename(moved)
        again = (await desk.replay(first.task_id)).result
        assert again.outcome is OutcomeName.REPLAYED, "the base is in the mirror, wherever the repository is now"
        assert again.base_sha == first.base_sha
        found = await desk.app.comparison(again.task_id)
        assert found is not None
        assert [(one.path, one.is_same) for one in found.files] == [("calc.py", True)]
        await desk.app.delete_task(first.task_id, close=True)
        alone = await desk.app.comparison(again.task_id)
        assert alone is not None
        assert (alone.first, alone.replay) == (None, found.replay)


async def test_a_red_replay_ends_as_a_red_run_does(home: Path, calc: Path) -> None:
    broken = "command:sh -c \"cat >/dev/null; sed -i 's/return a . 2/return a/' calc.py\""
    async with open_desk(home, {}) as desk:
        first = (await desk.run(calc, agent=HONESTLY, attempts=2)).result
        again = (await desk.replay(first.task_id, agent=broken)).result
        assert (again.outcome, again.verification) == (OutcomeName.FAILED, Verification.FAILED)
        found = await desk.app.comparison(again.task_id)
        assert found is not None
        assert (found.replay.tests_failed, found.replay.attempts) == (1, 2)


async def test_what_cannot_be_done_again_is_refused_before_anything_begins(home: Path, calc: Path) -> None:
    async with open_desk(home, {}) as desk:
        first = (await desk.run(calc, agent=HONESTLY)).result
        number = len(await desk.app.tasks())
        with pytest.raises(UsageError, match="no brief of version 7; its newest is 1"):
            await desk.app.replay(ReplayRequest(task_id=first.task_id, brief_version=7))
        with pytest.raises(UsageError, match='no agent "nobody"'):
            await desk.app.replay(ReplayRequest(task_id=first.task_id, agent="nobody"))
        with pytest.raises(UsageError, match="No task is called"):
            await desk.app.replay(ReplayRequest(task_id="zzzzzz"))
        for kept in [*home.glob("mirrors/*"), *home.glob("templates/*")]:
            shutil.rmtree(kept)
        calc.rename(calc.with_name("gone"))
        with pytest.raises(UsageError, match=r"base commit .* Put the repository back there"):
            await desk.app.replay(ReplayRequest(task_id=first.task_id))
        assert len(await desk.app.tasks()) == number


async def test_a_given_version_of_the_brief_is_what_the_agent_hears(home: Path, calc: Path) -> None:
    hearing = (
        f"command:sh -c \"grep -q Subtract && sed -i 's/{OLD}/{WRONG}/' calc.py || sed -i 's/{OLD}/{RIGHT}/' calc.py\""
    )
    async with open_desk(home, {}) as desk:
        first = (await desk.run(calc, agent=hearing)).result
        with closing(sqlite3.connect(home / "honk.db")) as database, database:
            body = database.execute("select body from honk_brief where task_id = ?", (first.task_id,)).fetchone()[0]
            second = body.replace('"version":1', '"version":2').replace("Make add() add", "Subtract, please")
            database.execute("insert into honk_brief values (?, 2, ?)", (first.task_id, second))
        old = (await desk.replay(first.task_id, brief_version=1)).result
        new = (await desk.replay(first.task_id)).result
        diffs = [await desk.app.diff(one.diff_blob or "") for one in (first, old, new)]
        assert diffs[0] == diffs[1]
        assert WRONG.encode() in diffs[2]
        found = await desk.app.comparison(new.task_id)
        assert found is not None
        assert found.first is not None
        assert (found.first.brief_version, found.replay.brief_version) == (2, 2)


@pytest.mark.acceptance
async def test_a_replay_that_was_killed_goes_on_and_still_publishes_nothing(tmp_path: Path, calc: Path) -> None:
    assert os.geteuid() != 0
    async with ScriptedModel({"judge": scripts.judge()}) as model:
        honk = Honk(tmp_path / "home", calc, model)
        first = await honk("run", "Make add() add", "--json", "--agent", HONESTLY)
        assert first.result["outcome"] == "opened", first.errors
        before = outside(honk.home, calc)
        dying = (*DYING, "events.append:collect:1:started@after")
        died = await honk("replay", str(first.result["task_id"]), "--json", program=dying)
        assert died.code == -signal.SIGKILL, died.errors
        refused = await honk("replay", str(died.lines[0]["body"]["task_id"]), "--json")
        assert (refused.code, "has not ended" in refused.errors) == (2, True)
        ended = await honk("task", "resume", "--json")
        assert ended.code == 0, ended.errors
        assert [line.get("outcome") for line in ended.lines[-2:-1]] == ["replayed"]
        assert ended.result["first"]["task_id"] == first.result["task_id"]
        assert [file["is_same"] for file in ended.result["files"]] == [True]
        assert outside(honk.home, calc) == before
        shown = await honk("task", "show", str(ended.lines[-2]["task_id"]))
        assert "the same     calc.py +1 −1" in shown.errors
        counted = await honk("stats")
        assert "Asked 1" in counted.errors
        assert "Replays 1" in counted.errors
        assert CALC["calc.py"] == (calc / "calc.py").read_text()
