"""The store as tests open it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from honk.store.sql import SqlStore, open_store


@asynccontextmanager
async def sql(home: Path) -> AsyncIterator[SqlStore]:
    """On SQLite, below a folder of the test's own."""
    store = await open_store(home)
    try:
        yield store
    finally:
        await store.close()
