"""Tasks and their briefs in the database."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from honk.base.records import dump, load
from honk.domain.deployment import TROUBLES, DeploymentState
from honk.domain.listing import Listing, words_of
from honk.domain.task import Brief, Outcome, OutcomeName, Person, Repository, Status, Task, Trouble
from honk.store import Delivery, Enlist, NotFound, Run, UnknownTask
from honk.store import tables as t
from honk.store.database import Database
from honk.store.rows import put, row_of

_NEWER = t.deployment.alias("newer")
IN_TROUBLE = sa.select(t.deployment.c.task_id).where(
    t.deployment.c.state.in_([state.value for state in TROUBLES]),
    ~sa.exists().where(
        _NEWER.c.repository_id == t.deployment.c.repository_id,
        _NEWER.c.place > t.deployment.c.place,
        (_NEWER.c.state == DeploymentState.DEPLOYED.value)
        | ((_NEWER.c.task_id == t.deployment.c.task_id) & (_NEWER.c.state != DeploymentState.SUPERSEDED.value)),
    ),
)
"""As `trouble_of` has it, in SQL."""
_TROUBLE = IN_TROUBLE.with_only_columns(t.deployment.c.state).where(t.deployment.c.task_id == t.task.c.task_id)
TASKS = sa.select(
    t.task, t.repository.c.name, t.repository.c.location, _TROUBLE.limit(1).scalar_subquery().label("trouble")
).join(t.repository)
NEWEST_FIRST = (t.task.c.created_at.desc(), t.task.c.task_id.desc())
Condition = sa.ColumnElement[bool]


class SqlTasks:
    """Port `Tasks`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def accept(self, delivery: Delivery, task: Task, brief: Brief, run: Run, enlist: Enlist) -> bool:
        """Everything or nothing; False, and nothing, for a delivery that came before."""
        async with self._database.write() as connection:
            known = sa.select(t.delivery.c.delivery_id).where(t.delivery.c.delivery_id == delivery.delivery_id)
            if (await connection.execute(known)).first() is not None:
                return False
            await connection.execute(sa.insert(t.delivery).values(row_of(delivery)))
            await put(connection, t.repository, t.repository.c.repository_id, row_of(task.repository))
            await connection.execute(sa.insert(t.task).values(_task_row(task, delivery.delivery_id)))
            body = dump(Brief, brief)
            await connection.execute(sa.insert(t.brief).values(task_id=task.task_id, version=brief.version, body=body))
            await connection.execute(sa.insert(t.run).values(row_of(run)))
            await connection.run_sync(enlist)
            return True

    async def task(self, task_id: str) -> Task:
        """By its id, or by a beginning that no other shares."""
        beginning = t.task.c.task_id.startswith(task_id, autoescape=True)
        async with self._database.read() as connection:
            rows = (await connection.execute(TASKS.where(beginning).order_by(t.task.c.task_id).limit(2))).all()
        if task_id and rows and (len(rows) == 1 or rows[0].task_id == task_id):
            return task_of_row(rows[0])
        if task_id and rows:
            raise UnknownTask(
                f"Several tasks begin with {task_id!r}: {rows[0].task_id}, {rows[1].task_id}... Give more of it."
            )
        raise UnknownTask(f"No task is called {task_id!r}. `honk task list` shows those that there are.")

    async def find(self, listing: Listing) -> Sequence[Task]:
        """The newest first."""
        query = TASKS.where(*conditions(listing)).order_by(*NEWEST_FIRST)
        if (place := listing.behind) is not None:
            query = query.where(is_behind(place.created_at, place.task_id))
        async with self._database.read() as connection:
            return [task_of_row(row) for row in await connection.execute(query.limit(listing.limit))]

    async def counts(self) -> Mapping[tuple[Status, OutcomeName | None], int]:
        """By one pass over the table."""
        kind = (t.task.c.status, t.task.c.outcome)
        query = sa.select(*kind, sa.func.count()).group_by(*kind)
        async with self._database.read() as connection:
            found = (await connection.execute(query)).all()
        return {(Status(status), OutcomeName(name) if name else None): count for status, name, count in found}

    async def delivered(self, delivery_id: str) -> Task | None:
        """By the row that the arrival left on its task."""
        async with self._database.read() as connection:
            row = (await connection.execute(TASKS.where(t.task.c.delivery_id == delivery_id))).first()
        return task_of_row(row) if row is not None else None

    async def set_status(self, task_id: str, status: Status, outcome: Outcome | None = None) -> None:
        """Raises NotFound."""
        values = {
            "status": status.value,
            "outcome": outcome.name.value if outcome else None,
            "outcome_reason": outcome.reason if outcome else None,
        }
        async with self._database.write() as connection:
            done = await connection.execute(sa.update(t.task).where(t.task.c.task_id == task_id).values(values))
            if outcome is not None:
                await connection.execute(sa.delete(t.parked).where(t.parked.c.task_id == task_id))
        if done.rowcount == 0:
            raise NotFound(f"No task is called {task_id!r}.")

    async def replays(self, task_id: str) -> Sequence[Task]:
        """The newest first."""
        query = TASKS.where(t.task.c.replay_of == task_id).order_by(*NEWEST_FIRST)
        async with self._database.read() as connection:
            return [task_of_row(row) for row in await connection.execute(query)]

    async def followers(self, task_id: str) -> Sequence[Task]:
        """The newest first."""
        query = TASKS.where(t.task.c.follows == task_id).order_by(*NEWEST_FIRST)
        async with self._database.read() as connection:
            return [task_of_row(row) for row in await connection.execute(query)]

    async def brief(self, task_id: str, version: int | None = None) -> Brief:
        """The newest version, or the one asked for. Raises NotFound."""
        query = sa.select(t.brief.c.body).where(t.brief.c.task_id == task_id).order_by(t.brief.c.version.desc())
        if version is not None:
            query = query.where(t.brief.c.version == version)
        async with self._database.read() as connection:
            body = await connection.scalar(query.limit(1))
        if body is None:
            raise NotFound(f"No brief {'' if version is None else f'v{version} '}is kept for task {task_id!r}.")
        return load(Brief, body)


