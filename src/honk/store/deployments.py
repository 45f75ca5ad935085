"""Deployments and undos in the database: whose turn it is is decided by the only writer."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, TypeVar

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from honk.base.records import dump, load
from honk.domain.deployment import Deployment, Undo, next_of
from honk.store import Enlist, NotFound, StoreError
from honk.store import tables as t
from honk.store.conversation import Fact
from honk.store.database import Database
from honk.store.events import SqlEvents, append_event, append_in
from honk.store.production import Wake

One = TypeVar("One", Deployment, Undo)
_Any = Deployment | Undo
_UNENDED = ("waiting", "running", "checking")
_UNENDED_UNDO = ("waiting", "rolling_back", "reverting")


class SqlDeployments:
    """Port `Deployments`."""

    def __init__(self, database: Database, events: SqlEvents) -> None:
        self._database = database
        self._events = events

    def joining(self, deployment: Deployment, facts: Sequence[Fact], enlist: Enlist) -> Enlist:
        """With the next place of the repository."""

        def join(connection: object) -> None:
            if not isinstance(connection, sa.Connection):
                raise StoreError(f"A deployment cannot join a transaction of {type(connection).__name__}.")
            known = sa.select(t.deployment.c.deployment_id).where(
                t.deployment.c.deployment_id == deployment.deployment_id
            )
            if connection.execute(known).first() is not None:
                return
            last = sa.select(sa.func.coalesce(sa.func.max(t.deployment.c.place), 0)).where(
                t.deployment.c.repository_id == deployment.repository_id
            )
            placed = replace(deployment, place=int(connection.scalar(last) or 0) + 1)
            connection.execute(sa.insert(t.deployment).values(_row(placed)))
            for fact in facts:
                append_in(connection, placed.task_id, fact.kind, fact.body, fact.key)
            enlist(connection)

        return join

    async def add(self, deployment: Deployment, facts: Sequence[Fact], enlist: Enlist) -> None:
        """See the port."""
        async with self._database.write() as connection:
            await connection.run_sync(self.joining(deployment, facts, enlist))
        self._tell(deployment.task_id, facts)

    async def ask(self, undo: Undo, facts: Sequence[Fact], enlist: Enlist) -> bool:
        """By its id."""
        async with self._database.write() as connection:
            known = sa.select(t.undo.c.undo_id).where(t.undo.c.undo_id == undo.undo_id)
            if (await connection.execute(known)).first() is not None:
                return False
            await connection.execute(sa.insert(t.undo).values(_row(undo)))
            await _append(connection, undo.task_id, facts)
            await connection.run_sync(enlist)
        self._tell(undo.task_id, facts)
        return True

    async def begin(self, one: _Any, after: _Any, facts: Sequence[Fact] = ()) -> bool:
        """The rule of turns, inside the transaction."""
        async with self._database.write() as connection:
            standing = await _standing(connection, one)
            if standing is None or standing.leg != one.leg:
                return False
            if standing.state == after.state:
                return True
            if standing != one or await _next(connection, one.repository_id) != one:
                return False
            await _save(connection, after)
            await _append(connection, after.task_id, facts)
        self._tell(after.task_id, facts)
        return True

    async def turn(
        self,
        before: _Any,
        after: _Any,
        facts: Sequence[Fact] = (),
        wake: Wake | None = None,
        enlist: Enlist | None = None,
    ) -> bool:
        """Everything or nothing."""
        async with self._database.write() as connection:
            if await _standing(connection, before) != before:
                return False
            await _save(connection, after)
            await _append(connection, after.task_id, facts)
            if wake is not None:
                await _wake(connection, after.repository_id, wake)
            if enlist is not None:
                await connection.run_sync(enlist)
        self._tell(after.task_id, facts)
        return True

    async def wake(self, repository_id: str, wake: Wake) -> None:
        """In a transaction of its own."""
        async with self._database.write() as connection:
            await _wake(connection, repository_id, wake)

    async def deployment(self, deployment_id: str) -> Deployment:
        """Raises NotFound."""
        found = await self._read(Deployment, t.deployment.c.deployment_id == deployment_id)
        if not found:
            raise NotFound(f"No deployment is called {deployment_id!r}.")
        return found[0]

    async def undo(self, undo_id: str) -> Undo:
        """Raises NotFound."""
        found = await self._read(Undo, t.undo.c.undo_id == undo_id)
        if not found:
            raise NotFound(f"No undo is called {undo_id!r}.")
        return found[0]

    async def of(self, repository_id: str) -> Sequence[Deployment]:
        """By their places."""
        return sorted(
            await self._read(Deployment, t.deployment.c.repository_id == repository_id), key=lambda one: one.place
        )

    async def undos(self, repository_id: str) -> Sequence[Undo]:
        """By their times."""
        found = await self._read(Undo, t.undo.c.repository_id == repository_id)
        return sorted(found, key=lambda one: (one.created_at, one.undo_id))

    async def of_task(self, task_id: str) -> tuple[Sequence[Deployment], Sequence[Undo]]:
        """By the indexes of the tasks."""
        deployments = await self._read(Deployment, t.deployment.c.task_id == task_id)
        undos = await self._read(Undo, t.undo.c.task_id == task_id)
        return sorted(deployments, key=lambda one: one.place), sorted(undos, key=lambda one: one.created_at)

    async def recent(self, limit: int) -> Sequence[Deployment]:
        """By the index of the times."""
        query = sa.select(t.deployment.c.body).order_by(t.deployment.c.created_at.desc()).limit(limit)
        async with self._database.read() as connection:
            return [load(Deployment, body) for body in await connection.scalars(query)]

    async def unended(self) -> Sequence[_Any]:
        """By the indexes of the states."""
        deployments = await self._read(Deployment, t.deployment.c.state.in_(_UNENDED))
        undos = await self._read(Undo, t.undo.c.state.in_(_UNENDED_UNDO))
        return [*deployments, *undos]

    async def _read(self, kind: type[One], *where: sa.ColumnElement[bool]) -> list[One]:
        async with self._database.read() as connection:
            return await _all(connection, kind, *where)

    def _tell(self, task_id: str, facts: Sequence[Fact]) -> None:
        for fact in facts:
            self._events.tell(task_id, fact.kind, fact.body)


async def _all(connection: AsyncConnection, kind: type[One], *where: sa.ColumnElement[bool]) -> list[One]:
    table = t.deployment if kind is Deployment else t.undo
    return [load(kind, body) for body in await connection.scalars(sa.select(table.c.body).where(*where))]


async def _standing(connection: AsyncConnection, one: _Any) -> _Any | None:
    table, key = _place(one)
    body = await connection.scalar(sa.select(table.c.body).where(key == _id_of(one)))
    return None if body is None else load(type(one), body)


async def _next(connection: AsyncConnection, repository_id: str) -> _Any | None:
    """Of those without an end alone: whoever writes waits for this, and the history only grows."""
    deployments = t.deployment.c.repository_id == repository_id, t.deployment.c.state.in_(_UNENDED)
    undos = t.undo.c.repository_id == repository_id, t.undo.c.state.in_(_UNENDED_UNDO)
    return next_of(await _all(connection, Deployment, *deployments), await _all(connection, Undo, *undos))


async def _wake(connection: AsyncConnection, repository_id: str, wake: Wake) -> None:
    found = await _next(connection, repository_id)
    if found is not None:
        onward = replace(found, leg=found.leg + 1)
        await _save(connection, onward)
        await connection.run_sync(wake(onward))


async def _save(connection: AsyncConnection, one: _Any) -> None:
    table, key = _place(one)
    await connection.execute(sa.update(table).where(key == _id_of(one)).values(_row(one)))


async def _append(connection: AsyncConnection, task_id: str, facts: Sequence[Fact]) -> None:
    for fact in facts:
        await append_event(connection, task_id, fact.kind, fact.body, fact.key)


def _place(one: _Any) -> tuple[sa.Table, sa.Column[Any]]:
    if isinstance(one, Deployment):
        return t.deployment, t.deployment.c.deployment_id
    return t.undo, t.undo.c.undo_id


def _id_of(one: _Any) -> str:
    return one.deployment_id if isinstance(one, Deployment) else one.undo_id


def _row(one: _Any) -> dict[str, object]:
    columns: dict[str, object] = {
        "repository_id": one.repository_id,
        "task_id": one.task_id,
        "number": one.number,
        "merged_sha": one.merged_sha,
        "state": one.state.value,
        "created_at": one.created_at,
        "body": dump(type(one), one),
    }
    if isinstance(one, Deployment):
        return {"deployment_id": one.deployment_id, "place": one.place, **columns}
    return {"undo_id": one.undo_id, **columns}
