"""How much room a disk has, what a folder would give back, and whether an error is about a full disk."""

import errno
import os
import stat
from collections.abc import Iterator
from pathlib import Path

from honk.base.errors import OutOfSpace

MIB = 1 << 20
_FULL = frozenset({errno.ENOSPC, errno.EDQUOT})
_WORDS = ("no space left on device", "disk quota exceeded", "database or disk is full", "out of diskspace")
"""As the system, git and SQLite say it: from a program's error output there is nothing else to go by."""


def free_bytes(path: Path) -> int:
    """What an ordinary user may still write where the path, or the nearest folder above it that exists, lies."""
    while not path.exists():
        path = path.parent
    room = os.statvfs(path)
    return room.f_bavail * room.f_frsize


def is_about_space(error: BaseException, *, by_words: bool = True) -> bool:
    """Whether the error, or one that it came from, says that the disk is full: by its number, or by its words too."""
    return any(_says_full(one, by_words) for one in _causes(error))


def _says_full(error: BaseException, by_words: bool) -> bool:
    if isinstance(error, OutOfSpace) or (isinstance(error, OSError) and error.errno in _FULL):
        return True
    if str(getattr(error, "sqlite_errorname", "")).startswith("SQLITE_FULL"):
        return True
    words = str(error).lower()
    return by_words and any(said in words for said in _WORDS)


def _causes(error: BaseException) -> Iterator[BaseException]:
    """The error and everything it came from, each once."""
    waiting, seen = [error], set[int]()
    while waiting:
        one = waiting.pop()
        if id(one) in seen:
            continue
        seen.add(id(one))
        yield one
        if isinstance(one, BaseExceptionGroup):
            waiting += one.exceptions
        waiting += [cause for cause in (one.__cause__, one.__context__) if cause is not None]


def held_bytes(tree: Path) -> int:
    """What deleting the tree, or the file, would give back. Files that have a name outside it as well count nothing.

    Links are not followed; what vanishes meanwhile, or may not be read, counts nothing.
    """
    total = 0
    shared: dict[tuple[int, int], int] = {}
    waiting = [os.fspath(tree)]
    while waiting:
        path = waiting.pop()
        try:
            status = os.lstat(path)
            names = os.listdir(path) if (is_folder := stat.S_ISDIR(status.st_mode)) else []  # noqa: PTH208 - any depth, bytes of memory
        except OSError:
            continue
        waiting += [f"{path}/{name}" for name in names]
        if is_folder or status.st_nlink == 1:
            total += status.st_blocks * 512
            continue
        inode = (status.st_dev, status.st_ino)
        shared[inode] = shared.get(inode, 0) + 1
        total += status.st_blocks * 512 if shared[inode] == status.st_nlink else 0
    return total