async def all_tasks(connection: AsyncConnection, task_id: str | None) -> Sequence[Task]:
    """Every task, or the one of exactly this id."""
    query = TASKS if task_id is None else TASKS.where(t.task.c.task_id == task_id)
    return [task_of_row(row) for row in await connection.execute(query)]


def conditions(listing: Listing) -> list[Condition]:
    """As `is_listed` has it, in SQL."""
    column = t.task.c
    where: list[Condition] = []
    for held, wanted in (
        (column.status, listing.status), (column.outcome, listing.outcome), (column.person_id, listing.person_id)
    ):  # fmt: skip
        if wanted is not None:
            where.append(held == str(wanted))
    if listing.repository_ids is not None:
        where.append(column.repository_id.in_(sorted(listing.repository_ids)))
    where += [
        sa.func.lower(column.prompt).contains(word, autoescape=True) | (column.task_id == word)
        for word in words_of(listing)
    ]
    return where


def is_behind(created_at: datetime | sa.ColumnElement[Any], task_id: str) -> Condition:
    """Whether a task comes later among the newest first; the moment may be a question to the database itself."""
    column = t.task.c
    same = sa.and_(column.created_at == created_at, column.task_id < task_id)
    return sa.or_(column.created_at < created_at, same)


def _task_row(task: Task, delivery_id: str) -> dict[str, object]:
    return {
        "task_id": task.task_id,
        "repository_id": task.repository.repository_id,
        "delivery_id": delivery_id,
        "base_branch": task.base_branch,
        "base_sha": task.base_sha,
        "prompt": task.prompt,
        "asker": dump(Person, task.asker),
        "agent": task.agent,
        "model": task.model,
        "notes": dump(tuple[str, ...], task.notes),
        "replay_of": task.replay_of,
        "follows": task.follows,
        "person_id": task.person_id,
        "created_at": task.created_at,
        "status": task.status.value,
        "outcome": task.outcome.name.value if task.outcome else None,
        "outcome_reason": task.outcome.reason if task.outcome else None,
    }


def task_of_row(row: sa.Row[Any]) -> Task:
    return Task(
        task_id=row.task_id,
        repository=Repository(repository_id=row.repository_id, name=row.name, location=row.location),
        base_branch=row.base_branch,
        base_sha=row.base_sha,
        prompt=row.prompt,
        asker=load(Person, row.asker),
        agent=row.agent,
        model=row.model,
        created_at=row.created_at,
        status=Status(row.status),
        outcome=Outcome(name=OutcomeName(row.outcome), reason=row.outcome_reason or "") if row.outcome else None,
        notes=load(tuple[str, ...], row.notes),
        replay_of=row.replay_of,
        follows=row.follows,
        person_id=row.person_id,
        trouble=Trouble(row.trouble) if row.trouble else None,
    )
