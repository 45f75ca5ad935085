"""A sandbox's state directory: locked while something may write to it, measured, and deleted whatever is in it."""

import asyncio
import contextlib
import errno
import fcntl
import os
import stat
import sys
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

from honk.base.ids import new_id
from honk.sandbox import SandboxBusy


def lock_state(state: Path) -> BinaryIO:
    """The lock of the directory (made if need be, closed to others), held while the file or a copy of it is open.

    Raises:
        SandboxBusy: another live sandbox holds it.
    """
    state.mkdir(parents=True, exist_ok=True)
    state.chmod(0o700)
    lock = (state / "lock").open("wb")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        lock.close()
        raise SandboxBusy(
            f"Another live sandbox works on {state}. Nothing was begun. Close that one first, or wait for its end."
        ) from None
    return lock


def written_bytes(*trees: Path) -> int:
    """What the files of the trees take on disk; what vanishes meanwhile counts nothing, links are not followed.

    A directory that a program closed to us is opened. A tree nested deeper than a path can tell, which hides its files
    from us, counts as more than any ceiling.
    """
    total = 0
    waiting = [os.fspath(tree) for tree in trees]
    while waiting:
        path = waiting.pop()
        try:
            try:
                size, below = _weigh(path)
            except PermissionError:
                _open_up(path)
                size, below = _weigh(path)
        except OSError as error:
            if error.errno == errno.ENAMETOOLONG:
                return sys.maxsize
        else:
            total += size
            waiting += below
    return total


def _weigh(directory: str) -> tuple[int, list[str]]:
    """What the entries take on disk, and the directories among them."""
    total, below = 0, []
    for entry in _entries(directory):
        with contextlib.suppress(FileNotFoundError):
            total += entry.stat(follow_symlinks=False).st_blocks * 512
            if entry.is_dir(follow_symlinks=False):
                below.append(entry.path)
    return total, below


def _open_up(directory: str) -> None:
    """Let ourselves in; never by a link, which a program inside could put in the place at any moment."""
    fd = os.open(directory, os.O_PATH | os.O_NOFOLLOW | os.O_DIRECTORY)
    try:
        os.chmod(f"/proc/self/fd/{fd}", stat.S_IMODE(os.fstat(fd).st_mode) | 0o500)
    finally:
        os.close(fd)


def _never() -> bool:
    return False


async def remove_state(path: Path, *, must_leave: Callable[[], bool] = _never) -> None:
    """Delete a sandbox's state, of any size and with any modes; links are not followed. No such path: nothing to do.

    As soon as `must_leave` says so, the rest stays: it can be removed later.
    """
    await asyncio.to_thread(_remove, path, must_leave)


def _remove(top: Path, must_leave: Callable[[], bool]) -> None:
    """Flatten while deleting: no depth of nesting, which a program inside chooses, can exhaust a path or the stack."""
    if not _is_directory(os.fspath(top)):
        with contextlib.suppress(FileNotFoundError):
            top.unlink()
        return
    top.chmod(0o700)
    count = 0
    while names := [entry.path for entry in _entries(os.fspath(top))]:
        for path in names:
            if must_leave():
                return
            if not _is_directory(path):
                os.unlink(path)
                continue
            os.chmod(path, 0o700)
            for entry in _entries(path):
                if must_leave():
                    return
                if entry.is_dir(follow_symlinks=False):
                    os.chmod(entry.path, 0o700)  # a directory that may not be written may not be moved either
                    count += 1
                    os.rename(entry.path, top / f".{count}.{new_id()}")
                else:
                    os.unlink(entry.path)
            os.rmdir(path)
    top.rmdir()


def _is_directory(path: str) -> bool:
    with contextlib.suppress(FileNotFoundError):
        return stat.S_ISDIR(os.lstat(path).st_mode)
    return False


def _entries(path: str) -> list[os.DirEntry[str]]:
    with os.scandir(path) as entries:
        return list(entries)
