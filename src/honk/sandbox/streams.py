"""A started program as its caller sees it: streams, end, and `run`, which is the same in every backend."""

import asyncio
import contextlib
import fcntl
import os
import signal
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any

from honk.base.subprocess import Completed
from honk.sandbox import SandboxError

_CHUNK = _PIPE_BYTES = 1 << 18
"""Four times the usual pipe: three times the throughput."""
_TAIL_BYTES = 8 << 10
_RUN_ERROR_BYTES = 1 << 20
_NOT_STARTED = ("bwrap: execvp", "bwrap: Can't chdir")
"""How bubblewrap words what is the program's own fault: no such file, no such directory to start in."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """How a program ended."""

    status: int
    """The exit code, negative for a signal."""
    has_started: bool = True
    """False if it was never executed: its file is missing, or the sandbox could not be put up for it."""


@dataclass(frozen=True, slots=True)
class Pipes:
    """The three pipes of a program: our ends as streams, its ends as descriptors until it has them."""

    stdin: asyncio.StreamWriter
    stdout: asyncio.StreamReader
    stderr: asyncio.StreamReader
    theirs: tuple[int, int, int]
    transports: tuple[asyncio.BaseTransport, ...]

    @classmethod
    async def open(cls) -> "Pipes":
        """Three new pipes."""
        loop = asyncio.get_running_loop()
        stdin_read, stdin_write = os.pipe2(os.O_CLOEXEC)
        writing, protocol = await loop.connect_write_pipe(_WriteProtocol, os.fdopen(stdin_write, "wb", buffering=0))
        stdin = asyncio.StreamWriter(writing, protocol, None, loop)
        readers: list[asyncio.StreamReader] = []
        ends: list[int] = []
        transports: list[asyncio.BaseTransport] = [writing]
        for _ in range(2):
            read_end, write_end = os.pipe2(os.O_CLOEXEC)
            with contextlib.suppress(OSError):
                fcntl.fcntl(read_end, fcntl.F_SETPIPE_SZ, _PIPE_BYTES)
            reader = asyncio.StreamReader(limit=1 << 18, loop=loop)
            transport, _ = await loop.connect_read_pipe(
                lambda reader=reader: asyncio.StreamReaderProtocol(reader, loop=loop),  # type: ignore[misc]
                os.fdopen(read_end, "rb", buffering=0),
            )
            readers.append(reader)
            ends.append(write_end)
            transports.append(transport)
        return cls(stdin, readers[0], readers[1], (stdin_read, ends[0], ends[1]), tuple(transports))

    def hand_over(self) -> None:
        """The program has its ends, or never will: close ours of them, or no end of file would ever come."""
        for fd in self.theirs:
            os.close(fd)

    def close(self) -> None:
        """Give our ends back; what was not read is lost."""
        for transport in self.transports:
            transport.close()
        for reader in (self.stdout, self.stderr):
            reader.feed_eof()


class StreamedProcess:
    """A running program: `Process` of the port, over three pipes, a future of its end and a way to kill it."""

    def __init__(
        self,
        pipes: Pipes,
        ended: Awaitable[Ended],
        kill: Callable[[], Awaitable[None]],
        max_error_bytes: int | None = None,
    ) -> None:
        self._pipes = pipes
        self._kill = kill
        self._max_error_bytes = max_error_bytes
        self._errors = bytearray()
        self._error_bytes = 0
        self._ended = asyncio.ensure_future(ended)
        self._ended.add_done_callback(look_at)
        self._draining = asyncio.create_task(self._drain_errors())

    async def output(self) -> AsyncIterator[bytes]:
        """Standard output in chunks as they come; ends when the program does."""
        while chunk := await self._pipes.stdout.read(_CHUNK):
            yield chunk

    async def write(self, data: bytes) -> None:
        """Write to standard input. A program that no longer reads is not an error."""
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            self._pipes.stdin.write(data)
            await self._pipes.stdin.drain()

    async def close_stdin(self) -> None:
        """End of file on standard input."""
        self._pipes.stdin.close()

    async def wait(self) -> int:
        """The exit code, negative for a signal. A program whose output nobody reads may stand still for ever.

        Raises:
            SandboxLost: the sandbox died under the program.
            DiskFull: it was ended because the disk ceiling was passed.
            SandboxError: the sandbox could not be put up for it.
        """
        ended = await asyncio.shield(self._ended)
        await asyncio.wait([self._draining])
        return _exit_code(ended, self.stderr_tail())

    @property
    def is_finished(self) -> bool:
        """Whether it has ended and all its output was read."""
        return self._ended.done() and self._pipes.stdout.at_eof()

    def stderr_tail(self) -> str:
        """The last 8 KB of standard error."""
        return bytes(self._errors[-_TAIL_BYTES:]).decode("utf-8", "replace")

    async def kill(self) -> None:
        """End it and everything it started. Idempotent; returns when they are gone."""
        if not self._ended.done():
            await asyncio.shield(self._kill())
            await asyncio.wait([self._ended])
        await self.release()

    async def release(self) -> None:
        """Give the pipes back; output that was not read is lost."""
        self._pipes.close()
        await asyncio.wait([self._draining])

    async def run(self, argv: Sequence[str], stdin: bytes, timeout_seconds: float, max_output_bytes: int) -> Completed:
        """See it through: feed, read, and kill at the time limit, the output limit or cancellation."""
        chunks: list[bytes] = []
        timed_out = False
        try:
            async with asyncio.timeout(timeout_seconds), asyncio.TaskGroup() as group:
                group.create_task(self._feed(stdin))
                await self._collect(chunks, max_output_bytes)
                await asyncio.wait([self._ended])
        except TimeoutError:
            timed_out = True
        finally:
            await asyncio.shield(self.kill())
        stdout = b"".join(chunks)
        truncated = len(stdout) > max_output_bytes or self._error_bytes > max_output_bytes
        return Completed(
            argv=tuple(argv),
            exit_code=-signal.SIGKILL if timed_out or truncated else await self.wait(),
            stdout=stdout[:max_output_bytes],
            stderr=bytes(self._errors),
            timed_out=timed_out,
            truncated=truncated,
        )

    async def _feed(self, data: bytes) -> None:
        await self.write(data)
        await self.close_stdin()

    async def _collect(self, into: list[bytes], limit: int) -> None:
        left = limit
        async for chunk in self.output():
            into.append(chunk)
            left -= len(chunk)
            if left < 0:
                await self._kill()
                return

    async def _drain_errors(self) -> None:
        keep = _TAIL_BYTES if self._max_error_bytes is None else min(self._max_error_bytes, _RUN_ERROR_BYTES)
        while chunk := await self._pipes.stderr.read(_CHUNK):
            self._errors += chunk
            del self._errors[:-keep]
            self._error_bytes += len(chunk)
            if self._max_error_bytes is not None and self._error_bytes > self._max_error_bytes:
                await self._kill()


def look_at(future: "asyncio.Future[Any]") -> None:
    """An answer that nobody waits for is not worth a warning."""
    if not future.cancelled():
        future.exception()


def _exit_code(ended: Ended, errors: str) -> int:
    if ended.has_started:
        return ended.status
    if ended.status < 0:
        return ended.status
    if any(line.startswith(_NOT_STARTED) for line in errors.splitlines()):
        return 127
    raise SandboxError(f"The sandbox could not be put up for a program: {errors.strip() or ended.status}")


class _WriteProtocol(asyncio.streams.FlowControlMixin):
    """What a stream writer needs of its protocol, for a pipe that is only written to."""

    def __init__(self) -> None:
        super().__init__()
        self._closed: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        if not self._closed.done():
            self._closed.set_result(None)

    def _get_close_waiter(self, _stream: asyncio.StreamWriter) -> "asyncio.Future[None]":
        return self._closed
