"""How every connection to the state database is opened: the one spot where it is SQLite's own."""

import sqlite3
import time
from typing import Protocol

BUSY_MILLISECONDS = 30_000
PRAGMAS = (
    f"busy_timeout={BUSY_MILLISECONDS}",
    "journal_mode=WAL",
    "synchronous=NORMAL",
    "foreign_keys=ON",
)
"""Readers never wait for the writer. A commit survives a crash of the process; of the machine, up to the last sync."""
SYNCED = ("synchronous=FULL",)


class Cursor(Protocol):
    """What we ask of a driver's cursor."""

    def execute(self, statement: str, /) -> object: ...

    def close(self) -> object: ...


class Connection(Protocol):
    """What we ask of a driver's connection."""

    def cursor(self) -> Cursor: ...


def prepare(connection: Connection, *, is_synced: bool = False) -> None:
    """Set the connection's pragmas. What an `is_synced` one commits is on the disk, with all before it."""
    cursor = connection.cursor()
    for pragma in (*PRAGMAS, *(SYNCED if is_synced else ())):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def supply_unixepoch(connection: sqlite3.Connection) -> None:
    """Give SQLite before 3.42 the `unixepoch('subsec')` that the engine calls from Python 3.12 on."""
    if sqlite3.sqlite_version_info < (3, 42):
        connection.create_function("unixepoch", -1, _unixepoch)


def _unixepoch(*arguments: str) -> float:
    if arguments == ("subsec",):
        return time.time()
    if arguments:
        raise ValueError(f"unixepoch{arguments} is not supplied")
    return int(time.time())
