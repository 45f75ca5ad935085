"""Fills a state folder's database with tasks that ended and tasks that are parked: rows, of which nothing ever ran."""

import asyncio
import contextlib
import sqlite3
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from honk.base.clock import now
from honk.domain.conversation import Parked, ParkKind, Question
from honk.domain.task import Brief, Outcome, OutcomeName, Status
from honk.store import Delivery
from honk.store.conversation import Fact
from honk.store.sql import DATABASE_NAME, SqlStore, open_store
from honk.testing.store_rules import CHANGE, EXAMINATION, a_run, a_task
from honk.workflows.housekeeping import STAMP

NUMBERS = "with recursive n(i) as (select 1 union all select i + 1 from n where i < {count}) "
TABLES = ("honk_delivery", "honk_task", "honk_brief", "honk_run", "honk_event", "honk_parked")
IDS = ("delivery_id", "task_id", "run_id", "idempotency_key")


def fill(home: Path, ended: int, parked: int) -> None:
    """One task of each kind by the store itself, then its rows over and over."""
    asyncio.run(_patterns(home))
    with contextlib.closing(sqlite3.connect(home / DATABASE_NAME, timeout=30)) as database, database:
        _repeat(database, "ended", ended - 1)
        _repeat(database, "parked", parked - 1)
    (home / STAMP).touch()  # the daily look at everything that is kept is not what is measured


def _repeat(database: sqlite3.Connection, pattern: str, count: int) -> None:
    for table in TABLES:
        columns = [row[1] for row in database.execute(f"pragma table_info({table})")]
        owner = "delivery_id" if table == "honk_delivery" else "task_id"
        if table == "honk_run" or owner in columns:
            made = ", ".join(f"{name} || '-' || i" if name in IDS else name for name in columns)
            if table == "honk_parked":  # the value itself names its run and task
                made = made.replace("body", f"replace(body, '{pattern}', '{pattern}-' || i)")
            database.execute(
                NUMBERS.format(count=count)
                + f"insert into {table} ({', '.join(columns)}) select {made} from {table}, n where {owner} = ?",
                (pattern,),
            )


async def _patterns(home: Path) -> None:
    store = await open_store(home)
    try:
        await _accept(store, "ended")
        run = await store.runs.latest_run("ended")
        await store.runs.save_run(replace(run, finished_at=now(), change=CHANGE, examination=EXAMINATION))
        outcome = Outcome(name=OutcomeName.NO_CHANGE, reason="There is nothing to do.")
        await store.tasks.set_status("ended", Status.FINISHED, outcome)
        await _accept(store, "parked")
        question = Question(question_id="q", text="Which?", choices=("a", "b"), recommended="a")
        waits = Parked(
            run_id="parked-1", task_id="parked", kind=ParkKind.QUESTION, attempt=1, question=question, words="Which?",
            since=now(), until=datetime(2200, 1, 1, tzinfo=UTC),
        )  # fmt: skip
        assert await store.parking.park(waits, Fact("asked", {"text": "Which?"}, "parked-1:asked"))
    finally:
        await store.close()


async def _accept(store: SqlStore, name: str) -> None:
    task = a_task(name, now())
    run = a_run(f"{name}-1", name, now())
    delivery = Delivery(delivery_id=name, door="api", received_at=now(), body=task.prompt)
    assert await store.tasks.accept(delivery, task, Brief(version=1, goal=task.prompt), run, lambda _: None)
    await store.events.append(name, "accepted", {"task_id": name, "sandbox": "bubblewrap"}, f"{name}-1:accepted")
