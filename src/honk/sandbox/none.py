"""No isolation: programs run on this machine as this user, in a copy of the tree. Only for who asks for it by name.

What it keeps of the port: the clean environment, limits of time and output, the lock, the end of everything at `close`.
What it cannot: a path inside is only a name. `/workspace` is a copied tree in the state (its path in HONK_WORKSPACE),
`/tmp` and the home are folders beside it, a mount stands where its source does, and read-only is not enforced. A
listener's port is one that the kernel chose, in HONK_PORT_<port> inside and in `getsockname()` outside. Ceilings are
not enforced.
"""

import asyncio
import contextlib
import hashlib
import os
import signal
import socket
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import BinaryIO

from honk.base.ids import new_id
from honk.base.subprocess import Completed, run
from honk.sandbox import HOME, WORKSPACE, SandboxLost, SandboxSpec, SandboxUnavailable, Usage, Written
from honk.sandbox.dialling import dial
from honk.sandbox.state import lock_state, remove_state, written_bytes
from honk.sandbox.streams import Ended, Pipes, StreamedProcess

_MARK = "HONK_NONE_SANDBOX"
"""Everything a sandbox starts carries the state's sign in this variable; so it is found, after our own death too."""


_PLACES = {"HOME": HOME, "TMPDIR": "/tmp", "HONK_WORKSPACE": WORKSPACE}  # noqa: S108 - a name, see `inside`


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
            if f"{mount.target}/".startswith(f"{WORKSPACE}/"):
                raise SandboxUnavailable(
                    f"Without isolation {mount.source} cannot be shown in the work tree, at {mount.target}. Nothing "
                    "was begun. Use the bubblewrap sandbox."
                )
        lock = lock_state(spec.state)
        try:
            await _kill_marked(_sign(spec.state))
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
        self._places = _places(spec)
        self._lock = lock
        self._mark = _sign(spec.state)
        self._processes: list[StreamedProcess] = []
        self._usage: Usage | None = None

    @property
    def upper(self) -> Path:
        """The whole tree: what was written and what was there cannot be told apart."""
        return _tree(self.spec.state)

    def inside(self, path: str) -> str:
        """By the longest name that the path is, or is below; any other path is the host's own."""
        for name, place in self._places:
            if path == name or path.startswith(f"{name}/"):
                return place + path.removeprefix(name)
        return path

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
        mark = f"{self._mark}.{new_id(16)}"
        variables = (f"{name}={value}" for name, value in self._environment(env, mark).items())
        return ("/usr/bin/env", "-i", "-C", str(_tree(self.spec.state)), *variables, *map(self.inside, argv))

    async def connect(self, port: int, *, timeout_seconds: float = 5) -> socket.socket | None:
        """To this machine's own loopback: whoever listens on the port there is taken for the program inside.

        Raises:
            SandboxLost: the sandbox was closed.
        """
        if self._usage is not None:
            raise SandboxLost("The sandbox was closed; its files are kept. Open it again to go on.")
        return await dial(_fresh_socket, port, timeout_seconds)

    def cpu_seconds(self) -> float | None:
        """None: its programs are among all others."""
        return None

    async def written(self) -> Written | None:
        """None: the copied tree is one with what was written into it."""
        return None

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
                *map(self.inside, argv),
                stdin=stdin,
                stdout=stdout,
                stderr=stderr,
                cwd=self.inside(cwd),
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

    def _environment(self, env: Mapping[str, str], mark: str) -> dict[str, str]:
        ports = {f"HONK_PORT_{port}": str(one.getsockname()[1]) for port, one in self.listeners.items()}
        return {
            "PATH": ":".join((*map(self.inside, self.spec.path), "/usr/local/bin", "/usr/bin", "/bin")),
            "USER": "agent",
            "LANG": "C.UTF-8",
            **ports,
            **{name: self.inside(value) for name, value in {**_PLACES, **self.spec.env, **env}.items()},
            _MARK: mark,
        }


def _tree(state: Path) -> Path:
    return state / "tree"


def _sign(state: Path) -> str:
    return hashlib.sha256(os.fsencode(state)).hexdigest()[:24]


def _places(spec: SandboxSpec) -> list[tuple[str, str]]:
    """Where every name stands, the longest first. Where something stands is a name of its own: resolved, it stays."""
    own = {WORKSPACE: _tree(spec.state), HOME: spec.state / "home", "/tmp": spec.state / "tmp"}  # noqa: S108
    named = {name: str(place) for name, place in own.items()} | {one.target: str(one.source) for one in spec.mounts}
    stay = {place: place for place in named.values()}
    return sorted((stay | named).items(), key=lambda one: -len(one[0]))


async def _copy(layers: Sequence[Path], state: Path) -> None:
    """Lay the layers over each other, lowest first, unless an earlier sandbox did. Home and /tmp begin empty."""
    for part in ("home", "tmp"):
        await remove_state(state / part)
        (state / part).mkdir()
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


async def _fresh_socket(family: socket.AddressFamily) -> socket.socket | None:
    try:
        return socket.socket(family)
    except OSError:
        return None


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
