"""Whatever becomes of the server's process, its tasks go on: none is lost, nothing is there twice."""

import asyncio
import contextlib
import os
import signal
import sqlite3
import sys
import time
from collections import Counter
from pathlib import Path

import pytest
from desk import COMMAND, git
from server import Server, rows, serving, until
from test_crash import DYING, EVERY_STEP

pytestmark = [pytest.mark.slow, pytest.mark.anyio, pytest.mark.acceptance]
AT_ONCE = {"HONK_AGENT": COMMAND, "HONK_SERVE__AGENTS": "6", "HONK_QUOTA__PERSON_MONTH_USD": "1000"}
NO_ROOM = {"HONK_SERVE__MIN_FREE_MEMORY_MIB": str(1 << 30)}
GOES_ON_SECONDS = 30.0
JUMPING = Path(__file__).with_name("jumping.py")


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """Each its own: what is left in it is the subject."""
    return tmp_path / "honk"


def left(home: Path) -> list[str]:
    """Tasks whose end was not told yet: that is written a moment behind the end itself."""
    told = "select task_id from honk_event where kind = 'outcome'"
    return [task_id for (task_id,) in rows(home, f"select task_id from honk_task where task_id not in ({told})")]


async def asked(server: Server, key: str) -> str:
    """The task of this request."""
    return await server.ask(f"Make add() add, {key}", key=key)


async def die_at(server: Server, point: str) -> None:
    """Serve, and die at this point of whichever run comes there first; maybe before anybody is let in."""
    process = await asyncio.create_subprocess_exec(
        *DYING, point, "serve", "--port", "0", env=server.environment(), stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.DEVNULL,
    )  # fmt: skip
    async with asyncio.timeout(180):
        assert await process.wait() == -signal.SIGKILL, point


def assert_none_is_lost_or_doubled(home: Path, calc: Path, count: int) -> None:
    tasks = rows(home, "select task_id, status, outcome, outcome_reason from honk_task")
    assert len(tasks) == count
    assert {(status, outcome) for _, status, outcome, _ in tasks} == {("finished", "opened")}, tasks
    told = Counter(rows(home, "select task_id, kind from honk_event"))
    for task_id, *_ in tasks:
        assert [told[task_id, kind] for kind in ("accepted", "pull_request", "outcome")] == [1, 1, 1], task_id
    assert len(rows(home, "select number from honk_pull_request")) == count
    branches = git(calc, "branch", "--list", "honk/*", "--format=%(refname:short)").split()
    forged = list(home.glob("forge/*.git/refs/heads/honk/*"))
    assert len(branches) == len(forged) == count
    assert {git(calc, "rev-list", "--count", f"main..{branch}") for branch in branches} == {"1"}


def told_of(home: Path) -> Counter[str]:
    """How much was told of each task that was begun and has not ended."""
    query = "select task_id from honk_event join honk_task using (task_id) where status = 'running'"
    return Counter(task_id for (task_id,) in rows(home, query))


@pytest.mark.parametrize("runs", [12, pytest.param(50, marks=pytest.mark.wide)])
async def test_row_31_killed_at_every_step_of_many_runs_none_is_lost_and_nothing_is_doubled(
    home: Path, calc: Path, runs: int
) -> None:
    async with serving(home, {}, calc, **AT_ONCE, **NO_ROOM) as server:
        tasks = [await asked(server, str(number)) for number in range(runs)]
        assert await asked(server, "0") == tasks[0], "asked again, it is the same"
        await until(lambda: len(rows(home, "select 1 from honk_event where kind = 'waits'")) == runs, 30)
        await server.stop(signal.SIGKILL)
        server.settings = AT_ONCE
        for point in EVERY_STEP[1:]:
            await die_at(server, point)
        begun = told_of(home)
        assert begun
        await server.start()

        def all_go_on() -> bool:
            now = told_of(home)
            return all(task_id not in now or now[task_id] > told for task_id, told in begun.items())

        await until(all_go_on, GOES_ON_SECONDS)
        await until(lambda: not left(home), 300)
        assert_none_is_lost_or_doubled(home, calc, runs)
        assert await server.stop() == 0


