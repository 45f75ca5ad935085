"""The database: opened, brought to this Honk's schema, read and written in transactions."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from honk.base.sqlite import BUSY_MILLISECONDS, prepare
from honk.store import NewerSchema, StoreBusy, StoreError, StoreFull
from honk.store.migrations import REVISIONS, TABLE

_WRITES, _PATIENCE = "honk_writes", "honk_patience_milliseconds"
SIGHT_SECONDS = 2.0
"""How long a write may wait without which its reader would be answered as well, or had better be told at once."""
_POOL_SIZE = 8
_ROOM = "Free some space (honk gc helps), then go on."
_REMEDIES = {
    "SQLITE_BUSY": "Another program keeps the database locked: end it, then try again.",
    "SQLITE_LOCKED": "Another program keeps the database locked: end it, then try again.",
    "SQLITE_READONLY": "The folder or the file may not be written: give this user the right to write it.",
    "SQLITE_CANTOPEN": "The file cannot be opened: check that the folder exists and belongs to this user.",
    "SQLITE_CORRUPT": "The file is damaged: put a copy of it back (honk.db.before-* are copies), or move it away.",
    "SQLITE_NOTADB": "The file is no database: put a copy of it back (honk.db.before-* are copies), or move it away.",
    "SQLITE_IOERR": "The disk failed: check it, then start again.",
}


class Database:
    """One file, many readers, one writer at a time."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._engine = _open_engine(path)
        self._synced = _open_engine(path, is_synced=True)
        self._writer = asyncio.Lock()

    @asynccontextmanager
    async def read(self) -> AsyncIterator[AsyncConnection]:
        """A connection that sees one moment of the database.

        Raises:
            StoreError: the database refused.
        """
        try:
            async with self._engine.begin() as connection:
                yield connection
        except sa.exc.DBAPIError as error:
            raise self._worded(error) from error

    @asynccontextmanager
    async def write(
        self, *, is_synced: bool = False, patience_seconds: float | None = None
    ) -> AsyncIterator[AsyncConnection]:
        """A transaction that is the only writer from its start, so that what it reads stays true until it commits. With
        `is_synced` it, and all before it, outlives a power cut as well. It waits so long for each who writes before it;
        by default half a minute for another program, and for our own as long as they take.

        Raises:
            StoreError: the database refused; nothing of the transaction was kept.
        """
        engine = self._synced if is_synced else self._engine
        options: dict[str, int] = {_WRITES: True}
        if patience_seconds is not None:
            options[_PATIENCE] = round(patience_seconds * 1000)
        try:
            # The lock keeps our own writers in line; SQLite's busy handler would let them starve each other.
            async with self._turn(patience_seconds), engine.execution_options(**options).begin() as connection:
                yield connection
        except sa.exc.DBAPIError as error:
            raise self._worded(error) from error

    @asynccontextmanager
    async def _turn(self, patience_seconds: float | None) -> AsyncIterator[None]:
        try:
            async with asyncio.timeout(patience_seconds):
                await self._writer.acquire()
        except TimeoutError as error:
            raise StoreBusy(f"The database {self._path} is being written. Nothing was changed. Try again.") from error
        try:
            yield
        finally:
            self._writer.release()

    async def fold_log(self) -> None:
        """Fold the write-ahead log into the file and empty it, so that what was deleted stands in neither any more.

        A program that reads just now is waited for, as long as for any lock; after that the log lives on until the last
        connection closes.
        """
        async with self._writer:
            await asyncio.to_thread(_fold_log, self._path)

    async def close(self) -> None:
        """Close every connection."""
        await self._engine.dispose()
        await self._synced.dispose()

    def _worded(self, error: sa.exc.DBAPIError) -> StoreError:
        return worded(self._path, error.orig or error)


def _fold_log(path: Path) -> None:
    try:
        with closing(sqlite3.connect(path)) as connection:
            prepare(connection)
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
    except sqlite3.Error as error:
        raise worded(path, error) from error


def try_to_write(path: Path, patience_seconds: float) -> None:
    """Begin to write, and write nothing.

    Raises:
        StoreError: nobody could write now.
    """
    try:
        with closing(sqlite3.connect(path, timeout=patience_seconds, isolation_level=None)) as connection:
            connection.execute("BEGIN IMMEDIATE")
            connection.execute("ROLLBACK")
    except sqlite3.Error as error:
        raise worded(path, error) from error


