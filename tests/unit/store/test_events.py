"""Many followers of one task."""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from datetime import UTC, datetime
from typing import cast

import pytest

from honk.store import TaskEvent
from honk.store.database import Database
from honk.store.events import SqlEvents

pytestmark = pytest.mark.anyio
FOLLOWERS = 100


class Table(SqlEvents):
    """Rows that take a moment to read."""

    def __init__(self) -> None:
        super().__init__(cast(Database, None))
        self.rows: list[TaskEvent] = []
        self.looks = 0

    def add(self) -> None:
        at = datetime(2026, 1, 2, tzinfo=UTC)
        self.rows.append(TaskEvent(task_id="t1", sequence=len(self.rows) + 1, kind="said", body={}, at=at))

    async def read(self, task_id: str, after: int = 0) -> Sequence[TaskEvent]:
        self.looks += 1
        found = self.rows[after:]
        await asyncio.sleep(0)
        return found


async def heard(table: Table, until: int) -> list[int]:
    seen = []
    async with aclosing(cast(AsyncGenerator[TaskEvent, None], table.follow("t1"))) as events:
        async for event in events:
            seen.append(event.sequence)
            if event.sequence == until:
                break
    return seen


async def test_a_hundred_followers_of_a_task_look_once_for_each_event() -> None:
    table = Table()
    async with asyncio.timeout(5), asyncio.TaskGroup() as group:
        following = [group.create_task(heard(table, 5)) for _ in range(FOLLOWERS)]
        for _ in range(5):
            await asyncio.sleep(0.01)
            table.add()
            table.tell("t1", "said", {})
    assert all(one.result() == [1, 2, 3, 4, 5] for one in following)
    assert table.looks <= 6


async def test_what_is_told_while_others_look_is_missed_by_nobody() -> None:
    table = Table()
    async with asyncio.timeout(5), asyncio.TaskGroup() as group:
        following = []
        for _ in range(20):
            following.append(group.create_task(heard(table, 20)))
            await asyncio.sleep(0)  # some look just now
            table.add()
            table.tell("t1", "said", {})
            following.append(group.create_task(heard(table, 20)))
    assert all(one.result() == list(range(1, 21)) for one in following)
