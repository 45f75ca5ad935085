"""A running copy of a change: its command in a sandbox, its output watched, asked until it is ready."""

import asyncio
import contextlib
import socket
from dataclasses import dataclass, field

from honk.base.clock import monotonic_seconds
from honk.preview import NotReady
from honk.preview.declared import Declared
from honk.preview.exchange import Asked, BadAnswer, Bounds, exchange, nothing
from honk.preview.passage import Header
from honk.sandbox import Process, Sandbox, SandboxLost

LOG_BYTES = 4096
"""What is kept of its output: the end."""
FLOOD_BYTES = 64 << 20
_BYTES_A_SECOND = 2 << 20
"""Faster its output is not read: what floods waits."""
_PAUSE_SECONDS = 0.1
_ASK = Bounds(head_seconds=10.0, body_bytes=8 << 20, idle_seconds=10.0, whole_seconds=20.0)
_RUN = 'exec 2>&1; eval "$1"'
_NICE = ("/usr/bin/nice", "-n", "10")
"""Whoever works on the machine goes before those who show."""


@dataclass(slots=True)
class RunningCopy:
    """Port `Copy`."""

    sandbox: Sandbox
    port: int
    program: Process
    fate: "asyncio.Future[str]" = field(default_factory=lambda: asyncio.get_running_loop().create_future())
    """Set when it ended by itself: how, in words."""
    _tail: bytearray = field(default_factory=bytearray)
    _watching: list["asyncio.Task[None]"] = field(default_factory=list)

    @property
    def log(self) -> str:
        """The end of what it wrote."""
        return bytes(self._tail).decode("utf-8", "replace")

    async def connect(self) -> socket.socket | None:
        """A connection to it; None where it takes none.

        Raises:
            SandboxLost: its sandbox is gone.
        """
        return await self.sandbox.connect(self.port)

    def watch(self) -> None:
        """Read what it writes, and learn how it ends."""
        self._watching = [asyncio.create_task(self._read()), asyncio.create_task(self._see_end())]

    async def stop(self) -> None:
        """End it. Idempotent."""
        for task in self._watching:
            task.cancel()
        await self.program.kill()

    async def _read(self) -> None:
        read = 0
        async for chunk in self.program.output():
            read += len(chunk)
            self._tail += chunk
            del self._tail[:-LOG_BYTES]
            if read > FLOOD_BYTES:
                self._ended(f"It wrote more than {FLOOD_BYTES >> 20} MiB to its output, and was ended.")
                await self.program.kill()
                return
            if len(chunk) > 4096:
                await asyncio.sleep(len(chunk) / _BYTES_A_SECOND)

    async def _see_end(self) -> None:
        try:
            status = await self.program.wait()
        except SandboxLost:
            self._ended("Its sandbox died.")
        except Exception as error:  # noqa: BLE001 - such as a full disk: whatever it is, the preview ended by it
            self._ended(f"It was ended: {error}")
        else:
            how = f"exit code {status}" if status >= 0 else f"signal {-status}"
            self._ended(f"Its command ended by itself ({how}).")

    def _ended(self, words: str) -> None:
        if not self.fate.done():
            self.fate.set_result(words)


async def start_copy(sandbox: Sandbox, declared: Declared) -> RunningCopy:
    """Run the seed, then the command, and wait until it answers with a 2xx.

    Raises:
        NotReady: it never did; says what it did instead, with the end of its log. Nothing of it runs any more.
        SandboxError: the sandbox died.
    """
    env = {"PORT": str(declared.port), "HOST": "127.0.0.1", "HONK_PREVIEW": "1"}
    if declared.seed:
        await _seed(sandbox, declared, env)
    program = await sandbox.spawn((*_NICE, "/bin/sh", "-c", _RUN, "sh", declared.command), env=env)
    await program.close_stdin()
    copy = RunningCopy(sandbox, declared.port, program)
    copy.watch()
    try:
        await _wait_until_ready(copy, declared)
    except BaseException:
        await asyncio.shield(copy.stop())
        raise
    return copy


async def _seed(sandbox: Sandbox, declared: Declared, env: dict[str, str]) -> None:
    argv = (*_NICE, "/bin/sh", "-c", _RUN, "sh", declared.seed)
    done = await sandbox.run(argv, env=env, timeout_seconds=declared.seconds, max_output_bytes=FLOOD_BYTES)
    if done.exit_code == 0 and not done.timed_out:
        return
    how = f"did not end within {declared.seconds:.0f} s" if done.timed_out else f"failed (exit code {done.exit_code})"
    raise NotReady(f"Its seed {how}.", log=done.stdout[-LOG_BYTES:].decode("utf-8", "replace"))


async def _wait_until_ready(copy: RunningCopy, declared: Declared) -> None:
    give_up_at = monotonic_seconds() + declared.seconds
    said = f"nothing listens on port {declared.port}"
    while monotonic_seconds() < give_up_at:
        if copy.fate.done():
            await asyncio.sleep(_PAUSE_SECONDS)  # the last of its words may still be on their way
            raise NotReady(f"{copy.fate.result()} It was not ready before.", log=copy.log)
        connection = await copy.connect()
        if connection is not None:
            try:
                status = await ask(connection, declared)
            except BadAnswer as error:
                said = f"it listens, and {error}"
            else:
                if 200 <= status < 300:
                    return
                said = f"it answers {declared.path} with {status}"
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(asyncio.shield(copy.fate), _PAUSE_SECONDS)
    raise NotReady(
        f"It was not ready within {declared.seconds:.0f} s: {said}. The repository says by [preview] command, port and "
        "path what is started, where it listens ($PORT), and what answers with a 2xx.",
        log=copy.log,
    )


async def ask(connection: socket.socket, declared: Declared) -> int:
    """The status of what it answers on the path where it says that it is ready.

    Raises:
        BadAnswer: it answers nothing that is HTTP.
    """
    headers: list[Header] = [(b"host", f"localhost:{declared.port}".encode()), (b"accept", b"text/html, */*;q=0.5")]
    asked = Asked(method="GET", target=declared.path.encode(), headers=headers)
    async with exchange(connection, asked, nothing(), _ASK) as answered:
        return answered.status
