"""What runs wait for, in the database: let go by compare and set."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from honk.base.records import dump, load
from honk.domain.conversation import Parked
from honk.domain.task import Outcome, Status
from honk.store import Enlist, Message, Run
from honk.store import tables as t
from honk.store.conversation import Fact
from honk.store.database import Database
from honk.store.events import SqlEvents, append_event
from honk.store.messages import append_message, has_message
from honk.store.rows import put, row_of
from honk.store.runs import run_of


class SqlParking:
    """Port `Parking`."""

    def __init__(self, database: Database, events: SqlEvents) -> None:
        self._database = database
        self._events = events

    async def park(self, parked: Parked, fact: Fact) -> bool:
        """Compared with the run's own leg, by the only writer."""
        async with self._database.write() as connection:
            row = (await connection.execute(sa.select(t.run).where(t.run.c.run_id == parked.run_id))).first()
            if row is None or run_of(row).leg.number != parked.leg:
                return False
            if await _standing(connection, parked) is not None:
                return False
            if not await _set_status(connection, parked.task_id, Status.WAITING):
                return False
            await connection.execute(sa.insert(t.parked).values(_row(parked)))
            await append_event(connection, parked.task_id, fact.kind, fact.body, fact.key)
        self._events.tell(parked.task_id, fact.kind, fact.body)
        return True

    async def go_on(
        self, parked: Parked, run: Run, facts: Sequence[Fact], enlist: Enlist, message: Message | None = None
    ) -> bool:
        """Everything or nothing."""
        async with self._database.write() as connection:
            if message is not None and await has_message(connection, message.message_id):
                return False
            if not await _let_go(connection, parked):
                return False
            await put(connection, t.run, t.run.c.run_id, row_of(run))
            await _set_status(connection, parked.task_id, Status.QUEUED)
            if message is not None:
                await append_message(connection, message)
            for fact in facts:
                await append_event(connection, parked.task_id, fact.kind, fact.body, fact.key)
            await connection.run_sync(enlist)
        for fact in facts:
            self._events.tell(parked.task_id, fact.kind, fact.body)
        return True

    async def end(self, parked: Parked, run: Run, outcome: Outcome, fact: Fact) -> bool:
        """Everything or nothing."""
        async with self._database.write() as connection:
            if not await _let_go(connection, parked):
                return False
            await put(connection, t.run, t.run.c.run_id, row_of(run))
            await _set_status(connection, parked.task_id, Status.FINISHED, outcome)
            await append_event(connection, parked.task_id, fact.kind, fact.body, fact.key)
        self._events.tell(parked.task_id, fact.kind, fact.body)
        return True

    async def of(self, task_id: str) -> Parked | None:
        """None where its run does not wait."""
        found = await self._read(t.parked.c.task_id == task_id)
        return found[0] if found else None

    async def due(self, at: datetime) -> Sequence[Parked]:
        """By the index of the times."""
        return await self._read(t.parked.c.until <= at)

    async def _read(self, *where: sa.ColumnElement[bool]) -> Sequence[Parked]:
        query = sa.select(t.parked.c.body).where(*where).order_by(t.parked.c.since, t.parked.c.run_id)
        async with self._database.read() as connection:
            return [load(Parked, body) for body in await connection.scalars(query)]


async def _let_go(connection: AsyncConnection, parked: Parked) -> bool:
    if await _standing(connection, parked) != parked.leg:
        return False
    await connection.execute(sa.delete(t.parked).where(t.parked.c.run_id == parked.run_id))
    return True


async def _standing(connection: AsyncConnection, parked: Parked) -> int | None:
    """The leg behind which the run waits; None where it does not."""
    body = await connection.scalar(sa.select(t.parked.c.body).where(t.parked.c.run_id == parked.run_id))
    return None if body is None else load(Parked, body).leg


async def _set_status(
    connection: AsyncConnection, task_id: str, status: Status, outcome: Outcome | None = None
) -> bool:
    """Not of a task that has ended."""
    values: dict[str, Any] = {"status": status.value}
    if outcome is not None:
        values |= {"outcome": outcome.name.value, "outcome_reason": outcome.reason}
    where = (t.task.c.task_id == task_id, t.task.c.outcome.is_(None))
    return bool((await connection.execute(sa.update(t.task).where(*where).values(values))).rowcount)


def _row(parked: Parked) -> dict[str, object]:
    return {
        "run_id": parked.run_id,
        "task_id": parked.task_id,
        "kind": parked.kind.value,
        "body": dump(Parked, parked),
        "since": parked.since,
        "until": parked.until,
    }
