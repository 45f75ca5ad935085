"""Whether work can be taken in and done just now."""

import asyncio

from honk.base.errors import HonkError
from honk.engine import Engine
from honk.store import StoreError
from honk.store.database import try_to_write
from honk.store.sql import DATABASE_NAME
from honk.workflows.house import House

PATIENCE_SECONDS = 2.0
"""Who asks whether we are ready asks again soon."""
NO_WORKFLOW = "-"


async def unready(house: House, engine: Engine) -> tuple[str, ...]:
    """Why not, a sentence each; nothing where everything is up."""
    found: list[str] = []
    try:
        await asyncio.to_thread(try_to_write, house.home / DATABASE_NAME, PATIENCE_SECONDS)
    except StoreError as error:
        found.append(str(error))
    try:
        async with asyncio.timeout(PATIENCE_SECONDS):
            await engine.status(NO_WORKFLOW)
    except TimeoutError:
        found.append("The engine does not answer.")
    except HonkError as error:
        found.append(f"The engine is not up: {error}")
    return tuple(found)
