"""Locks between processes, and names that are safe in a path."""

import asyncio
import fcntl
import hashlib
import os
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from honk.workspace import WorkspaceError

_POLL_SECONDS = 0.02
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,100}")


@asynccontextmanager
async def locked(path: Path) -> AsyncIterator[None]:
    """Hold the lock file alone, across tasks and processes. Ends with the process at the latest."""
    await asyncio.to_thread(path.parent.mkdir, parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        while not _try_lock(descriptor):  # noqa: ASYNC110 - the holder may be another process; a thread cannot be cancelled
            await asyncio.sleep(_POLL_SECONDS)
        yield
    finally:
        os.close(descriptor)


def _try_lock(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def key_of(*parts: str) -> str:
    """Twenty hex digits that stand for the parts."""
    return hashlib.sha256("\0".join(parts).encode("utf-8", "surrogateescape")).hexdigest()[:20]


def checked_name(name: str) -> str:
    """The name, if it can be one part of a path and of a ref.

    Raises:
        WorkspaceError: it cannot.
    """
    if not _NAME.fullmatch(name) or ".." in name or name.endswith((".lock", ".")):
        raise WorkspaceError(f"{name!r} is not a name for a workspace (letters, digits, dash, dot, underscore).")
    return name
