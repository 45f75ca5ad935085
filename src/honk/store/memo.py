"""Small remembered texts in the database."""

import sqlalchemy as sa

from honk.store import tables as t
from honk.store.database import Database


class SqlMemo:
    """Port `Memo`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def load(self, key: str) -> str | None:
        """None where nothing is remembered."""
        async with self._database.read() as connection:
            return await connection.scalar(sa.select(t.memo.c.value).where(t.memo.c.key == key))

    async def save(self, key: str, value: str) -> None:
        """The last one stays."""
        async with self._database.write() as connection:
            done = await connection.execute(sa.update(t.memo).where(t.memo.c.key == key).values(value=value))
            if done.rowcount == 0:
                await connection.execute(sa.insert(t.memo).values(key=key, value=value))
