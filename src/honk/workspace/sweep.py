"""Removes what a process that died left lying: rooms nobody can enter again, and packs that were being checked."""

import asyncio
from pathlib import Path

from honk.sandbox.state import remove_state
from honk.workspace.collect import QUARANTINE
from honk.workspace.overlay import ROOMS


async def sweep(home: Path) -> None:
    """Only for the owner of the state folder, before any work: whatever lies there is then nobody's.

    Workspaces stay: they are what an interrupted task goes on with.
    """
    for left in await asyncio.to_thread(_left, home):
        await remove_state(left)


def _left(home: Path) -> list[Path]:
    return [*(home / ROOMS).glob("*"), *(home / "mirrors").glob(f"*/{QUARANTINE}*")]