def worded(path: Path, error: BaseException) -> StoreError:
    """The driver's error, for the person who must act."""
    name = getattr(error, "sqlite_errorname", "")
    if name.startswith("SQLITE_FULL"):
        return StoreFull(f"The disk is full: {path} could not be written. What was recorded before is kept. {_ROOM}")
    kind = StoreBusy if name.startswith(("SQLITE_BUSY", "SQLITE_LOCKED")) else StoreError
    remedy = next((text for code, text in _REMEDIES.items() if name.startswith(code)), "Nothing of it was written.")
    return kind(f"The database {path} refused: {error}. What was recorded before is kept. {remedy}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Steps:
    """The schema's numbered steps, and the folders that they lie in."""

    revisions: tuple[str, ...]
    folders: tuple[Path, ...]


OURS = Steps(revisions=REVISIONS, folders=(Path(__file__).parent / "migrations" / "versions",))


async def migrate(path: Path, steps: Steps = OURS) -> None:
    """Bring the database to the last of the steps; an older one is copied aside first.

    Raises:
        NewerSchema: a newer Honk wrote it; nothing was touched.
        StoreError: it could not be read or written.
    """
    try:
        await asyncio.to_thread(_migrate, path, steps)
    except (sqlite3.Error, sa.exc.DBAPIError) as error:
        cause = error.orig if isinstance(error, sa.exc.DBAPIError) and error.orig else error
        raise worded(path, cause) from error


def _migrate(path: Path, steps: Steps) -> None:
    refuse_newer(path, steps)
    standing = schema_of(path)
    if standing == steps.revisions[-1]:
        return
    if standing is not None:
        copy_database(path, path.with_name(f"{path.name}.before-{steps.revisions[-1]}"))
    _upgrade(path, steps)


def refuse_newer(path: Path, steps: Steps = OURS) -> None:
    """Raises:
    NewerSchema: the database stands at a step that is none of ours.
    """
    standing = schema_of(path)
    if standing is not None and standing not in steps.revisions:
        raise NewerSchema(
            f"The database {path} has schema {standing}; this Honk knows up to {steps.revisions[-1]}. Nothing was "
            "touched. Start the newer Honk that wrote it, or choose another HONK_HOME."
        )


def schema_of(path: Path) -> str | None:
    """The step the database stands at; None where Honk never wrote."""
    if not path.exists():
        return None
    with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as connection:
        known = "SELECT count(*) FROM sqlite_master WHERE type = 'table' AND name = ?"
        if connection.execute(known, (TABLE,)).fetchone()[0] == 0:
            return None
        row = connection.execute(f"SELECT version_num FROM {TABLE}").fetchone()  # noqa: S608 - our own constant
    return str(row[0]) if row else None


def copy_database(path: Path, copy: Path) -> None:
    """A consistent copy by SQLite's own backup; never over an older copy's only version before it is whole."""
    half = copy.with_name(copy.name + ".part")
    half.unlink(missing_ok=True)
    with closing(sqlite3.connect(path)) as source, closing(sqlite3.connect(half)) as target:
        source.backup(target)
    half.chmod(0o600)
    half.replace(copy)


def _upgrade(path: Path, steps: Steps) -> None:
    # Alembic takes most of a second to import: only where there is a step to take.
    from alembic import command
    from alembic.config import Config

    path.touch(mode=0o600)
    engine = sa.create_engine(sa.URL.create("sqlite", database=str(path)), poolclass=sa.pool.NullPool)
    _arrange(engine)
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations").replace("%", "%%"))
    config.set_main_option("path_separator", "newline")
    config.set_main_option("version_locations", "\n".join(str(one).replace("%", "%%") for one in steps.folders))
    try:
        with engine.execution_options(**{_WRITES: True}).begin() as connection:
            config.attributes["connection"] = connection
            command.upgrade(config, "head")
    finally:
        engine.dispose()


def _open_engine(path: Path, *, is_synced: bool = False) -> AsyncEngine:
    url = sa.URL.create("sqlite+aiosqlite", database=str(path))
    engine = create_async_engine(url, pool_size=1 if is_synced else _POOL_SIZE, max_overflow=0, pool_timeout=60)
    _arrange(engine.sync_engine, is_synced=is_synced)
    return engine


def _arrange(engine: sa.Engine, *, is_synced: bool = False) -> None:
    """Let us, not the driver, begin transactions: deferred to read, immediate to write.

    A deferred transaction that turns writer fails at once where another writes; an immediate one waits its turn.
    """

    @sa.event.listens_for(engine, "connect")
    def on_connect(connection: sa.engine.interfaces.DBAPIConnection, _record: object) -> None:
        connection.isolation_level = None
        prepare(connection, is_synced=is_synced)

    @sa.event.listens_for(engine, "begin")
    def on_begin(connection: sa.Connection) -> None:
        options = connection.get_execution_options()
        begin, patience = "BEGIN IMMEDIATE" if options.get(_WRITES, False) else "BEGIN", options.get(_PATIENCE)
        if patience is None:
            connection.exec_driver_sql(begin)
            return
        connection.exec_driver_sql(f"PRAGMA busy_timeout={patience}")
        try:
            connection.exec_driver_sql(begin)
        finally:
            connection.exec_driver_sql(f"PRAGMA busy_timeout={BUSY_MILLISECONDS}")
