"""What tasks hold outside the database, read from their rows; and the erasing of a task's words."""

import re
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from honk.base.clock import now
from honk.base.records import dump, load
from honk.domain.change import PullRequest
from honk.domain.conversation import Leg
from honk.domain.shipment import Shipment
from honk.store import Holding
from honk.store import tables as t
from honk.store.database import Database
from honk.store.tasks import all_tasks

_KEY = re.compile(r'"((?:diffs|verifier|environments|deployments|previews)/[A-Za-z0-9._-]+)"')
"""A blob's key where a row's JSON names it."""
_DELETED = "(deleted)"
_Runs = dict[str, list[tuple[str, datetime | None, Leg]]]


class SqlHoldings:
    """Port `Holdings`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def list(self, task_id: str | None = None) -> Sequence[Holding]:
        """By one pass over each table."""
        async with self._database.read() as connection:
            tasks = await all_tasks(connection, task_id)
            runs, blobs = await _runs(connection, task_id)
            opened: dict[str, list[int]] = defaultdict(list)
            query = sa.select(t.pull_request.c.task_id, t.pull_request.c.number).where(t.pull_request.c.state == "open")
            for owner, number in await connection.execute(query):
                opened[owner].append(number)
            deliveries: dict[str, list[str]] = defaultdict(list)
            for owner, body in await connection.execute(sa.select(t.shipment.c.task_id, t.shipment.c.body)):
                deliveries[owner] += load(Shipment, body).workflow_ids
        return [
            Holding(
                task=task,
                run_ids=tuple(run_id for run_id, _, _ in runs[task.task_id]),
                workflow_ids=(
                    *(one for run_id, _, leg in runs[task.task_id] for one in _legs(run_id, leg)),
                    *deliveries[task.task_id],
                ),
                ended_at=_ended(runs[task.task_id]),
                open_pull_requests=tuple(opened[task.task_id]),
                blobs=frozenset(blobs[task.task_id]),
            )
            for task in tasks
        ]

    async def erase(self, task_id: str) -> None:
        """In one transaction, and with the freed pages of the file overwritten; what the log still holds goes too."""
        async with self._database.write() as connection:
            known = await connection.execute(
                sa.select(t.task.c.delivery_id, t.task.c.outcome).where(t.task.c.task_id == task_id)
            )
            if (row := known.first()) is None:
                return
            await connection.exec_driver_sql("PRAGMA secure_delete=ON")
            run_ids = sa.select(t.run.c.run_id).where(t.run.c.task_id == task_id)
            await connection.execute(sa.delete(t.attempt).where(t.attempt.c.run_id.in_(run_ids)))
            for table in (t.run, t.brief, t.message, t.parked, t.preview, t.event, t.task):
                await connection.execute(sa.delete(table).where(table.c.task_id == task_id))
            # The arrival's id stays: a redelivery must not bring the task back.
            await connection.execute(
                sa.update(t.delivery).where(t.delivery.c.delivery_id == row.delivery_id).values(body="")
            )
            await _blank_pull_requests(connection, task_id)
            await _blank_shipments(connection, task_id)
            audit = {"task_id": task_id, "sequence": 1, "kind": "deleted", "at": now()}
            body = dump(dict[str, str | None], {"outcome": row.outcome})
            await connection.execute(sa.insert(t.event).values(body=body, idempotency_key=None, **audit))
            await connection.exec_driver_sql("PRAGMA secure_delete=OFF")
        await self._database.fold_log()


async def _runs(connection: AsyncConnection, task_id: str | None) -> tuple[_Runs, dict[str, set[str]]]:
    """Runs by task, and the blobs that rows of the task name."""
    runs: _Runs = defaultdict(list)
    blobs: dict[str, set[str]] = defaultdict(set)
    columns = (t.run.c.task_id, t.run.c.run_id, t.run.c.finished_at, t.run.c.leg, t.run.c.change, t.run.c.examination)
    of_run = sa.select(*columns, t.run.c.takes_up)
    of_attempt = sa.select(t.run.c.task_id, t.attempt.c.change, t.attempt.c.examination).join(
        t.run, t.run.c.run_id == t.attempt.c.run_id
    )
    of_event = sa.select(t.event.c.task_id, t.event.c.body).where(t.event.c.kind.in_(("change", "report")))
    of_deployment, of_undo, of_preview = (
        sa.select(one.c.task_id, one.c.body) for one in (t.deployment, t.undo, t.preview)
    )
    if task_id is not None:
        of_deployment = of_deployment.where(t.deployment.c.task_id == task_id)
        of_undo = of_undo.where(t.undo.c.task_id == task_id)
        of_preview = of_preview.where(t.preview.c.task_id == task_id)
        of_run, of_attempt = of_run.where(t.run.c.task_id == task_id), of_attempt.where(t.run.c.task_id == task_id)
        of_event = of_event.where(t.event.c.task_id == task_id)
    for owner, run_id, finished_at, leg, *texts in await connection.execute(of_run):
        runs[owner].append((run_id, finished_at, load(Leg, leg) if leg else Leg()))
        blobs[owner] |= _keys(texts)
    for query in (of_attempt, of_event, of_deployment, of_undo, of_preview):
        for owner, *texts in await connection.execute(query):
            blobs[owner] |= _keys(texts)
    return runs, blobs


def _keys(texts: Sequence[str | None]) -> set[str]:
    return {key for text in texts if text for key in _KEY.findall(text)}


def _legs(run_id: str, newest: Leg) -> Sequence[str]:
    """The workflows of the run."""
    return [Leg(number=number).workflow_of(run_id) for number in range(1, newest.number + 1)]


def _ended(runs: Sequence[tuple[str, datetime | None, Leg]]) -> datetime | None:
    ends = [finished_at for _, finished_at, _ in runs]
    known = [end for end in ends if end is not None]
    return max(known) if known and len(known) == len(ends) else None


async def _blank_shipments(connection: AsyncConnection, task_id: str) -> None:
    """What they waited for names paths, and their proof holds logs; who wanted which commit stays."""
    query = sa.select(t.shipment.c.body).where(t.shipment.c.task_id == task_id)
    for body in (await connection.scalars(query)).all():
        known = load(Shipment, body)
        blank = replace(known, words="", advice="", proof=None)
        change = sa.update(t.shipment).where(t.shipment.c.shipment_id == known.shipment_id)
        await connection.execute(change.values(body=dump(Shipment, blank)))


async def _blank_pull_requests(connection: AsyncConnection, task_id: str) -> None:
    """Their words go, the branch's name too, which is made of the request's; the commits and the number stay."""
    query = sa.select(t.pull_request.c.body).where(t.pull_request.c.task_id == task_id)
    for body in (await connection.scalars(query)).all():
        known = load(PullRequest, body)
        blank = replace(known, title=_DELETED, body="", branch=f"honk/{task_id}", reviewers=())
        change = sa.update(t.pull_request).where(t.pull_request.c.number == known.number)
        await connection.execute(change.values(body=dump(PullRequest, blank)))
