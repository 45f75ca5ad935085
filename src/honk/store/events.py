"""The append-only log in the database, and the bell that wakes its followers in this process."""

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Mapping, Sequence

import sqlalchemy as sa
from sqlalchemy.dialects.sqlite import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from honk.base.clock import now
from honk.base.records import dump, load
from honk.store import TaskEvent
from honk.store import tables as t
from honk.store.database import Database
from honk.store.heard import Ear

_Body = dict[str, object]


def _append() -> sa.Insert:
    """With the next number of the task, unless the key is known: one statement, for there are many events."""
    next_number = sa.func.coalesce(sa.func.max(t.event.c.sequence), 0) + 1
    given = [sa.bindparam(name, type_=t.event.c[name].type) for name in _GIVEN]
    numbered = sa.select(*given, next_number).where(t.event.c.task_id == given[0])
    return insert(t.event).from_select([*_GIVEN, "sequence"], numbered).on_conflict_do_nothing(["idempotency_key"])


_GIVEN = ("task_id", "kind", "body", "idempotency_key", "at")
_APPEND = _append()


class SqlEvents:
    """Port `Events`."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self.ear: Ear | None = None
        """Hears what is told. A fact that is told again after a crash is heard again."""
        self._bells: dict[str, set[asyncio.Event]] = defaultdict(set)
        self._lookouts: dict[asyncio.Event, tuple[frozenset[str], set[str]]] = {}

    async def append(self, task_id: str, kind: str, body: Mapping[str, object], key: str | None = None) -> None:
        """Numbered by the only writer, so there are no gaps and no doubles."""
        async with self._database.write() as connection:
            await append_event(connection, task_id, kind, body, key)
        self.tell(task_id, kind, body)

    def tell(self, task_id: str, kind: str, body: Mapping[str, object]) -> None:
        """It was appended, and is kept: its followers look, whoever watches for the kind wakes, the ear hears it."""
        for bell in self._bells.get(task_id, ()):
            bell.set()
        for bell, (kinds, grown) in self._lookouts.items():
            if kind in kinds:
                grown.add(task_id)
                bell.set()
        if self.ear is not None:
            self.ear.event(kind, body)

    async def read(self, task_id: str, after: int = 0) -> Sequence[TaskEvent]:
        """In order, those after the number."""
        query = (
            sa.select(t.event)
            .where(t.event.c.task_id == task_id, t.event.c.sequence > after)
            .order_by(t.event.c.sequence)
        )
        async with self._database.read() as connection:
            return [
                TaskEvent(
                    task_id=row.task_id, sequence=row.sequence, kind=row.kind, body=load(_Body, row.body), at=row.at
                )
                for row in await connection.execute(query)
            ]

    async def follow(self, task_id: str, after: int = 0) -> AsyncIterator[TaskEvent]:
        """What is there, then what comes; the table is the truth, the bell only says when to look."""
        bell = asyncio.Event()
        self._bells[task_id].add(bell)
        try:
            while True:
                bell.clear()
                for event in await self.read(task_id, after):
                    after = event.sequence
                    yield event
                await bell.wait()
        finally:
            self._bells[task_id].discard(bell)
            if not self._bells[task_id]:
                del self._bells[task_id]

    async def watch(self, kinds: frozenset[str]) -> AsyncIterator[frozenset[str]]:
        """However much happens, one set at a time: it grows until it is taken."""
        bell, grown = asyncio.Event(), set[str]()
        self._lookouts[bell] = (kinds, grown)
        try:
            yield frozenset()
            while True:
                await bell.wait()
                bell.clear()
                taken = frozenset(grown)
                grown.clear()
                yield taken
        finally:
            del self._lookouts[bell]


async def append_event(
    connection: AsyncConnection, task_id: str, kind: str, body: Mapping[str, object], key: str | None
) -> None:
    """Inside a transaction of somebody else; `SqlEvents.tell` is for after it."""
    await connection.execute(
        _APPEND,
        {"task_id": task_id, "kind": kind, "body": dump(_Body, dict(body)), "idempotency_key": key, "at": now()},
    )
