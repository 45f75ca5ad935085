"""The board's and the scorecard's questions to the database: a page at a time, whatever is kept."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from honk.base.records import load
from honk.domain.board import Filters, Lane, Listed, Scored, Watcher, lane_of, listing_of
from honk.domain.change import PullRequest
from honk.domain.limits import Spent
from honk.domain.shipment import Shipment, ShipmentState
from honk.domain.task import OutcomeName, Person, Status, Task
from honk.store import tables as t
from honk.store.database import Database
from honk.store.tasks import IN_TROUBLE, NEWEST_FIRST, TASKS, Condition, conditions, is_behind, task_of_row

_LOOKED_AT = 1000
"""Characters of a request that tell where it belongs: a thousand requests of 64 KiB would be held in memory else."""
_UNDER_WAY = (Status.QUEUED.value, Status.RUNNING.value)
_ARMED = sa.select(t.shipment.c.task_id).where(t.shipment.c.state == ShipmentState.ARMED.value)
_IS_OPEN = t.task.c.task_id.in_(sa.select(t.pull_request.c.task_id).where(t.pull_request.c.state == "open"))


class SqlBoard:
    """Port `Board`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def page(
        self, watcher: Watcher, filters: Filters, lane: Lane, *, before: str | None = None, limit: int = 50
    ) -> Sequence[Listed]:
        """By the index of moments, from the row `before` on."""
        query = TASKS.where(*_wanted(watcher, filters), _in_lane(lane, watcher))
        if before is not None:
            last = sa.select(t.task.c.created_at).where(t.task.c.task_id == before).scalar_subquery()
            query = query.where(is_behind(last, before))
        query = query.order_by(*NEWEST_FIRST).limit(limit)
        async with self._database.read() as connection:
            return await _listed(connection, watcher, [task_of_row(row) for row in await connection.execute(query)])

    async def counts(self, watcher: Watcher, filters: Filters) -> Mapping[Lane, int]:
        """One question for each lane."""
        async with self._database.read() as connection:
            found = {}
            for lane in Lane:
                where = (*_wanted(watcher, filters), _in_lane(lane, watcher))
                found[lane] = await connection.scalar(sa.select(sa.func.count()).select_from(t.task).where(*where)) or 0
            return found

    async def listed(self, watcher: Watcher, task_ids: Collection[str]) -> Sequence[Listed]:
        """By exactly these ids."""
        query = TASKS.where(t.task.c.task_id.in_(sorted(task_ids)), *_wanted(watcher, Filters()))
        query = query.order_by(*NEWEST_FIRST)
        async with self._database.read() as connection:
            return await _listed(connection, watcher, [task_of_row(row) for row in await connection.execute(query)])

    async def pull_requests(self, task_id: str) -> Sequence[PullRequest]:
        """By number."""
        query = sa.select(t.pull_request.c.body).where(t.pull_request.c.task_id == task_id)
        async with self._database.read() as connection:
            bodies = await connection.scalars(query.order_by(t.pull_request.c.number))
            return [load(PullRequest, body) for body in bodies]

    async def people(self, watcher: Watcher) -> Mapping[str, str]:
        """Names by id, of those who signed in and asked."""
        where = (*_wanted(watcher, Filters()), t.task.c.person_id.is_not(None))
        query = sa.select(t.task.c.person_id, sa.func.max(t.task.c.asker).label("asker")).where(*where)
        async with self._database.read() as connection:
            rows = await connection.execute(query.group_by(t.task.c.person_id))
            return {row.person_id: load(Person, row.asker).name for row in rows}

    async def asked(self, watcher: Watcher, limit: int) -> Sequence[tuple[str, str]]:
        """Repository and words of the newest requests."""
        words = sa.func.substr(t.task.c.prompt, 1, _LOOKED_AT).label("words")
        query = sa.select(t.task.c.repository_id, words).where(*_wanted(watcher, Filters()))
        async with self._database.read() as connection:
            rows = await connection.execute(query.order_by(t.task.c.created_at.desc()).limit(limit))
            return [(row.repository_id, row.words) for row in rows]

    async def scores(self, watcher: Watcher, since: datetime | None) -> Sequence[Scored]:
        """The oldest first."""
        merged_at = (
            sa.select(sa.func.max(t.approval.c.at))
            .join(t.pull_request, t.pull_request.c.number == t.approval.c.number)
            .where(t.pull_request.c.task_id == t.task.c.task_id, t.pull_request.c.state == "merged")
            .scalar_subquery()
        )
        is_undone = sa.exists().where(t.undo.c.task_id == t.task.c.task_id).label("is_undone")
        columns = (t.task.c.task_id, t.task.c.repository_id, t.task.c.created_at, t.task.c.outcome, is_undone)
        query = sa.select(*columns, t.run.c.spent, t.run.c.finished_at, sa.type_coerce(merged_at, t.Instant)
                          .label("merged_at")).join(t.run, t.run.c.task_id == t.task.c.task_id)  # fmt: skip
        query = query.where(*_wanted(watcher, Filters()), t.task.c.replay_of.is_(None))
        if since is not None:
            query = query.where(t.task.c.created_at >= since)
        async with self._database.read() as connection:
            rows = await connection.execute(query.order_by(t.task.c.created_at, t.task.c.task_id, t.run.c.started_at))
            return _scored(rows)


