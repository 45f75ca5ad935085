"""Gives root's rights up for good, without losing sight of a runtime that lies in root's home.

As root, in a private mount namespace, every directory that walls the service uid off (a 0700 home) becomes an almost
empty tmpfs that holds only the needed trees, bound at the same path; then the uid is dropped and the program executed
anew. From there a start by root is the start of an ordinary user. Host mounts are untouched.
"""

import contextlib
import ctypes
import os
import stat
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NoReturn

from honk.base.errors import PlatformError

_CLONE_NEWNS = 0x20000
_MS_RDONLY, _MS_NOSUID, _MS_NODEV, _MS_REMOUNT, _MS_BIND, _MS_REC, _MS_PRIVATE = 1, 2, 4, 32, 4096, 16384, 1 << 18
_PR_SET_NO_NEW_PRIVS = 38
_PR_SET_DUMPABLE = 4
_libc = ctypes.CDLL(None, use_errno=True)


def become(
    uid: int, gid: int, *, read: Sequence[Path], write: Sequence[Path], argv: Sequence[str], env: Mapping[str, str]
) -> NoReturn:
    """Replace this (single-threaded, root) process by the program, run as the uid with no way back.

    Paths in `read` and `write` stay reachable for the uid although a directory above may be closed to it.

    Raises:
        PlatformError: the mount namespace is refused, or a path is missing.
    """
    try:
        _harbour(uid, gid, {path.resolve(): False for path in read} | {path.resolve(): True for path in write})
        os.setgroups([])
        os.setresgid(gid, gid, gid)
        os.setresuid(uid, uid, uid)
        _libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    except OSError as error:
        raise PlatformError(
            f"Honk was started by root and could not hand itself to uid {uid}: {error}. Nothing was begun. "
            "Start it as an ordinary user, or give this container CAP_SYS_ADMIN, CAP_SETUID and CAP_SETGID."
        ) from error
    os.execve(argv[0], list(argv), dict(env))


def hide_memory() -> None:
    """Close this process's memory and environment to other processes of the same uid, core dumps included."""
    _check(_libc.prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0))


def is_reachable(path: Path, uid: int, gid: int) -> bool:
    """Whether every directory above the path lets the uid through."""
    return _wall(path.resolve(), uid, gid) is None


def _wall(path: Path, uid: int, gid: int) -> Path | None:
    """The first directory above the path that the uid may not pass."""
    for above in reversed(path.parents):
        mode = above.stat()
        bit = stat.S_IXUSR if mode.st_uid == uid else stat.S_IXGRP if mode.st_gid == gid else stat.S_IXOTH
        if not mode.st_mode & bit:
            return above
    return None


def _harbour(uid: int, gid: int, paths: Mapping[Path, bool]) -> None:
    needed = _outermost(paths)
    walls = {path: _wall(path, uid, gid) for path in needed}
    if not any(walls.values()):
        return
    _check(_libc.unshare(_CLONE_NEWNS))
    _mount(b"none", b"/", None, _MS_REC | _MS_PRIVATE, None)
    # Opened after unshare: a descriptor from the old namespace cannot be bound (EINVAL).
    opened = {path: os.open(path, os.O_PATH) for path, wall in walls.items() if wall}
    roofs = {wall for wall in walls.values() if wall}
    for wall in sorted(roofs):
        _mount(b"tmpfs", os.fsencode(wall), b"tmpfs", _MS_NOSUID | _MS_NODEV, b"mode=0755,size=256k")
    for path, descriptor in opened.items():
        _make_mount_point(path, is_directory=stat.S_ISDIR(os.fstat(descriptor).st_mode))
        _mount(b"/proc/self/fd/%d" % descriptor, os.fsencode(path), None, _MS_BIND | _MS_REC, None)
        flags = _MS_BIND | _MS_REMOUNT | _MS_NOSUID | _MS_NODEV | (0 if needed[path] else _MS_RDONLY)
        _mount(None, os.fsencode(path), None, flags, None)
        os.close(descriptor)
    for wall in roofs:
        _mount(None, os.fsencode(wall), None, _MS_REMOUNT | _MS_NOSUID | _MS_NODEV | _MS_RDONLY, b"mode=0755,size=256k")


def _outermost(paths: Mapping[Path, bool]) -> dict[Path, bool]:
    """The paths without those that lie below another with at least the same rights."""
    kept: dict[Path, bool] = {}
    for path in sorted(paths):
        covered = any(path.is_relative_to(above) and kept[above] >= paths[path] for above in kept)
        if not covered:
            kept[path] = paths[path]
    return kept


def _make_mount_point(path: Path, *, is_directory: bool) -> None:
    before = os.umask(0o022)  # the uid must get through, whatever the caller wants of its own files
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with contextlib.suppress(FileExistsError):
            path.mkdir() if is_directory else path.touch()
    finally:
        os.umask(before)


def _mount(source: bytes | None, target: bytes, kind: bytes | None, flags: int, options: bytes | None) -> None:
    _check(_libc.mount(source, target, kind, flags, options), target)


def _check(result: int, what: bytes = b"") -> None:
    if result != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number), os.fsdecode(what) or None)
