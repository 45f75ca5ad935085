"""The supervisor's end of a holder: starts it, asks it to start and kill programs, learns how they ended."""

import asyncio
import contextlib
import os
import socket
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import BinaryIO

from honk.sandbox import SandboxError, SandboxLost
from honk.sandbox.streams import Ended, look_at

_ROOM = Path(__file__).parent
_START = "import sys; sys.path.append(sys.argv.pop(1)); import holder; holder.main()"
"""Imported, not run as a script, so that its compiled form is used."""
_MAX_MESSAGE_BYTES = 4096
_CLOSE_SECONDS = 10.0


class HolderRefused(SandboxError):
    """The kernel refused a step of the setting up. `stage` names it, `number` is the errno."""

    def __init__(self, stage: str, number: int) -> None:
        super().__init__(f"setting a sandbox up failed at {stage}: {os.strerror(number)}")
        self.stage = stage
        self.number = number


class Channel:
    """One running holder."""

    def __init__(self, holder: asyncio.subprocess.Process, control: socket.socket) -> None:
        self._holder = holder
        self._control = control
        self._ended: dict[str, asyncio.Future[Ended]] = {}
        self._dialled: dict[str, asyncio.Future[socket.socket | None]] = {}
        self._up: asyncio.Future[tuple[socket.socket, ...]] = asyncio.get_running_loop().create_future()
        self._count = 0
        self._is_closed = False
        asyncio.get_running_loop().add_reader(control, self._hear)

    @classmethod
    async def start(
        cls, arguments: Sequence[str], lock_fd: int, filter_fd: int, join: Callable[[int], None]
    ) -> tuple["Channel", tuple[socket.socket, ...]]:
        """A holder that is up, and its listeners. `join` is given its process id before it sets anything up.

        Raises:
            HolderRefused: the kernel said no.
            SandboxLost: it died.
        """
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        ours.setblocking(False)
        fds = (theirs.fileno(), lock_fd, filter_fd)
        with theirs:
            holder = await asyncio.create_subprocess_exec(
                sys.executable, "-I", "-S", "-c", _START, str(_ROOM), *map(str, fds), *arguments,
                env={}, cwd="/", pass_fds=fds, start_new_session=True,
                stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.DEVNULL,
            )  # fmt: skip
        channel = cls(holder, ours)
        try:
            _join(join, holder.pid)
            ours.send(b"go")
            return channel, await asyncio.shield(channel._up)
        except BaseException:
            await asyncio.shield(channel.close())
            raise

    async def run(
        self, streams: Sequence[int], options: Sequence[str], argv: Sequence[str]
    ) -> tuple[str, asyncio.Future[Ended]]:
        """Start a program on the three streams: its name here, and the future of its end.

        Raises:
            SandboxLost: the holder is gone.
        """
        self._count += 1
        name = str(self._count)
        ended: asyncio.Future[Ended] = asyncio.get_running_loop().create_future()
        ended.add_done_callback(look_at)
        with _words(options) as options_file, _words(argv) as argv_file:
            await self._send(f"run {name}", [*streams, options_file.fileno(), argv_file.fileno()])
        self._ended[name] = ended
        return name, ended

    def keep(self, options: Sequence[str], argv: Sequence[str]) -> str:
        """Leave a prepared program with the holder for a bridge to start; its name there."""
        self._count += 1
        name = str(self._count)
        with _words(options) as options_file, _words(argv) as argv_file, contextlib.suppress(OSError):
            socket.send_fds(self._control, [f"keep {name}".encode()], [options_file.fileno(), argv_file.fileno()])
        return name

    async def dial(self, family: socket.AddressFamily) -> socket.socket | None:
        """A fresh socket of the sandbox's own network; None where it has no such family.

        Raises:
            SandboxLost: the holder is gone.
        """
        self._count += 1
        name = str(self._count)
        made: asyncio.Future[socket.socket | None] = asyncio.get_running_loop().create_future()
        self._dialled[name] = made
        made.add_done_callback(look_at)
        await self._send(f"dial {name} {int(family)}", [])
        return await made

    async def kill(self, name: str) -> None:
        """Ask for the end of one program; its future tells when it came."""
        with contextlib.suppress(SandboxLost):
            await self._send(f"kill {name}", [])

    async def kill_all(self) -> None:
        """Ask for the end of every program, bridged ones too."""
        with contextlib.suppress(SandboxLost):
            await self._send("killall", [])

    async def close(self) -> None:
        """End the holder and everything inside. Idempotent; returns when all of it is gone."""
        self._lose()
        try:
            async with asyncio.timeout(_CLOSE_SECONDS):
                await self._holder.wait()
        except TimeoutError:
            with contextlib.suppress(ProcessLookupError):
                self._holder.kill()
            await self._holder.wait()

    @property
    def pid(self) -> int:
        """Of the process below which everything inside runs."""
        return self._holder.pid

    async def _send(self, message: str, fds: Sequence[int]) -> None:
        while True:
            try:
                socket.send_fds(self._control, [message.encode()], fds)
                return
            except BlockingIOError:
                await _writable(self._control)
            except OSError as error:
                raise SandboxLost("The sandbox is gone; its files are kept. Open it again to go on.") from error

    def _hear(self) -> None:
        try:
            message, fds, _, _ = socket.recv_fds(self._control, _MAX_MESSAGE_BYTES, 250)
        except BlockingIOError:
            return
        except OSError:
            message, fds = b"", []
        match message.decode().split():
            case ["up"]:
                self._up.set_result(tuple(socket.socket(fileno=fd) for fd in fds))
            case ["fail", stage, number]:
                self._up.set_exception(HolderRefused(stage, int(number)))
            case ["dialled", name]:
                sockets = [socket.socket(fileno=fd) for fd in fds]
                made = self._dialled.pop(name)
                if made.done():  # whoever asked was cancelled
                    for one in sockets:
                        one.close()
                else:
                    made.set_result(sockets[0] if sockets else None)
            case ["exit", name, status, started]:
                if (ended := self._ended.pop(name, None)) and not ended.done():
                    ended.set_result(Ended(status=int(status), has_started=started == "1"))
            case _:
                self._lose()

    def _lose(self) -> None:
        if self._is_closed:
            return
        self._is_closed = True
        asyncio.get_running_loop().remove_reader(self._control)
        self._control.close()
        lost = SandboxLost("The sandbox died; its files are kept. Open it again to go on.")
        for ended in self._ended.values():
            if not ended.done():
                ended.set_exception(lost)
        for made in self._dialled.values():
            if not made.done():
                made.set_exception(lost)
        if not self._up.done():
            self._up.set_exception(lost)
        if not self._up.cancelled():
            self._up.exception()


def _words(words: Sequence[str]) -> BinaryIO:
    """A file in memory that holds the words, each ended by a zero byte."""
    if any("\0" in word for word in words):
        raise ValueError("a zero byte in an argument or a variable cannot reach a program")
    file = os.fdopen(os.memfd_create("words"), "w+b", buffering=0)
    file.write(b"".join(os.fsencode(word) + b"\0" for word in words))
    file.seek(0)
    return file


def _join(join: Callable[[int], None], pid: int) -> None:
    try:
        join(pid)
    except OSError as error:
        raise HolderRefused("cgroup", error.errno or 0) from error


async def _writable(sock: socket.socket) -> None:
    loop = asyncio.get_running_loop()
    ready: asyncio.Future[None] = loop.create_future()
    loop.add_writer(sock, lambda: None if ready.done() else ready.set_result(None))
    try:
        await ready
    finally:
        loop.remove_writer(sock)
