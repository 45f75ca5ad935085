"""Hands the objects of one change into a sandbox, as a directory that git can borrow from."""

import asyncio
from pathlib import Path

from honk.domain.change import Change
from honk.sandbox import Mount
from honk.workspace import scripts
from honk.workspace.mirror import Mirror


async def change_mount(mirror: Mirror, change: Change, place: Path) -> Mount:
    """Write what the change adds to its base into the place; the mount that shows it inside, read-only. Written there
    already, it is the same again."""
    objects = place / "change"
    await asyncio.to_thread((objects / "pack").mkdir, parents=True, exist_ok=True)
    revisions = f"{change.head_sha}\n^{change.base_sha}\n".encode()
    done = await mirror.work("pack-objects", "--revs", "-q", str(objects / "pack" / "pack"), stdin=revisions)
    done.must("git pack-objects")
    return Mount(source=objects, target=scripts.CHANGE_OBJECTS)
