"""Runs and their attempts in the database."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from honk.domain.conversation import Leg
from honk.store import Attempt, NotFound, Run
from honk.store import tables as t
from honk.store.database import Database
from honk.store.rows import put, row_of, values_of


class SqlRuns:
    """Port `Runs`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def run(self, run_id: str) -> Run:
        """Raises NotFound."""
        async with self._database.read() as connection:
            row = (await connection.execute(sa.select(t.run).where(t.run.c.run_id == run_id))).first()
        if row is None:
            raise NotFound(f"No run is called {run_id!r}.")
        return run_of(row)

    async def latest_run(self, task_id: str) -> Run:
        """The newest. Raises NotFound."""
        query = sa.select(t.run).where(t.run.c.task_id == task_id).order_by(t.run.c.started_at.desc()).limit(1)
        async with self._database.read() as connection:
            row = (await connection.execute(query)).first()
        if row is None:
            raise NotFound(f"Task {task_id!r} has no run.")
        return run_of(row)

    async def save_run(self, run: Run) -> None:
        """Insert or replace by `run_id`."""
        async with self._database.write() as connection:
            await put(connection, t.run, t.run.c.run_id, row_of(run))

    async def save_attempt(self, attempt: Attempt) -> None:
        """Insert or replace by `attempt_id`."""
        async with self._database.write() as connection:
            await put(connection, t.attempt, t.attempt.c.attempt_id, row_of(attempt))

    async def attempts(self, run_id: str) -> Sequence[Attempt]:
        """In the order they were made."""
        query = sa.select(t.attempt).where(t.attempt.c.run_id == run_id).order_by(t.attempt.c.number)
        async with self._database.read() as connection:
            return [Attempt(**values_of(row)) for row in await connection.execute(query)]

    async def all_attempts(self) -> Mapping[str, Sequence[Attempt]]:
        """By one pass over both tables."""
        query = sa.select(t.attempt, t.run.c.task_id).join(t.run, t.run.c.run_id == t.attempt.c.run_id)
        found: dict[str, list[Attempt]] = defaultdict(list)
        async with self._database.read() as connection:
            for row in await connection.execute(query.order_by(t.attempt.c.run_id, t.attempt.c.number)):
                values = values_of(row)
                found[values.pop("task_id")].append(Attempt(**values))
        return found


def run_of(row: sa.Row[Any]) -> Run:
    """What was written before there were legs is in its first."""
    values = values_of(row)
    return Run(**{**values, "leg": values["leg"] or Leg()})
