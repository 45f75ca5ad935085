"""The isolation: runs programs where they reach nothing but what they were given."""

import socket
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from honk.base.errors import HonkError, PlatformError
from honk.base.subprocess import Completed

WORKSPACE = "/workspace"
"""Names the work tree in every sandbox. Those that isolate show it there: paths in build caches stay valid."""
HOME = "/home/agent"


@dataclass(frozen=True, slots=True, kw_only=True)
class Mount:
    """A host path shown inside. Read-only unless it says otherwise.

    What programs inside must not be able to put aside belongs under /opt or /etc: a target deeper than one step below
    the work tree, the home or /tmp lies in a directory that they may rename.
    """

    source: Path
    target: str
    is_writable: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Ceilings:
    """What the sandbox may use of the machine; enforced by the kernel."""

    memory_bytes: int = 4 << 30
    processes: int = 1024
    file_bytes: int = 2 << 30
    """Largest single file."""
    tmp_bytes: int = 1 << 30
    cpu_share: float | None = None
    """Of one core, held by the kernel where a cgroup is to be had; None lets it have what is free."""
    bounds_address_space: bool = True
    """False for programs that reserve far more memory than they use, as browsers do: without a cgroup nothing bounds
    the memory of those."""
    disk_bytes: int = 4 << 30
    """What programs may write to the disk: the upper layer and the writable mounts together."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SandboxSpec:
    """What one sandbox is made of."""

    name: str
    layers: tuple[Path, ...] = ()
    """Read-only trees, topmost first, that together are the work tree. Empty: an empty work tree."""
    state: Path
    """Directory of this sandbox: the upper layer lives in it and survives the sandbox."""
    mounts: tuple[Mount, ...] = ()
    env: Mapping[str, str] = field(default_factory=dict)
    path: tuple[str, ...] = ()
    """Directories put before /usr/bin."""
    ports: tuple[int, ...] = ()
    """Loopback ports inside whose listening sockets are handed out: all the network there is."""
    ceilings: Ceilings = Ceilings()


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """What a sandbox used, as far as the backend can tell."""

    peak_memory_bytes: int | None
    written_bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """What programs wrote into the work tree, as paths below it; what lies in a repository's own `.git` is left out."""

    made: frozenset[bytes]
    """Files, links and the like that no layer has."""
    other: frozenset[bytes]
    """What a layer has and now is another file, or gone: a directory for all that it held."""
    is_whole: bool
    """False where a directory was closed to us, or too deep: there may be more."""


class Process(Protocol):
    """A program running inside."""

    def output(self) -> AsyncIterator[bytes]:
        """Standard output in chunks as they come; ends when the program does."""
        ...

    async def write(self, data: bytes) -> None:
        """Write to standard input. A program that no longer reads is not an error."""
        ...

    async def close_stdin(self) -> None: ...

    async def wait(self) -> int:
        """The exit code, negative for a signal.

        Raises:
            SandboxLost: the sandbox died under the program.
        """
        ...

    def stderr_tail(self) -> str:
        """The last 8 KB of standard error."""
        ...

    async def kill(self) -> None:
        """End it and everything it started. Idempotent; returns when they are gone."""
        ...


class Sandbox(Protocol):
    """One running sandbox. Programs in it share files and loopback, not process ids.

    Paths inside are names. The sandbox itself resolves a name that is a whole word of a command line, a whole variable
    or a working directory; whoever writes one into a longer text asks `inside`.
    """

    @property
    def spec(self) -> SandboxSpec: ...

    @property
    def upper(self) -> Path:
        """Where on the host lies what programs wrote into the work tree; once this is closed, a layer for others."""
        ...

    def inside(self, path: str) -> str:
        """Where the path stands for programs inside: it itself, where the backend shows files as they are named."""
        ...

    @property
    def listeners(self) -> Mapping[int, socket.socket]:
        """The listening sockets, by port, that programs inside connect to and we accept on."""
        ...

    async def spawn(
        self, argv: Sequence[str], *, env: Mapping[str, str] | None = None, cwd: str = WORKSPACE
    ) -> Process:
        """Start a program. If the caller is cancelled later, call `kill`.

        Raises:
            SandboxLost: the sandbox is gone.
        """
        ...

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
        """
        ...

    def bridge(self, argv: Sequence[str], env: Mapping[str, str]) -> tuple[str, ...]:
        """A command line for the *host* that runs ARGV inside with its own standard streams.

        For libraries that insist on starting their program themselves. When the host command dies, so does the
        program inside, with all that it started.
        """
        ...

    async def connect(self, port: int, *, timeout_seconds: float = 5) -> socket.socket | None:
        """A connection to a server that a program inside runs on the loopback; not blocking, the caller closes it.

        None where nothing listens on the port, or what listens does not take the connection in time.

        Raises:
            SandboxLost: the sandbox is gone.
        """
        ...

    def cpu_seconds(self) -> float | None:
        """Of a core, used by all that ran and runs inside; None where that cannot be told."""
        ...

    async def written(self) -> Written | None:
        """What differs from the layers, found without reading those; None where that cannot be told apart."""
        ...

    async def close(self) -> Usage:
        """End everything inside. The upper layer stays. Idempotent."""
        ...


class SandboxBackend(Protocol):
    """Makes sandboxes of one kind."""

    @property
    def name(self) -> str: ...

    @property
    def is_isolating(self) -> bool:
        """False only for `none`, which is shouted about wherever it is used."""
        ...

    async def open(self, spec: SandboxSpec) -> Sandbox:
        """A running sandbox. The same `state` opened again shows the same files; never twice at once.

        Raises:
            SandboxUnavailable: this machine cannot do it; says how to mend that.
            SandboxBusy: another live sandbox holds this state.
        """
        ...


class SandboxError(HonkError):
    """The isolation broke; never says anything about what ran inside."""


class SandboxUnavailable(SandboxError, PlatformError):
    """This machine cannot make sandboxes."""


class SandboxBusy(SandboxError):
    """The state directory is in use by a live sandbox."""


class SandboxLost(SandboxError):
    """The sandbox died; opening it again on the same state goes on with the same files."""


class DiskFull(SandboxError):
    """What runs inside has written more than `ceilings.disk_bytes`; it was ended, what it wrote is kept."""
