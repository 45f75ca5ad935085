"""The log in SQLite: hindrances, and what happens when nothing can be written."""

import asyncio
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from stores import sql

from honk.domain.audit import DONE, HONK, Tampering
from honk.store import StoreBusy, StoreError, StoreFull
from honk.store.anchor import ANCHOR_NAME, FileAnchor
from honk.store.audit import AnchorLost
from honk.store.sql import DATABASE_NAME, SqlStore, open_store

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize("statement", ["UPDATE honk_audit SET digest = ''", "DELETE FROM honk_audit"])
async def test_nobody_changes_the_log_by_accident(statement: str, tmp_path: Path) -> None:
    async with sql(tmp_path) as store:
        await store.audit.write("push", who=HONK, subject="task:x")
    with (
        closing(sqlite3.connect(tmp_path / DATABASE_NAME)) as database,
        pytest.raises(sqlite3.IntegrityError, match="only appended to"),
    ):
        database.execute(statement)


async def test_whoever_changes_it_on_purpose_is_found(tmp_path: Path) -> None:
    async with sql(tmp_path) as store:
        for number in range(3):
            await store.audit.write("push", who=HONK, subject=f"task:{number}", came_of=DONE)
        with closing(sqlite3.connect(tmp_path / DATABASE_NAME)) as database:
            database.execute("DROP TRIGGER honk_audit_no_delete")
            database.execute("DELETE FROM honk_audit WHERE sequence = 3")
            database.commit()
        checked = await store.audit.check()
        assert checked.wrong is not None
        assert (checked.wrong.sequence, checked.wrong.kind) == (3, Tampering.TRUNCATED)


async def test_two_stores_of_one_folder_make_one_chain(tmp_path: Path) -> None:
    """As two processes do: each has its own lock, SQLite's alone is common."""
    async with sql(tmp_path) as one, sql(tmp_path) as other, asyncio.TaskGroup() as group:
        for number in range(10):
            group.create_task(one.audit.write("push", who=HONK, subject=f"task:{number}"))
            group.create_task(other.audit.write("merge", who=HONK, subject=f"task:{number}"))
    async with sql(tmp_path) as store:
        checked = await store.audit.check()
        assert (checked.wrong, checked.head.sequence) == (None, 20)


