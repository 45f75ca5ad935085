"""Which repositories a team may ask for, in the database."""

from collections.abc import Sequence
from datetime import datetime

import sqlalchemy as sa

from honk.domain.task import Repository
from honk.store import tables as t
from honk.store.database import Database
from honk.store.rows import put, row_of


class SqlRepositories:
    """Port `Repositories`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def offer(self, repository: Repository, at: datetime) -> None:
        """Idempotent."""
        async with self._database.write() as connection:
            row = {**row_of(repository), "offered_at": at}
            await put(connection, t.repository, t.repository.c.repository_id, row)

    async def withdraw(self, repository_id: str) -> bool:
        """False where it was not offered."""
        is_offered = (t.repository.c.repository_id == repository_id) & t.repository.c.offered_at.is_not(None)
        async with self._database.write() as connection:
            done = await connection.execute(sa.update(t.repository).where(is_offered).values(offered_at=None))
        return done.rowcount == 1

    async def offered(self) -> Sequence[Repository]:
        """By name."""
        columns = (t.repository.c.repository_id, t.repository.c.name, t.repository.c.location)
        query = sa.select(*columns).where(t.repository.c.offered_at.is_not(None))
        async with self._database.read() as connection:
            rows = await connection.execute(query.order_by(t.repository.c.name, t.repository.c.repository_id))
            return [Repository(**row._asdict()) for row in rows]
