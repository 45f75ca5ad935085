"""How a run is left: by Ctrl-C, by the end of the terminal or the machine, and by an agent that stands still."""

import os
import signal
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from crash import DYING, WRITTEN, Honk, assert_done_once, assert_one_conversation, killing
from desk import git

from honk.testing import scripts
from honk.testing.scripted_model import ScriptedModel

pytestmark = [pytest.mark.anyio, pytest.mark.slow, pytest.mark.claude]


@pytest.fixture
def home(tmp_path: Path) -> Path:
    assert os.geteuid() != 0
    return tmp_path / "home"


@asynccontextmanager
async def honk_struck_at(home: Path, calc: Path, turn: int, strike: Callable[[Honk], None]) -> AsyncIterator[Honk]:
    here: list[Honk] = []
    script = killing(lambda: strike(here[0]), [turn])
    async with ScriptedModel({"default": script, "judge": scripts.judge()}) as model:
        here.append(Honk(home, calc, model))
        yield here[0]


async def test_ctrl_c_ends_the_run_as_cancelled_and_keeps_the_work(home: Path, calc: Path) -> None:
    async with honk_struck_at(home, calc, 4, lambda honk: honk.kill("honk", signal.SIGINT)) as honk:
        ended = await honk.run()
        await honk.nobody_is_left()
        result = ended.result
        assert (ended.code, result["outcome"]) == (130, "cancelled")
        [outcome] = [line for line in ended.lines if line.get("kind") == "outcome"]
        assert outcome["body"]["outcome"] == "cancelled"
        assert result["head_sha"][:12] in result["reason"]
        [mirror] = home.glob("mirrors/*/work.git")
        [ref] = git(mirror, "for-each-ref", "--format=%(refname) %(objectname)", "refs/honk/task").splitlines()
        assert ref == f"refs/honk/task/{result['run_id']} {result['head_sha']}"
        assert git(mirror, "show", f"{result['head_sha']}:notes.txt") == WRITTEN["notes.txt"].strip()
        assert honk.branches() == honk.forge_branches() == honk.rows("honk_pull_request") == []
        assert (await honk("task", "resume")).errors.startswith("There is nothing to resume")


async def test_a_stop_that_a_crash_cuts_off_is_finished_when_it_is_run_again(home: Path, calc: Path) -> None:
    async with honk_struck_at(home, calc, 4, lambda honk: honk.kill("honk", signal.SIGINT)) as honk:
        cut_off = await honk.run(program=(*DYING, "tasks.set_status:finished@before"))
        assert cut_off.code == -signal.SIGKILL
        await honk.nobody_is_left()
        ended = await honk.resume()
        assert (ended.code, ended.result["outcome"]) == (130, "cancelled")
        assert ended.result["head_sha"][:12] in ended.result["reason"]
        assert len(honk.conversations) == 4, "the agent was not begun again"


@pytest.mark.parametrize("number", [signal.SIGTERM, pytest.param(signal.SIGHUP, marks=pytest.mark.acceptance)])
async def test_other_signals_leave_in_good_order_and_the_run_can_be_resumed(
    home: Path, calc: Path, number: signal.Signals
) -> None:
    async with honk_struck_at(home, calc, 4, lambda honk: honk.kill("honk", number)) as honk:
        ended = await honk.run()
        assert ended.code == 128 + number
        assert "honk task resume" in ended.errors
        assert ended.of("outcome") == []
        await honk.nobody_is_left()
        again = await honk.resume()
        assert_done_once(honk, again, WRITTEN)
        assert_one_conversation(honk)
        assert len(again.of("resumed")) == 1


async def test_a_claude_that_stands_still_is_ended_by_the_idle_limit(home: Path, calc: Path) -> None:
    async with honk_struck_at(home, calc, 2, lambda honk: honk.kill("claude", signal.SIGSTOP)) as honk:
        honk.settings = {"HONK_LIMITS__IDLE_SECONDS": "2"}
        ended = await honk.run()
        assert (ended.code, ended.result["outcome"]) == (5, "failed")
        assert "idle limit" in ended.result["reason"]
        await honk.nobody_is_left()


@pytest.mark.acceptance
async def test_what_was_interrupted_is_named_and_goes_on_only_when_it_is_told_to(home: Path, calc: Path) -> None:
    async with honk_struck_at(home, calc, 2, lambda honk: honk.kill("honk")) as honk:
        assert (await honk.run()).code == -signal.SIGKILL
        [run] = honk.runs
        for words in (("task", "list"), ("pr", "list")):
            assert (await honk(*words)).code == 0
        assert len(honk.conversations) == 2, "a reading verb starts no work"
        command = 'command:sh -c "cat >/dev/null; echo x > new.txt"'
        other = await honk("run", "Make a file", "--agent", command)
        assert f"honk task resume {run.partition('-')[0]}" in other.errors
        assert len(honk.conversations) == 2
        assert len(honk.rows("honk_pull_request")) == 1