async def test_a_locked_database_keeps_the_act_from_being_done(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("honk.base.sqlite.PRAGMAS", ("busy_timeout=1", "journal_mode=WAL"))
    async with sql(tmp_path) as store:
        with closing(sqlite3.connect(tmp_path / DATABASE_NAME, isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            with pytest.raises(
                StoreBusy, match=r"could not be written to the audit log, so it was not done\. .*locked"
            ):
                await store.audit.write("push", who=HONK, subject="task:x")
        assert (await store.audit.head()).sequence == 0


async def test_a_full_disk_keeps_the_act_from_being_done(tmp_path: Path) -> None:
    async with sql(tmp_path) as store:
        await store.audit.write("push", who=HONK, subject="task:x")
        real, store.audit.anchors = store.audit.anchors, (FileAnchor(Path("/dev/full")),)
        with pytest.raises(StoreFull, match=r"so it was not done\. The disk is full: its anchor .* Free some space"):
            await store.audit.write("merge", who=HONK, subject="task:x")
        store.audit.anchors = real
        with pytest.raises(StoreFull, match=r"so it was not done\. The disk is full: .*honk\.db"):
            await _fill(store)
        checked = await store.audit.check()
        assert checked.wrong is None
        assert {one.act for one in await store.audit.read()} == {"push"}


async def _fill(store: SqlStore) -> None:
    """As a disk that has no room for one page more."""
    database = store.audit._database
    async with database.write(is_synced=True) as connection:
        pages = (await connection.exec_driver_sql("PRAGMA page_count")).scalar_one()
        await connection.exec_driver_sql(f"PRAGMA max_page_count = {pages}")
    body = {f"k{number}": "x" * 300 for number in range(50)}
    for _ in range(50):
        await store.audit.write("push", who=HONK, subject="task:x", body=body)


async def test_an_anchor_that_cannot_be_written_keeps_the_act_from_being_done(tmp_path: Path) -> None:
    async with sql(tmp_path) as store:
        await store.audit.write("push", who=HONK, subject="task:x")
        anchor, aside = tmp_path / ANCHOR_NAME, tmp_path / "aside"
        anchor.rename(aside)
        anchor.mkdir()  # root may write into every file, and into no folder as if it were one
        with pytest.raises(AnchorLost, match=r"so it was not done\. Its anchor .* cannot be written"):
            await store.audit.write("push", who=HONK, subject="task:y")
        anchor.rmdir()
        aside.rename(anchor)
        checked = await store.audit.check()
        assert (checked.wrong, checked.head.sequence) == (None, 1)


async def test_a_torn_anchor_is_written_on(tmp_path: Path) -> None:
    async with sql(tmp_path) as store:
        await store.audit.write("push", who=HONK, subject="task:x")
        with (tmp_path / ANCHOR_NAME).open("ab") as anchor:
            anchor.write(b"2 abc")
        await store.audit.write("push", who=HONK, subject="task:y")
        checked = await store.audit.check()
        assert checked.wrong is None
        assert checked.notes == ("The anchor has 1 lines that cannot be read.",)


async def test_a_missing_anchor_is_told(tmp_path: Path) -> None:
    async with sql(tmp_path) as store:
        await store.audit.write("push", who=HONK, subject="task:x")
        (tmp_path / ANCHOR_NAME).unlink()
        checked = await store.audit.check()
        assert checked.wrong is not None
        assert checked.wrong.kind is Tampering.UNANCHORED


async def test_an_emptied_anchor_is_told_and_one_elsewhere_that_is_gone_as_well(tmp_path: Path) -> None:
    store = await open_store(tmp_path / "home", FileAnchor(tmp_path / "heads", is_later=True))
    await store.audit.write("push", who=HONK, subject="task:x")
    assert (await store.audit.check()).notes == ()
    (tmp_path / "heads").unlink()
    checked = await store.audit.check()
    assert checked.wrong is None
    assert checked.notes == (f"{tmp_path}/heads was not looked at: it keeps nothing yet, or cannot be read back.",)
    await store.audit.write("push", who=HONK, subject="task:y")
    assert (await store.audit.check()).notes == ("The anchor was set up behind entry 1.",)
    (tmp_path / "home" / ANCHOR_NAME).write_text("")
    checked = await store.audit.check()
    assert checked.wrong is not None
    assert (checked.wrong.sequence, checked.wrong.kind) == (1, Tampering.INSERTED)
    await store.close()


async def test_an_entry_that_cannot_be_read_is_said_to_be_changed(tmp_path: Path) -> None:
    async with sql(tmp_path) as store:
        with closing(sqlite3.connect(tmp_path / DATABASE_NAME)) as database:
            database.execute("INSERT INTO honk_audit VALUES (1, '{}', '')")
            database.commit()
        with pytest.raises(StoreError, match="honk audit verify"):
            await store.audit.read()


@pytest.mark.parametrize(
    ("statement", "number"),
    [
        ("UPDATE honk_audit SET record = CAST(x'ff7b7d' AS TEXT) WHERE sequence = 2", 2),
        ("UPDATE honk_audit SET digest = CAST(x'ff' AS TEXT) WHERE sequence = 2", 2),
        ("UPDATE honk_audit SET record = record || char(0) || 'x' WHERE sequence = 2", 2),
        ("INSERT INTO honk_audit VALUES (9223372036854775807, '{}', '')", 4),
    ],
)
async def test_what_is_no_text_and_no_number_of_ours_is_named_and_stops_the_acts_in_words(
    statement: str, number: int, tmp_path: Path
) -> None:
    async with sql(tmp_path) as store:
        for _ in range(3):
            await store.audit.write("push", who=HONK, subject="task:x", came_of=DONE)
        with closing(sqlite3.connect(tmp_path / DATABASE_NAME)) as database:
            database.execute("DROP TRIGGER honk_audit_no_update")
            database.execute(statement)
            database.commit()
        checked = await store.audit.check()
        assert checked.wrong is not None
        assert checked.wrong.sequence == number
        assert len(await store.audit.rows()) in (3, 4), "an export goes past it"
        if number == 4:
            with pytest.raises(StoreError, match="so it was not done"):
                await store.audit.write("push", who=HONK, subject="task:x")
