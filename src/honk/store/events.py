"""The append-only log in the database, and the bell that wakes its followers in this process."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

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


@dataclass(slots=True)
class _Followed:
    """A task's followers. Whom the same bell woke share one look at the table: a hundred stand in each other's way."""

    bells: set[asyncio.Event] = field(default_factory=set)
    rung: int = 0
    looks: dict[tuple[int, int], asyncio.Task[Sequence[TaskEvent]]] = field(default_factory=dict)
    """Under way: by the number behind which they look, and how often it had rung when they began."""

    def ring(self) -> None:
        self.rung += 1
        for bell in self.bells:
            bell.set()

    async def look(
        self, after: int, read: Callable[[], Coroutine[Any, Any, Sequence[TaskEvent]]]
    ) -> Sequence[TaskEvent]:
        """Nobody joins a look that began before it rang last, so it holds all that is there."""
        key = (after, self.rung)
        if key not in self.looks:
            look = self.looks[key] = asyncio.create_task(read())
            look.add_done_callback(lambda done: (self.looks.pop(key), done.cancelled() or done.exception()))
        return await asyncio.shield(self.looks[key])


class SqlEvents:
    """Port `Events`."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self.ear: Ear | None = None
        """Hears what is told. A fact that is told again after a crash is heard again."""
        self._followed: dict[str, _Followed] = {}
        self._lookouts: dict[asyncio.Event, tuple[frozenset[str], set[str]]] = {}

    async def append(self, task_id: str, kind: str, body: Mapping[str, object], key: str | None = None) -> None:
        """Numbered by the only writer, so there are no gaps and no doubles."""
        async with self._database.write() as connection:
            await append_event(connection, task_id, kind, body, key)
        self.tell(task_id, kind, body)

    def tell(self, task_id: str, kind: str, body: Mapping[str, object]) -> None:
        """It was appended, and is kept: its followers look, whoever watches for the kind wakes, the ear hears it."""
        if (followed := self._followed.get(task_id)) is not None:
            followed.ring()
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

    async def follow(self, task_id: str, after: int = 0) -> AsyncGenerator[TaskEvent]:
        """What is there, then what comes; the table is the truth, the bell only says when to look."""
        followed, bell = self._followed.setdefault(task_id, _Followed()), asyncio.Event()
        followed.bells.add(bell)
        try:
            while True:
                bell.clear()
                for event in await followed.look(after, partial(self.read, task_id, after)):
                    after = event.sequence
                    yield event
                await bell.wait()
        finally:
            followed.bells.discard(bell)
            if not followed.bells and self._followed.get(task_id) is followed:
                del self._followed[task_id]

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
    await connection.run_sync(append_in, task_id, kind, body, key)


def append_in(connection: sa.Connection, task_id: str, kind: str, body: Mapping[str, object], key: str | None) -> None:
    """The same for those who join a transaction."""
    connection.execute(
        _APPEND,
        {"task_id": task_id, "kind": kind, "body": dump(_Body, dict(body)), "idempotency_key": key, "at": now()},
    )
