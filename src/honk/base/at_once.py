"""Several acts at once that fail as one alone would."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager


@asynccontextmanager
async def at_once() -> AsyncIterator[asyncio.TaskGroup]:
    """A task group; the first act that breaks ends the others, and on cancellation all end.

    Raises:
        Exception: what that first one died of, by its own type.
    """
    try:
        async with asyncio.TaskGroup() as group:
            yield group
    except ExceptionGroup as broke:
        raise broke.exceptions[0] from broke
