"""A real second step: the database is copied before it, and is whole or as it was after it."""

import sqlite3
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from honk.domain.listing import Listing
from honk.store import NewerSchema, StoreError
from honk.store.database import OURS, Steps, migrate, schema_of
from honk.store.sql import open_store
from honk.testing.store_rules import a_run, a_task, accept

pytestmark = pytest.mark.anyio

STEP = Path(__file__).resolve().parents[2] / "stories" / "next_schema"
NEXT = Steps(revisions=(*OURS.revisions, "9999"), folders=(*OURS.folders, STEP))
BEFORE = "honk.db.before-9999"


async def a_database(home: Path) -> Path:
    store = await open_store(home)
    await accept(store, a_task(), a_run())
    await store.close()
    return home / "honk.db"


def rows(path: Path, query: str) -> list[tuple[object, ...]]:
    with closing(sqlite3.connect(path)) as database:
        return database.execute(query).fetchall()


async def test_the_database_is_copied_whole_before_a_step_is_taken(tmp_path: Path) -> None:
    path = await a_database(tmp_path)
    await migrate(path, NEXT)
    assert rows(path, "select task_id, colour from honk_task") == [("t1", "green")]
    assert schema_of(path) == "9999"
    assert schema_of(tmp_path / BEFORE) == OURS.revisions[-1]
    assert rows(tmp_path / BEFORE, "select task_id from honk_task") == [("t1",)]
    assert (tmp_path / BEFORE).stat().st_mode & 0o077 == 0


async def test_the_copy_put_back_is_what_the_older_honk_goes_on_with(tmp_path: Path) -> None:
    path = await a_database(tmp_path)
    await migrate(path, NEXT)
    with pytest.raises(NewerSchema, match=r"schema 9999.*Nothing was touched"):
        await open_store(tmp_path)
    (tmp_path / BEFORE).replace(path)
    store = await open_store(tmp_path)
    assert await store.tasks.find(Listing()) == [a_task()]
    await store.close()


async def test_a_step_that_breaks_leaves_the_database_as_it_was(tmp_path: Path) -> None:
    path = await a_database(tmp_path)
    with closing(sqlite3.connect(path)) as database, database:
        database.execute("create index ix_honk_task_colour on honk_task (prompt)")  # in the step's way
    with pytest.raises(StoreError, match="already exists"):
        await migrate(path, NEXT)
    assert schema_of(path) == OURS.revisions[-1]
    assert "colour" not in str(rows(path, "select sql from sqlite_master where name = 'honk_task'"))
    assert (tmp_path / BEFORE).exists()


async def test_an_upgrade_is_taken_once(tmp_path: Path) -> None:
    path = await a_database(tmp_path)
    await migrate(path, NEXT)
    (tmp_path / BEFORE).unlink()
    await migrate(path, NEXT)
    assert not (tmp_path / BEFORE).exists()
    with pytest.raises(NewerSchema):
        await migrate(path, replace(NEXT, revisions=NEXT.revisions[:-1]))
