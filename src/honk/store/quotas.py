"""What was spent and is reserved, by whom; and what earlier tasks took. In the database."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from honk.base.records import load
from honk.domain.expectation import Past
from honk.domain.limits import Spent
from honk.domain.task import OutcomeName, Status
from honk.store import StoreError, Used
from honk.store import tables as t
from honk.store.database import Database
from honk.store.ledger import COMMITTED

_Seconds = dict[str, float]
_EMAIL = sa.func.lower(sa.type_coerce(t.task.c.asker, sa.JSON)["email"].as_string())
_CAP = sa.type_coerce(t.run.c.limits, sa.JSON)["cost_usd"].as_float()


class SqlQuotas:
    """Port `Quotas`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def look(self, connection: object, emails: frozenset[str] | None, since: datetime) -> Used:
        """Raises StoreError where the connection is not one of ours."""
        if not isinstance(connection, sa.Connection):
            raise StoreError(f"A transaction of {type(connection).__name__} is none of ours.")
        used = connection.scalar(_used(emails, since))
        reserved = connection.scalar(_reserved(emails))
        return Used(used_usd=round(used or 0.0, 9), reserved_usd=round(reserved or 0.0, 9))

    async def used(self, emails: frozenset[str] | None, since: datetime) -> Used:
        """As of now."""
        async with self._database.read() as connection:
            return await connection.run_sync(self.look, emails, since)

    async def spenders(self, since: datetime) -> Sequence[str]:
        """By address."""
        query = sa.select(_EMAIL).join(t.run, t.run.c.task_id == t.task.c.task_id)
        query = query.join(t.model_call, t.model_call.c.run_id == t.run.c.run_id)
        query = query.where(t.model_call.c.asked_at >= since).distinct().order_by(_EMAIL)
        async with self._database.read() as connection:
            return [email for email in (await connection.scalars(query)).all() if email]

    async def past(self, repository_id: str, limit: int) -> Sequence[Past]:
        """The newest first; replays are none."""
        columns = (t.task.c.outcome, t.run.c.spent, t.run.c.seconds)
        query: sa.Select[Any] = sa.select(*columns).join(t.run, t.run.c.task_id == t.task.c.task_id)
        is_meant = (t.task.c.repository_id == repository_id) & (t.task.c.status == Status.FINISHED.value)
        query = query.where(is_meant, t.task.c.replay_of.is_(None), t.run.c.finished_at.is_not(None))
        async with self._database.read() as connection:
            rows = await connection.execute(query.order_by(t.task.c.created_at.desc()).limit(limit))
            return [_past(row) for row in rows if row.outcome]


def _used(emails: frozenset[str] | None, since: datetime) -> sa.Select[Any]:
    """By every call, whatever it was for; with addresses, by those that belong to a task of theirs."""
    query = sa.select(COMMITTED).where(t.model_call.c.asked_at >= since)
    if emails is None:
        return query
    # From the month's calls to their tasks: the other way about, each task that is kept would be looked at.
    query = query.join(t.run, t.run.c.run_id == t.model_call.c.run_id)
    return query.join(t.task, t.task.c.task_id == t.run.c.task_id).where(_EMAIL.in_(emails))


def _reserved(emails: frozenset[str] | None) -> sa.Select[Any]:
    """What is left of the caps of all runs that have not ended."""
    spent = sa.select(COMMITTED).where(t.model_call.c.run_id == t.run.c.run_id).scalar_subquery()
    left = _CAP - spent
    query = sa.select(sa.func.sum(sa.case((left > 0, left), else_=0.0))).where(t.run.c.finished_at.is_(None))
    if emails is None:
        return query
    return query.join(t.task, t.task.c.task_id == t.run.c.task_id).where(_EMAIL.in_(emails))


def _past(row: sa.Row[Any]) -> Past:
    """Worked on is what its stages took: time in line or parked is no part of the price."""
    seconds = load(_Seconds, row.seconds) if row.seconds else {}
    worked = sum(taken for stage, taken in seconds.items() if stage != "total")
    return Past(
        outcome=OutcomeName(row.outcome),
        seconds=worked or seconds.get("total", 0.0),
        usd=load(Spent, row.spent).cost_usd,
    )