def _scored(rows: sa.CursorResult[Any]) -> list[Scored]:
    """One for each task: what its runs cost together, and when the last of them ended."""
    found: dict[str, Scored] = {}
    for row in rows:
        before = found.get(row.task_id)
        found[row.task_id] = Scored(
            task_id=row.task_id,
            repository_id=row.repository_id,
            asked_at=row.created_at,
            outcome=OutcomeName(row.outcome) if row.outcome else None,
            cost_usd=load(Spent, row.spent).cost_usd + (before.cost_usd if before else 0.0),
            ended_at=row.finished_at,
            merged_at=row.merged_at,
            is_undone=row.is_undone,
        )
    return list(found.values())


async def _listed(connection: Any, watcher: Watcher, tasks: Sequence[Task]) -> list[Listed]:
    """The tasks with the newest pull request of each."""
    query = sa.select(t.pull_request.c.task_id, t.pull_request.c.body).order_by(t.pull_request.c.number)
    rows = await connection.execute(query.where(t.pull_request.c.task_id.in_([task.task_id for task in tasks])))
    newest = {row.task_id: load(PullRequest, row.body) for row in rows}
    armed = await _armed(connection, newest)
    found = []
    for task in tasks:
        pull_request, shipment = newest.get(task.task_id), armed.get(task.task_id)
        is_open = pull_request is not None and pull_request.state == "open"
        lane = lane_of(task, watcher, is_open=is_open, asked=shipment.asked if shipment else None)
        words = (shipment.names or shipment.words) if shipment is not None and is_open else ""
        found.append(Listed(task=task, lane=lane, pull_request=pull_request, waits_for=words))
    return found


async def _armed(connection: Any, task_ids: Collection[str]) -> Mapping[str, Shipment]:
    """Merges that wait for somebody's yes, by task."""
    columns = (t.shipment.c.task_id, t.shipment.c.body)
    where = (t.shipment.c.state == ShipmentState.ARMED.value, t.shipment.c.task_id.in_(sorted(task_ids)))
    rows = await connection.execute(sa.select(*columns).where(*where))
    return {row.task_id: load(Shipment, row.body) for row in rows}


def _wanted(watcher: Watcher, filters: Filters) -> list[Condition]:
    return conditions(listing_of(watcher, filters))


def _in_lane(lane: Lane, watcher: Watcher) -> Condition:
    """As `lane_of` has it, in SQL."""
    status = t.task.c.status
    is_over = status == Status.FINISHED.value
    in_trouble = is_over & t.task.c.task_id.in_(IN_TROUBLE)
    may = sa.true() if watcher.approves is None else t.task.c.repository_id.in_(sorted(watcher.approves))
    is_open = is_over & _IS_OPEN & sa.not_(in_trouble)
    is_armed = is_open & t.task.c.task_id.in_(_ARMED)
    is_asked = is_armed & t.task.c.task_id.in_(_ARMED.where(t.shipment.c.asked.contains(f"\n{watcher.person_id}\n")))
    waits = ((status == Status.WAITING.value) | is_open) & sa.not_(is_armed)
    mine = t.task.c.person_id == watcher.person_id
    if watcher.has_unsigned:
        mine = mine | t.task.c.person_id.is_(None)
    others = sa.func.coalesce(t.task.c.person_id, "") != watcher.person_id
    if watcher.has_unsigned:
        others = others & t.task.c.person_id.is_not(None)
    match lane:
        case Lane.RUNS:
            return status.in_(_UNDER_WAY)
        case Lane.MINE:
            return (waits & mine) | is_asked | (in_trouble & may)
        case Lane.OTHERS:
            return (waits & others) | (is_armed & sa.not_(is_asked)) | (in_trouble & sa.not_(may))
        case Lane.ENDED:
            return is_over & sa.not_(_IS_OPEN) & sa.not_(in_trouble)
