"""Clean rooms without walls: a directory and plain programs. For tests of the gate's judgement, never of isolation."""

import hashlib
import shutil
import socket
import tempfile
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from honk.base.subprocess import Completed, run
from honk.domain.change import Change, ChangedFile, Edit
from honk.sandbox import WORKSPACE, Mount, Process, Sandbox, SandboxBackend, SandboxSpec, Usage, Written

Files = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class FilesTree:
    """A `Tree` over a mapping of paths to text."""

    content: Files

    @property
    def sha(self) -> str:
        return sha_of(self.content)

    async def files(self) -> tuple[str, ...]:
        return tuple(sorted(self.content))

    async def read(self, path: str, max_bytes: int = 1 << 20) -> bytes | None:
        text = self.content.get(path)
        return None if text is None or len(text) > max_bytes else text.encode()

    async def read_all(self, paths: Iterable[str], max_bytes: int = 1 << 20) -> Mapping[str, bytes]:
        found = {path: await self.read(path, max_bytes) for path in paths}
        return {path: content for path, content in found.items() if content is not None}


@dataclass(frozen=True, slots=True)
class DirectorySandbox:
    """A `Sandbox` that isolates nothing: programs run in the directory with a clean environment."""

    directory: Path
    env: Mapping[str, str] = field(default_factory=dict)

    @property
    def spec(self) -> SandboxSpec:
        return SandboxSpec(name=self.directory.name, state=self.directory)

    @property
    def listeners(self) -> Mapping[int, socket.socket]:
        return {}

    @property
    def upper(self) -> Path:
        return self.directory

    def inside(self, path: str) -> str:
        return path

    async def spawn(
        self, argv: Sequence[str], *, env: Mapping[str, str] | None = None, cwd: str = WORKSPACE
    ) -> Process:
        raise NotImplementedError("the gate runs programs to their end; it spawns none")

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
        # Runners keep caches in the temporary folder: in the machine's own they would grow from test to test.
        with tempfile.TemporaryDirectory(prefix="scratch-", ignore_cleanup_errors=True) as scratch:
            return await run(
                argv,
                cwd=self.directory / PurePosixPath(cwd).relative_to(WORKSPACE),
                env={"TMPDIR": scratch, **self.env, **(env or {})},
                stdin=stdin,
                timeout_seconds=timeout_seconds,
                max_output_bytes=max_output_bytes,
            )

    def bridge(self, argv: Sequence[str], env: Mapping[str, str]) -> tuple[str, ...]:
        return tuple(argv)

    async def connect(self, port: int, *, timeout_seconds: float = 5) -> socket.socket | None:
        """None: programs run to their end, so nothing listens."""
        return None

    def cpu_seconds(self) -> float | None:
        return None

    async def written(self) -> Written | None:
        return None

    async def close(self) -> Usage:
        return Usage(peak_memory_bytes=None, written_bytes=0)


@dataclass(frozen=True, slots=True)
class DirectoryRooms:
    """Opens a fresh directory with the base's files or the change's; gone afterwards. It counts what it opened."""

    base: Files
    head: Files
    opened: list[str] = field(default_factory=list)
    env: Mapping[str, str] = field(default_factory=dict)

    @asynccontextmanager
    async def __call__(self, of: Change | None) -> AsyncIterator[DirectorySandbox]:
        self.opened.append("base" if of is None else "change")
        directory = Path(tempfile.mkdtemp(prefix="room-"))
        try:
            write_files(directory, self.base if of is None else self.head)
            yield DirectorySandbox(directory, self.env)
        finally:
            shutil.rmtree(directory, ignore_errors=True)


@dataclass(frozen=True, slots=True)
class SandboxRooms:
    """The same with walls: a fresh sandbox of any backend over a directory of the files."""

    base: Files
    head: Files
    backend: SandboxBackend
    state: Path
    mounts: tuple[Mount, ...] = ()

    @asynccontextmanager
    async def __call__(self, of: Change | None) -> AsyncIterator[Sandbox]:
        directory = Path(tempfile.mkdtemp(prefix="room-", dir=self.state))
        layer, state = directory / "layer", directory / "state"
        layer.mkdir()
        state.mkdir()
        write_files(layer, self.base if of is None else self.head)
        spec = SandboxSpec(name=directory.name, layers=(layer,), state=state, mounts=self.mounts)
        sandbox = await self.backend.open(spec)
        try:
            yield sandbox
        finally:
            await sandbox.close()
            shutil.rmtree(directory, ignore_errors=True)


def write_files(directory: Path, files: Files) -> None:
    for path, text in files.items():
        target = directory / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text)


def change_between(base: Files, head: Files) -> Change:
    """The change from one tree of files to another, without renames."""
    edits = {
        path: Edit.ADDED if path not in base else Edit.DELETED if path not in head else Edit.MODIFIED
        for path in sorted({*base, *head})
        if base.get(path) != head.get(path)
    }
    files = tuple(ChangedFile(path=path, edit=edit) for path, edit in edits.items())
    shas = {"base_sha": sha_of(base), "head_sha": sha_of(head), "tree_sha": sha_of(head)}
    return Change(**shas, files=files, diff_blob="", diff_bytes=0)


def sha_of(files: Files) -> str:
    """A made-up commit id, the same for the same files."""
    return hashlib.sha1(repr(sorted(files.items())).encode()).hexdigest()  # noqa: S324 - a name, not a seal
