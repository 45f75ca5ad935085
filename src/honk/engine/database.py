"""The engine's own connections to the state database, which the store shares."""

import sqlite3
from pathlib import Path

import sqlalchemy as sa

from honk.base.sqlite import prepare, supply_unixepoch

_POOL_SIZE = 4
"""More connections only fight for SQLite's one write lock."""


def open_engine(database: Path) -> sa.Engine:
    """A synchronous engine: short transactions, immediate from their first write."""
    url = sa.URL.create("sqlite", database=str(database))
    engine = sa.create_engine(url, pool_size=_POOL_SIZE, max_overflow=0, pool_timeout=60)

    @sa.event.listens_for(engine, "connect")
    def on_connect(connection: sa.engine.interfaces.DBAPIConnection, _record: object) -> None:
        connection.isolation_level = "IMMEDIATE"
        prepare(connection)
        if isinstance(connection, sqlite3.Connection):
            supply_unixepoch(connection)

    return engine
