"""What programs wrote into a work tree, read off the upper layer of its overlay: names alone, links not followed."""

import contextlib
import os
import stat
from collections.abc import Sequence
from pathlib import Path

from honk.sandbox import Written

_OPAQUE = "user.overlay.opaque"
"""Marks a directory that hides what the layers have of it."""


def written(upper: Path, layers: Sequence[Path]) -> Written:
    """What lies in the upper layer, told apart by whether one of the layers has something of that name."""
    below = [os.fsencode(layer) for layer in layers]
    made: set[bytes] = set()
    other: set[bytes] = set()
    is_whole = True
    waiting = [b""]
    while waiting:
        folder = waiting.pop()
        try:
            entries = _entries(os.path.join(os.fsencode(upper), folder))  # noqa: PTH118 - bytes
        except FileNotFoundError:
            continue
        except OSError:
            is_whole = False
            continue
        for entry in entries:
            path = folder + entry.name
            if path == b".git":
                continue
            is_directory = entry.is_dir(follow_symlinks=False)
            if is_directory:
                waiting.append(path + b"/")
            covered = _kinds(below, path)
            if not is_directory and not covered:
                made |= set() if _is_whiteout(entry) else {path}
            elif covered and (not is_directory or covered != {stat.S_IFDIR} or _is_opaque(entry.path)):
                other.add(path)
    return Written(made=frozenset(made), other=frozenset(other), is_whole=is_whole)


def _entries(directory: bytes) -> list[os.DirEntry[bytes]]:
    with os.scandir(directory) as entries:
        return list(entries)


def _kinds(layers: Sequence[bytes], path: bytes) -> set[int]:
    """What the layers have of this name: file types."""
    found: set[int] = set()
    for layer in layers:
        with contextlib.suppress(OSError):
            found.add(stat.S_IFMT(os.lstat(os.path.join(layer, path)).st_mode))  # noqa: PTH118 - bytes
    return found


def _is_opaque(directory: bytes) -> bool:
    try:
        return os.getxattr(directory, _OPAQUE, follow_symlinks=False) == b"y"
    except OSError:
        return False


def _is_whiteout(entry: os.DirEntry[bytes]) -> bool:
    """The overlay's mark for what is gone."""
    try:
        found = entry.stat(follow_symlinks=False)
    except FileNotFoundError:
        return True
    return stat.S_ISCHR(found.st_mode) and found.st_rdev == 0
