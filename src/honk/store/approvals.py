"""People's yes to a commit, in the database."""

from collections.abc import Sequence

import sqlalchemy as sa

from honk.store import Approval
from honk.store import tables as t
from honk.store.database import Database
from honk.store.rows import row_of, values_of


class SqlApprovals:
    """Port `Approvals`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def record(self, approval: Approval) -> bool:
        """False for one that is recorded already."""
        async with self._database.write() as connection:
            known = sa.select(t.approval.c.approval_id).where(t.approval.c.approval_id == approval.approval_id)
            if (await connection.execute(known)).first() is not None:
                return False
            await connection.execute(sa.insert(t.approval).values(row_of(approval)))
            return True

    async def list(self, number: int) -> Sequence[Approval]:
        """In the order they were given."""
        query = sa.select(t.approval).where(t.approval.c.number == number)
        async with self._database.read() as connection:
            rows = await connection.execute(query.order_by(t.approval.c.at, t.approval.c.approval_id))
        return [Approval(**values_of(row)) for row in rows]
