"""The database under hard conditions: newer, older, damaged, full, and shared."""

import asyncio
import sqlite3
import sys
from contextlib import closing
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from honk.base.clock import now
from honk.base.sqlite import BUSY_MILLISECONDS
from honk.domain.audit import AT_THE_MACHINE, DONE
from honk.domain.listing import Listing
from honk.domain.task import Outcome, OutcomeName, Status
from honk.store import NewerSchema, StoreBusy, StoreError, database
from honk.store.migrations import REVISIONS, TABLE
from honk.store.sql import DATABASE_NAME, open_store
from honk.store.tables import metadata
from honk.testing.store_rules import a_run, a_task, accept

pytestmark = pytest.mark.anyio


async def test_the_steps_make_exactly_the_tables_we_use(tmp_path: Path) -> None:
    await database.migrate(tmp_path / "honk.db")
    engine = sa.create_engine(f"sqlite:///{tmp_path / 'honk.db'}")
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"version_table": TABLE, "compare_type": False})
        assert compare_metadata(context, metadata) == []
    engine.dispose()


def test_every_step_is_listed() -> None:
    folder = Path(database.__file__).parent / "migrations" / "versions"
    assert tuple(sorted(path.name[1:5] for path in folder.glob("v*.py"))) == REVISIONS


async def test_a_database_of_a_newer_honk_is_not_touched(tmp_path: Path) -> None:
    await (await open_store(tmp_path)).close()
    with closing(sqlite3.connect(tmp_path / DATABASE_NAME)) as connection:
        connection.execute(f"UPDATE {TABLE} SET version_num = '9999'")
        connection.commit()
    before = {path: path.read_bytes() for path in tmp_path.iterdir() if path.is_file()}
    with pytest.raises(NewerSchema, match="9999"):
        await open_store(tmp_path)
    assert {path: path.read_bytes() for path in before} == before


async def test_a_step_that_breaks_leaves_nothing_behind(tmp_path: Path) -> None:
    path = tmp_path / "honk.db"
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE honk_attempt (x)")
    with pytest.raises(StoreError, match="honk_attempt already exists"):
        await database.migrate(path)
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("SELECT name FROM sqlite_master").fetchall() == [("honk_attempt",)]


async def test_a_file_that_is_no_database_is_named(tmp_path: Path) -> None:
    (tmp_path / DATABASE_NAME).write_bytes(b"no database" * 1000)
    with pytest.raises(StoreError, match=rf"{DATABASE_NAME} refused: .*put a copy of it back"):
        await open_store(tmp_path)


async def test_a_full_disk_is_said_to_be_full_and_what_was_there_stays(tmp_path: Path) -> None:
    store = await open_store(tmp_path)
    await store.memo.save("kept", "yes")
    # The nearest thing to a full disk that needs no rights: SQLite's own limit, on every pooled connection.
    sa.event.listen(
        store._database._engine.sync_engine,
        "begin",
        lambda connection: connection.exec_driver_sql("PRAGMA max_page_count = 1"),
    )
    with pytest.raises(StoreError, match="The disk is full"):
        await store.memo.save("big", "x" * 1_000_000)
    assert await store.memo.load("kept") == "yes"
    assert await store.memo.load("big") is None
    await store.close()


async def test_a_locked_database_is_said_to_be_locked(tmp_path: Path) -> None:
    path = tmp_path / "honk.db"
    await database.migrate(path)
    with closing(sqlite3.connect(path)) as first, closing(sqlite3.connect(path, timeout=0)) as second:
        first.execute("BEGIN IMMEDIATE")
        with pytest.raises(sqlite3.OperationalError) as caught:
            second.execute("BEGIN IMMEDIATE")
    assert "keeps the database locked" in str(database.worded(path, caught.value))


async def test_who_only_reads_is_not_kept_waiting_by_a_lock(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("honk.store.passes.SIGHT_SECONDS", 0.02)
    monkeypatch.setattr("honk.store.audit_log.SIGHT_SECONDS", 0.02)
    store = await open_store(tmp_path)
    with closing(sqlite3.connect(tmp_path / DATABASE_NAME, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        async with asyncio.timeout(5):
            assert await store.sessions.find("digest") is None
            for see in (store.sessions.see("digest", now()), store.tokens.see("id", now())):
                with pytest.raises(StoreBusy, match="keeps the database locked"):
                    await see
            with pytest.raises(StoreBusy, match="could not be written to the audit log"):
                await store.audit.write("read", who=AT_THE_MACHINE, subject="task:x", came_of=DONE, soon=True)
            patient = asyncio.create_task(store.memo.save("kept", "yes"))
            await asyncio.sleep(0.05)
            with pytest.raises(StoreBusy, match="is being written"):
                await store.sessions.see("digest", now())
        other.execute("ROLLBACK")
    await patient
    assert await store.memo.load("kept") == "yes", "whatever is written waits as ever"
    async with store._database.write() as connection:
        assert await connection.scalar(sa.text("PRAGMA busy_timeout")) == BUSY_MILLISECONDS
    await store.close()


async def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match="cannot be made"):
        await open_store(tmp_path / "file" / "home")


async def test_readers_that_turn_writers_do_not_fail_as_locked(tmp_path: Path) -> None:
    store, second = await open_store(tmp_path), await open_store(tmp_path)
    async with asyncio.TaskGroup() as group:
        for number in range(40):
            group.create_task((store, second)[number % 2].events.append("t", "stage", {}))
    assert [event.sequence for event in await store.events.read("t")] == list(range(1, 41))
    await store.close()
    await second.close()


async def test_a_restart_finds_everything(tmp_path: Path) -> None:
    store = await open_store(tmp_path)
    await accept(store, a_task(), a_run())
    await store.close()
    store = await open_store(tmp_path)
    assert await store.tasks.find(Listing()) == [a_task()]
    await store.close()


async def test_text_that_is_no_unicode_is_kept_readable(tmp_path: Path) -> None:
    store = await open_store(tmp_path)
    await accept(store, a_task(), a_run())
    await store.tasks.set_status("t1", Status.FINISHED, Outcome(name=OutcomeName.FAILED, reason="caf\udce9 is red"))
    outcome = (await store.tasks.task("t1")).outcome
    assert outcome is not None
    assert outcome.reason == "caf\\udce9 is red"
    await store.close()


async def test_only_its_owner_may_look_into_the_folder(tmp_path: Path) -> None:
    await (await open_store(tmp_path / "home")).close()
    assert (tmp_path / "home").stat().st_mode & 0o077 == 0
    assert (tmp_path / "home" / DATABASE_NAME).stat().st_mode & 0o077 == 0


SPENDER = """
import asyncio, sys
from pathlib import Path
from honk.store.sql import open_store
from honk.testing.ledger_rules import a_call
async def main():
    store = await open_store(Path(sys.argv[1]))
    print(sum([await store.ledger.reserve(a_call(0.1), 3.0) for _ in range(25)]))
    await store.close()
asyncio.run(main())
"""


@pytest.mark.slow
async def test_two_processes_cannot_overshoot_a_budget(tmp_path: Path) -> None:
    store = await open_store(tmp_path)
    spenders = [
        await asyncio.create_subprocess_exec(sys.executable, "-c", SPENDER, tmp_path, stdout=asyncio.subprocess.PIPE)
        for _ in range(2)
    ]
    granted = [int((await spender.communicate())[0]) for spender in spenders]
    assert sum(granted) == 30
    assert (await store.ledger.spending("run1")).committed_usd == 3.0
    await store.close()
