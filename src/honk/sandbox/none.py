"""No isolation: programs run on this machine as this user, in a copy of the tree. Only for who asks for it by name.

What it keeps of the port: the clean environment, limits of time and output, the lock, the end of everything at `close`.
What it cannot: `/workspace` is a copied tree elsewhere, its path in HONK_WORKSPACE; a listener's port is one that the
kernel chose, in HONK_PORT_<port> inside and in `getsockname()` outside; ceilings are not enforced.
"""

import asyncio
import contextlib
import os
import signal
import socket
from collections.abc import Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import BinaryIO

from honk.base.ids import new_id
from honk.base.subprocess import Completed, run
from honk.sandbox import WORKSPACE, SandboxLost, SandboxSpec, SandboxUnavailable, Usage
from honk.sandbox.state import lock_state, remove_state, written_bytes
from honk.sandbox.streams import Ended, Pipes, StreamedProcess

_MARK = "HONK_NONE_SANDBOX"
"""Everything a sandbox starts carries its name in this variable; that is how it is found again."""


class NoneBackend:
    """Makes sandboxes that are none."""

    name = "none"
    is_isolating = False

    async def open(self, spec: SandboxSpec) -> "NoneSandbox":
        """A copied tree to run in; what was written there before is there again.

        Raises:
            SandboxUnavailable: the spec asks for what cannot be had without isolation.
            SandboxBusy: another live sandbox holds this state.
        """
        for mount in spec.mounts:
            if mount.target != str(mount.source):
                raise SandboxUnavailable(
                    f"Without isolation {mount.source} cannot be shown at {mount.target}. Nothing was begun. "
                    "Use the bubblewrap sandbox."
                )
        lock = lock_state(spec.state)
        try:
            await _copy(spec.layers, spec.state)
        except BaseException:
            lock.close()
            raise
        return NoneSandbox(spec, lock)


class NoneSandbox:
    """A copied tree, and what runs in it: `Sandbox` of the port."""

    def __init__(self, spec: SandboxSpec, lock: BinaryIO) -> None:
        self.spec = spec
        self.listeners: Mapping[int, socket.socket] = {
            port: socket.create_server(("127.0.0.1", 0), backlog=256) for port in spec.ports
        }
        self._lock = lock
        self._mark = new_id(16)
        self._processes: list[StreamedProcess] = []
        self._usage: Usage | None = None

    async def spawn(
        self, argv: Sequence[str], *, env: Mapping[str, str] | None = None, cwd: str = WORKSPACE
    ) -> StreamedProcess:
        """Start a program in a session of its own. If the caller is cancelled later, call `kill`.

        Raises:
            SandboxLost: the sandbox was closed.
        """
        return await self._spawn(argv, env or {}, cwd, None)

    async def run(
        self,
        argv: Sequence[str],
        *,
        env: Mapping[str, str] | None = None,
        cwd: str = WORKSPACE,
        stdin: bytes = b"",
        timeout_seconds: float,
        max_output_bytes: int = 16 << 20,
    ) -> Completed:
        """Run a program to its end; a failure, a time-out or a flood is in the answer. Cancellation kills it."""
        program = await self._spawn(argv, env or {}, cwd, max_output_bytes)
        return await program.run(argv, stdin, timeout_seconds, max_output_bytes)

    def bridge(self, argv: Sequence[str], env: Mapping[str, str]) -> tuple[str, ...]:
        """The program itself behind `env -i`. What it leaves behind in a session of its own ends at `close` only."""
        variables = (f"{name}={value}" for name, value in self._environment(env, new_id(16)).items())
        return ("/usr/bin/env", "-i", "-C", str(_tree(self.spec.state)), *variables, *argv)

    async def close(self) -> Usage:
        """End everything that was started here. The tree stays. Idempotent."""
        if self._usage is None:
            await _kill_marked(self._mark)
            for process in self._processes:
                await process.kill()
            for listener in self.listeners.values():
                listener.close()
            written = await asyncio.to_thread(written_bytes, _tree(self.spec.state))
            self._lock.close()
            self._usage = Usage(peak_memory_bytes=None, written_bytes=written)
        return self._usage

    async def _spawn(
        self, argv: Sequence[str], env: Mapping[str, str], cwd: str, max_error_bytes: int | None
    ) -> StreamedProcess:
        if self._usage is not None:
            raise SandboxLost("The sandbox was closed; its files are kept. Open it again to go on.")
        mark = f"{self._mark}.{new_id(16)}"
        pipes = await Pipes.open()
        stdin, stdout, stderr = pipes.theirs
        try:
            started = await asyncio.create_subprocess_exec(
                *argv,
                stdin=stdin,
                stdout=stdout,
                stderr=stderr,
                cwd=self._directory(cwd),
                env=self._environment(env, mark),
                start_new_session=True,
            )
            ended = _end_of(started, mark)
        except OSError as error:
            os.write(stderr, f"{argv[0]}: {error.strerror}\n".encode())
            ended = _never_began()
        except BaseException:
            pipes.close()
            raise
        finally:
            pipes.hand_over()
        process = StreamedProcess(pipes, ended, lambda: _kill_marked(mark), max_error_bytes)
        self._processes = [*(one for one in self._processes if not one.is_finished), process]
        return process

    def _directory(self, cwd: str) -> Path:
        path = PurePosixPath(cwd)
        return _tree(self.spec.state) / path.relative_to(WORKSPACE) if path.is_relative_to(WORKSPACE) else Path(cwd)

    def _environment(self, env: Mapping[str, str], mark: str) -> dict[str, str]:
        state = self.spec.state
        ports = {f"HONK_PORT_{port}": str(one.getsockname()[1]) for port, one in self.listeners.items()}
        return {
            "PATH": ":".join((*self.spec.path, "/usr/local/bin", "/usr/bin", "/bin")),
            "HOME": str(state / "home"),
            "USER": "agent",
            "LANG": "C.UTF-8",
            "TMPDIR": str(state / "tmp"),
            "HONK_WORKSPACE": str(_tree(state)),
            **ports,
            **self.spec.env,
            **env,
            _MARK: mark,
        }


def _tree(state: Path) -> Path:
    return state / "tree"


async def _copy(layers: Sequence[Path], state: Path) -> None:
    """Lay the layers over each other, lowest first, unless an earlier sandbox already did."""
    for part in ("home", "tmp"):
        (state / part).mkdir(exist_ok=True)
    if _tree(state).exists():
        return
    half_done = state / "tree.new"
    await remove_state(half_done)
    half_done.mkdir()
    for layer in reversed(layers):
        done = await run(["cp", "-a", "--reflink=auto", "-T", str(layer), str(half_done)], timeout_seconds=600)
        done.must("copying the work tree")
    half_done.rename(_tree(state))


async def _end_of(started: asyncio.subprocess.Process, mark: str) -> Ended:
    """The program's end, once nothing that it left behind is alive."""
    status = await started.wait()
    await _kill_marked(mark)
    return Ended(status=status)


async def _never_began() -> Ended:
    return Ended(status=127)


async def _kill_marked(mark: str) -> None:
    """End everything whose environment carries the mark, new-born ones too. Who wiped the mark out escapes."""
    needle = f"{_MARK}={mark}".encode()
    while pids := await asyncio.to_thread(_marked, needle):
        for pid in pids:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        await asyncio.sleep(0.005)


def _marked(needle: bytes) -> list[int]:
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with contextlib.suppress(OSError):
                if any(word.startswith(needle) for word in (entry / "environ").read_bytes().split(b"\0")):
                    found.append(int(entry.name))
    return found
