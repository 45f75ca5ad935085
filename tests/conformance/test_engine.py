"""The engine's rules, on DBOS and on the fake; and what only a real crash can show."""

import asyncio
import sys
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import pytest
import sqlalchemy as sa

from honk.engine import EngineError, WorkflowStatus
from honk.engine.dbos import BRISK_POLL_SECONDS, IDLE_POLL_SECONDS, DBOSEngine
from honk.store.database import Database
from honk.testing.engine import FakeEngine
from honk.testing.engine_rules import ENGINE_RULES, Bench

pytestmark = pytest.mark.anyio
CRASHER = Path(__file__).parent / "crasher.py"


@asynccontextmanager
async def dbos(home: Path) -> AsyncIterator[Bench]:
    database, engine = Database(home / "honk.db"), DBOSEngine(home / "honk.db")

    async def commit(enlist: Callable[[object], None]) -> None:
        async with database.write() as connection:
            await connection.run_sync(enlist)

    try:
        yield Bench(engine=engine, commit=commit)
    finally:
        await engine.stop()
        await database.close()


@asynccontextmanager
async def fake(_home: Path) -> AsyncIterator[Bench]:
    engine = FakeEngine()

    async def commit(enlist: Callable[[object], None]) -> None:
        enlist(None)

    yield Bench(engine=engine, commit=commit)
    await engine.stop()


@pytest.mark.parametrize("make", [fake, pytest.param(dbos, marks=pytest.mark.slow)], ids=lambda make: make.__name__)
@pytest.mark.parametrize("rule", ENGINE_RULES, ids=lambda rule: rule.__name__)
async def test_engine(rule: Callable[[Bench], Awaitable[None]], make: Callable, tmp_path: Path) -> None:
    async with make(tmp_path) as bench:
        await rule(bench)


@pytest.mark.slow
async def test_what_is_rolled_back_never_existed(tmp_path: Path) -> None:
    database = Database(tmp_path / "honk.db")
    async with dbos(tmp_path) as bench:

        async def workflow(step: object, argument: str) -> None: ...

        bench.engine.register("workflow", workflow)
        await bench.engine.start()
        with suppress(ZeroDivisionError):
            async with database.write() as connection:
                await connection.run_sync(bench.engine.enlist("workflow", "id", "argument"))
                raise ZeroDivisionError
        assert await bench.engine.status("id") is None
    await database.close()


@pytest.mark.slow
@pytest.mark.parametrize("fatal", ["one", "two", "three"])
async def test_kill_9_repeats_the_step_in_flight_and_nothing_else(tmp_path: Path, fatal: str) -> None:
    await crash(tmp_path, f"begin:{fatal}", "take_over")
    done = Counter((tmp_path / "acts").read_text().split())
    assert done == {name: 2 if name == fatal else 1 for name in ("one", "two", "three")}
    assert (tmp_path / "result").read_text() == "one,two,three"


@pytest.mark.slow
async def test_an_error_is_the_same_when_it_is_replayed(tmp_path: Path) -> None:
    await crash(tmp_path, "begin_failing:three", "take_over_failing")
    first, second = (tmp_path / "errors").read_text().splitlines()
    assert first == second == "StepFailed KeyError: 'two'"
    assert Counter((tmp_path / "acts").read_text().split())["two"] == 1


@pytest.mark.slow
async def test_a_start_alone_leaves_the_dead_s_work_for_resume(tmp_path: Path) -> None:
    await crash(tmp_path, "begin:two", "start_only", "resume")
    assert (tmp_path / "status").read_text() == f"{WorkflowStatus.WAITING} after one two"
    assert (tmp_path / "acts").read_text().split() == ["one", "two", "two", "three"]
    assert (tmp_path / "result").read_text() == "one,two,three"


@pytest.mark.slow
async def test_a_stop_in_mid_step_is_taken_over_too(tmp_path: Path) -> None:
    await crash(tmp_path, "stop_in_two", "take_over")
    assert (tmp_path / "acts").read_text().split() == ["one", "two", "two", "three"]


@pytest.mark.slow
async def test_a_broken_workflow_does_not_write_to_the_console(tmp_path: Path) -> None:
    await crash(tmp_path, "begin_broken")


@pytest.mark.slow
@pytest.mark.parametrize("name", ["a b", "a%41", "a#b", "a?b=1"])
async def test_a_folder_may_have_any_name(tmp_path: Path, name: str) -> None:
    (tmp_path / name).mkdir()
    async with dbos(tmp_path / name) as bench:
        await bench.engine.start()
        assert await bench.engine.status("id") is None
    assert [path.name for path in tmp_path.iterdir()] == [name]


@pytest.mark.slow
async def test_an_engine_that_cannot_start_says_why_and_lets_another_start(tmp_path: Path) -> None:
    (tmp_path / "honk.db").write_bytes(b"no database" * 1000)
    with pytest.raises(EngineError, match=r"could not start on .*: file is not a database\. Nothing was begun"):
        await DBOSEngine(tmp_path / "honk.db").start()
    (tmp_path / "honk.db").unlink()
    async with dbos(tmp_path) as bench:
        await bench.engine.start()


@pytest.mark.slow
async def test_there_is_one_engine_in_a_process(tmp_path: Path) -> None:
    async with dbos(tmp_path) as bench:
        await bench.engine.start()
        second = DBOSEngine(tmp_path / "honk.db")
        with pytest.raises(EngineError, match="Another engine"):
            await second.start()
        await second.stop()
        assert await bench.engine.status("id") is None


@pytest.mark.slow
async def test_a_servers_engine_looks_seldom_until_there_is_something_to_begin(tmp_path: Path) -> None:
    database, engine = Database(tmp_path / "honk.db"), DBOSEngine(tmp_path / "honk.db", is_lasting=True)

    async def workflow(step: object, argument: str) -> None: ...

    async def pause() -> float:
        async with database.read() as connection:
            return float((await connection.execute(sa.text("SELECT polling_interval_sec FROM queues"))).scalar_one())

    try:
        engine.register("plain", workflow)
        await engine.start()
        assert await pause() == IDLE_POLL_SECONDS
        async with database.write() as connection:
            await connection.run_sync(engine.enlist("plain", "id", ""))
        assert await engine.wait("id") is WorkflowStatus.DONE
        assert await pause() == BRISK_POLL_SECONDS
    finally:
        await engine.stop()
        await database.close()


async def crash(home: Path, *plans: str) -> None:
    """Run the plans on the folder, each in a process of its own; none may write to the console."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, CRASHER, home, *plans, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
    )
    async with asyncio.timeout(60):
        output, _ = await process.communicate()
    assert (process.returncode, output.decode()) == (0, "")