async def test_a_task_that_lost_its_workflow_is_found_by_the_sweep(home: Path, calc: Path) -> None:
    async with serving(home, {}, calc, **{**AT_ONCE, "HONK_SERVE__AGENTS": "1"}) as server:
        assert await asked(server, "lost")
        await server.stop(signal.SIGKILL)
        with contextlib.closing(sqlite3.connect(home / "honk.db", timeout=30)) as database, database:
            database.execute("delete from operation_outputs")
            database.execute("delete from workflow_status")
        await server.start()
        await until(lambda: not left(home), GOES_ON_SECONDS)
        [(outcome, reason)] = rows(home, "select outcome, outcome_reason from honk_task")
        assert (outcome, "lost" in reason) == ("failed", True)
        assert await asked(server, "another")
        await until(lambda: not left(home), 60)


async def test_a_server_that_stood_still_does_nothing_twice(home: Path, calc: Path) -> None:
    async with serving(home, {}, calc, **AT_ONCE) as server:
        for number in range(4):
            assert await asked(server, str(number))
        assert server.process is not None
        for _ in range(6):
            os.kill(server.process.pid, signal.SIGSTOP)
            await asyncio.sleep(2)
            os.kill(server.process.pid, signal.SIGCONT)
            await asyncio.sleep(1)
        await until(lambda: not left(home), 120)
        assert_none_is_lost_or_doubled(home, calc, 4)


async def test_a_locked_database_delays_and_loses_nothing(home: Path, calc: Path) -> None:
    async with serving(home, {}, calc, **AT_ONCE) as server:
        for number in range(2):
            assert await asked(server, str(number))
        with contextlib.closing(sqlite3.connect(home / "honk.db", timeout=30, isolation_level=None)) as database:
            for _ in range(4):
                database.execute("BEGIN IMMEDIATE")
                await asyncio.sleep(3)
                database.execute("ROLLBACK")
                await asyncio.sleep(0.5)
        await until(lambda: not left(home), 120)
        assert_none_is_lost_or_doubled(home, calc, 2)


@pytest.mark.parametrize("hours", [10, -10], ids=["forward", "backward"])
async def test_a_clock_that_jumps_under_the_server_ends_no_task(
    home: Path, calc: Path, tmp_path: Path, hours: int
) -> None:
    flag = tmp_path / "jumped"
    async with serving(home, {}, calc, **AT_ONCE) as server:
        await server.stop()
        server.program = (sys.executable, str(JUMPING), str(flag), str(hours * 3600))
        await server.start()
        for number in range(2):
            assert await asked(server, str(number))
        await until(lambda: rows(home, "select 1 from honk_event where kind = 'attempt'"), 60)
        flag.touch()
        await until(lambda: not left(home), 90)
        assert_none_is_lost_or_doubled(home, calc, 2)


def cpu_seconds(pid: int) -> float:
    """What a process has used, whatever else the machine does."""
    user, system = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[11:13]
    return (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")


async def test_a_server_starts_in_three_seconds_and_ends_cleanly_with_work_under_way(home: Path, calc: Path) -> None:
    async with serving(home, {}, calc, **{**AT_ONCE, "HONK_AGENT": "command:sleep 60"}) as server:
        await server.stop()
        for number in range(3):
            await server.start()
            assert server.process is not None
            assert cpu_seconds(server.process.pid) < 3
            assert await asked(server, str(number))
            await until(lambda: rows(home, "select 1 from honk_event where kind = 'attempt'"), 60)
            began = time.monotonic()
            assert await server.stop() == 0
            assert time.monotonic() - began < 10
        assert len(left(home)) == 3
