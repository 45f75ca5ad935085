"""Row 31 of product.md: many runs at once, killed in the middle; and agents that leave far too much."""

import asyncio
import shlex
import signal
import sys
from collections import Counter
from pathlib import Path

import pytest
from crash import Honk
from desk import OLD, RIGHT, git, open_desk

from honk.domain.evidence import Verification
from honk.domain.task import OutcomeName
from honk.testing.scripted_model import ScriptedModel

pytestmark = [pytest.mark.anyio, pytest.mark.slow, pytest.mark.acceptance]

MANY = Path(__file__).with_name("many.py")
RUNS = 50
ENDED_BEFORE = 10


async def lines_until(process: asyncio.subprocess.Process, enough: int | None) -> list[str]:
    """What it prints, to so many ended runs or to its end."""
    assert process.stdout is not None
    told: list[str] = []
    async for line in process.stdout:
        told.append(line.decode())
        if enough is not None and sum("ended" in one for one in told) >= enough:
            break
    return told


async def many(what: str, home: Path, repo: Path, *, kill_after: int | None = None) -> list[str]:
    program = (sys.executable, str(MANY), what, str(home), str(repo), str(RUNS))
    process = await asyncio.create_subprocess_exec(*program, cwd=MANY.parent, stdout=asyncio.subprocess.PIPE)
    async with asyncio.timeout(600):
        told = await lines_until(process, kill_after)
        if kill_after is not None:
            process.kill()
        assert await process.wait() == (0 if kill_after is None else -signal.SIGKILL)
    return told


@pytest.mark.wide
async def test_row_31_fifty_runs_killed_in_the_middle_all_end_once(tmp_path: Path, calc: Path) -> None:
    home = tmp_path / "home"
    await many("begin", home, calc, kill_after=ENDED_BEFORE)
    honk = Honk(home, calc, ScriptedModel({}))
    await honk.nobody_is_left()
    ended_before = len(honk.rows("(select * from honk_task where status = 'finished')"))
    assert ENDED_BEFORE <= ended_before < RUNS
    went_on = await many("resume", home, calc)
    assert sum("ended" in line for line in went_on) == RUNS - ended_before
    told = Counter(honk.rows("(select task_id, kind from honk_event)"))
    tasks = honk.rows("(select task_id, status, outcome from honk_task)")
    assert len(tasks) == RUNS
    for task_id, status, outcome in tasks:
        assert (status, told[task_id, "pull_request"]) == ("finished", 1), outcome
        assert told[task_id, "outcome"] <= 1, "killed before it was told, it is told by `honk task resume TASK`"
        assert "opened" in outcome, outcome
    assert len(honk.rows("honk_pull_request")) == RUNS
    assert len(honk.branches()) == len(honk.forge_branches()) == RUNS
    assert {git(calc, "rev-list", "--count", f"main..{branch}") for branch in honk.branches()} == {"1"}
    assert not list((home / "rooms").glob("*"))


FIX = f"sed -i 's/{OLD}/{RIGHT}/' calc.py; "
FILES = "mkdir many; cd many; python3 -c \"for n in range({}): open(f'f{{n}}', 'w').write(str(n))\""


@pytest.mark.parametrize(
    ("script", "outcome", "words"),
    [
        pytest.param(
            FIX + FILES.format(20_000),
            OutcomeName.NEEDS_HUMAN,
            "too large to be judged",
            id="20,000 files",
            marks=pytest.mark.wide,
        ),
        pytest.param(
            FIX + FILES.format(100_001),
            OutcomeName.FAILED,
            "changes 100002 files, more than 100000",
            id="100,001 files",
        ),
        pytest.param(
            FIX + "for n in 1 2 3 4; do head -c 50000000 /dev/urandom > $n; done",
            OutcomeName.OPENED,
            "",
            id="200 MB in four",
            marks=pytest.mark.wide,
        ),
        pytest.param(
            FIX + "head -c 200000000 /dev/urandom > big",
            OutcomeName.FAILED,
            "big is larger than 100 MiB",
            id="200 MB in one",
        ),
    ],
)
async def test_an_agent_that_leaves_far_too_much_is_told_by_name_and_its_files_are_kept(
    home: Path, calc: Path, script: str, outcome: OutcomeName, words: str
) -> None:
    async with open_desk(home, {}) as desk, asyncio.timeout(600):
        told = await desk.run(
            calc, agent=f"command:sh -c {shlex.quote(f'cat >/dev/null; {script}')}", wall_seconds=300, idle_seconds=300
        )
    result = told.result
    assert result.outcome is outcome, result.reason
    assert words in result.reason
    if outcome is OutcomeName.OPENED:
        assert result.verification is Verification.PASSED
        assert git(calc, "rev-list", "--count", f"main..{result.branch}") == "1"
    elif outcome is OutcomeName.FAILED:
        [kept] = home.glob(f"workspaces/{result.run_id}")
        assert str(kept) in result.reason
