"""What people said, in the database."""

from collections.abc import Sequence

import sqlalchemy as sa

from honk.store import Message
from honk.store import tables as t
from honk.store.database import Database
from honk.store.rows import row_of, values_of


class SqlMessages:
    """Port `Messages`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def append(self, message: Message) -> bool:
        """False for one that came before."""
        async with self._database.write() as connection:
            known = sa.select(t.message.c.message_id).where(t.message.c.message_id == message.message_id)
            if (await connection.execute(known)).first() is not None:
                return False
            await connection.execute(sa.insert(t.message).values(row_of(message)))
            return True

    async def of(self, task_id: str) -> Sequence[Message]:
        """In the order they were said."""
        query = sa.select(t.message).where(t.message.c.task_id == task_id)
        async with self._database.read() as connection:
            rows = await connection.execute(query.order_by(t.message.c.at, t.message.c.message_id))
        return [Message(**values_of(row)) for row in rows]
