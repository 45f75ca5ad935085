"""A person's repository, seen by a child without rights: every call goes to root's trusted side."""

import asyncio
import ctypes
import fcntl
import os
import signal
import socket
import sys
import termios
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, BinaryIO

from honk.workspace import Advance, RepositoryFacts, SourceError
from honk.workspace.porter_wire import MAX_HAVE, Malformed, facts_of, parse_answer, receive, request_message
from honk.workspace.source import LocalSource

PORTER_FD = "HONK_PORTER_FD"
KEY_FD = "HONK_KEY_FD"
_PR_SET_PDEATHSIG = 1
_MAX_KEY_BYTES = 1 << 16


class PorterSource:
    """Implements `Source`. Repositories below `own` (the demo's, say) are ours and need nobody."""

    def __init__(self, sock: socket.socket, own: Path) -> None:
        sock.setblocking(False)
        self._socket = sock
        self._own = (own, own.resolve())
        self._local = LocalSource()
        self._lock = asyncio.Lock()
        self._number = 0

    async def describe(self, path: Path, base: str | None) -> RepositoryFacts:
        if self._is_own(path):
            return await self._local.describe(path, base)
        return facts_of(await self._ask(None, "describe", path=str(path), base=base))

    async def export(self, root: Path, sha: str, have: Sequence[str], into: BinaryIO) -> None:
        if self._is_own(root):
            return await self._local.export(root, sha, have, into)
        into.flush()
        await self._ask(into, "export", root=str(root), sha=sha, have=list(have)[-MAX_HAVE:])

    async def import_branch(self, root: Path, branch: str, sha: str, pack: BinaryIO) -> None:
        if self._is_own(root):
            return await self._local.import_branch(root, branch, sha, pack)
        await self._ask(pack, "import_branch", root=str(root), branch=branch, sha=sha)

    async def snapshot(self, root: Path, base_sha: str, into: BinaryIO) -> str:
        if self._is_own(root):
            return await self._local.snapshot(root, base_sha, into)
        into.flush()
        return str((await self._ask(into, "snapshot", root=str(root), sha=base_sha))["sha"])

    async def advance(self, root: Path, branch: str, old_sha: str, new_sha: str, pack: BinaryIO) -> Advance:
        if self._is_own(root):
            return await self._local.advance(root, branch, old_sha, new_sha, pack)
        return Advance(
            **await self._ask(pack, "advance", root=str(root), branch=branch, old_sha=old_sha, new_sha=new_sha)
        )

    def _is_own(self, path: Path) -> bool:
        return any(path.is_relative_to(own) for own in self._own)

    async def _ask(self, file: BinaryIO | None, call: str, **arguments: Any) -> dict[str, Any]:
        """One question, one answer. The answer of a question whose asker was cancelled is passed over.

        Raises:
            SourceError: the trusted side refused, or is gone.
        """
        async with self._lock:
            self._number += 1
            number = self._number
            message = request_message(number, call, **arguments)
            files = [] if file is None else [file.fileno()]
            try:
                await _ready(self._socket, for_writing=True)
                socket.send_fds(self._socket, [message], files)
                while True:
                    await _ready(self._socket, for_writing=False)
                    answer, stray = receive(self._socket)
                    if stray is not None:
                        os.close(stray)
                    if not answer:
                        raise ConnectionResetError
                    answered, result = parse_answer(answer)
                    if answered == number:
                        break
            except (OSError, Malformed) as error:
                raise SourceError(
                    "The part of Honk that reads the repository with your rights is gone; what was made is kept. "
                    "Start the command again."
                ) from error
        if isinstance(result, SourceError):
            raise result
        return result


def adopt_porter(environ: Mapping[str, str], own: Path) -> PorterSource | None:
    """The source of a process that root's `enter_service` started; None for any other process.

    From here on this process is told to end (SIGTERM) when root's side dies.
    """
    if PORTER_FD not in environ:
        return None
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0)
    descriptor = int(environ[PORTER_FD])
    os.set_inheritable(descriptor, False)
    return PorterSource(socket.socket(fileno=descriptor), own)


def is_key_handed(environ: Mapping[str, str]) -> bool:
    """Whether a key waits to be read from root's side; it stays unread."""
    if KEY_FD not in environ:
        return False
    waiting = fcntl.ioctl(int(environ[KEY_FD]), termios.FIONREAD, bytes(4))
    return int.from_bytes(waiting, sys.byteorder) > 0


def handed_key(environ: Mapping[str, str]) -> str | None:
    """The model key that root's side handed over by an open file, which can be read once; None where there is none."""
    if KEY_FD not in environ:
        return None
    try:
        with os.fdopen(int(environ[KEY_FD]), "rb") as pipe:
            return pipe.read(_MAX_KEY_BYTES).decode().strip() or None
    except OSError:
        return None


async def _ready(sock: socket.socket, *, for_writing: bool) -> None:
    """Wait until the socket can be read from, or written to."""
    loop = asyncio.get_running_loop()
    ready = asyncio.Event()
    add, remove = (loop.add_writer, loop.remove_writer) if for_writing else (loop.add_reader, loop.remove_reader)
    add(sock, ready.set)
    try:
        await ready.wait()
    finally:
        remove(sock)
