"""Previews in the database."""

from collections.abc import Collection, Sequence

import sqlalchemy as sa

from honk.base.records import dump, load
from honk.domain.preview import Preview, PreviewState
from honk.store import tables as t
from honk.store.conversation import Fact
from honk.store.database import Database
from honk.store.events import SqlEvents, append_event
from honk.store.rows import put


class SqlPreviews:
    """Port `Previews`."""

    def __init__(self, database: Database, events: SqlEvents) -> None:
        self._database = database
        self._events = events

    async def save(self, preview: Preview, facts: Sequence[Fact] = ()) -> None:
        """Everything or nothing."""
        row: dict[str, object] = {
            "label": preview.label,
            "task_id": preview.task_id,
            "state": preview.state.value,
            "created_at": preview.created_at,
            "body": dump(Preview, preview),
        }
        async with self._database.write() as connection:
            await put(connection, t.preview, t.preview.c.label, row)
            for fact in facts:
                await append_event(connection, preview.task_id, fact.kind, fact.body, fact.key)
        for fact in facts:
            self._events.tell(preview.task_id, fact.kind, fact.body)

    async def get(self, label: str) -> Preview | None:
        """By its label."""
        found = await self._read(t.preview.c.label == label)
        return found[0] if found else None

    async def of_task(self, task_id: str) -> Sequence[Preview]:
        """By the index of the tasks."""
        return await self._read(t.preview.c.task_id == task_id)

    async def standing(self, states: Collection[PreviewState]) -> Sequence[Preview]:
        """By the index of the states."""
        return await self._read(t.preview.c.state.in_([state.value for state in states]))

    async def _read(self, where: sa.ColumnElement[bool]) -> Sequence[Preview]:
        query = sa.select(t.preview.c.body).where(where).order_by(t.preview.c.created_at, t.preview.c.label)
        async with self._database.read() as connection:
            return [load(Preview, body) for body in await connection.scalars(query)]
