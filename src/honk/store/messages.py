"""What people said, in the database."""

import asyncio
from collections import defaultdict
from collections.abc import AsyncGenerator, Sequence
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from honk.domain.task import OutcomeName
from honk.store import Message
from honk.store import tables as t
from honk.store.conversation import Fact
from honk.store.database import Database
from honk.store.events import SqlEvents, append_event
from honk.store.rows import row_of, values_of

_IN_ORDER = (t.message.c.at, t.message.c.message_id)


class SqlMessages:
    """Port `Messages`."""

    def __init__(self, database: Database, events: SqlEvents) -> None:
        self._database = database
        self._events = events
        self._bells: dict[str, set[asyncio.Event]] = defaultdict(set)

    async def append(self, message: Message, fact: Fact | None = None) -> bool:
        """False for one that came before."""
        async with self._database.write() as connection:
            if not await append_message(connection, message):
                return False
            if fact is not None:
                await append_event(connection, message.task_id, fact.kind, fact.body, fact.key)
        if fact is not None:
            self._events.tell(message.task_id, fact.kind, fact.body)
        for bell in self._bells.get(message.task_id, ()):
            bell.set()
        return True

    async def get(self, message_id: str) -> Message | None:
        """None where there is none."""
        found = await self._read(t.message.c.message_id == message_id)
        return found[0] if found else None

    async def of(self, task_id: str) -> Sequence[Message]:
        """In the order they were said."""
        return await self._read(t.message.c.task_id == task_id)

    async def waiting(self, task_id: str) -> Sequence[Message]:
        """In the order they were said."""
        return await self._read(t.message.c.task_id == task_id, t.message.c.used_at.is_(None))

    async def follow(self, task_id: str) -> AsyncGenerator[Sequence[Message]]:
        """The table is the truth, the bell only says when to look."""
        bell = asyncio.Event()
        self._bells[task_id].add(bell)
        try:
            while True:
                bell.clear()
                yield await self.waiting(task_id)
                await bell.wait()
        finally:
            self._bells[task_id].discard(bell)
            if not self._bells[task_id]:
                del self._bells[task_id]

    async def use(self, message_ids: Sequence[str], at: datetime) -> None:
        """The first time holds."""
        where = (t.message.c.message_id.in_(message_ids), t.message.c.used_at.is_(None))
        async with self._database.write() as connection:
            await connection.execute(sa.update(t.message).where(*where).values(used_at=at))

    async def left_over(self) -> Sequence[Message]:
        """By the index of those that wait, which are few."""
        ended = sa.select(t.task.c.task_id).where(
            t.task.c.outcome.is_not(None), t.task.c.outcome != OutcomeName.CANCELLED.value
        )
        return await self._read(t.message.c.used_at.is_(None), t.message.c.task_id.in_(ended))

    async def _read(self, *where: sa.ColumnElement[bool]) -> Sequence[Message]:
        query = sa.select(t.message).where(*where).order_by(*_IN_ORDER)
        async with self._database.read() as connection:
            return [Message(**values_of(row)) for row in await connection.execute(query)]


async def append_message(connection: AsyncConnection, message: Message) -> bool:
    """Inside a transaction of somebody else. False for one that came before."""
    if await has_message(connection, message.message_id):
        return False
    await connection.execute(sa.insert(t.message).values(row_of(message)))
    return True


async def has_message(connection: AsyncConnection, message_id: str) -> bool:
    """Whether something was said by this id."""
    known = sa.select(t.message.c.message_id).where(t.message.c.message_id == message_id)
    return (await connection.execute(known)).first() is not None
