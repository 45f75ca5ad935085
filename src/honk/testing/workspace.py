"""Fakes of the workspace's ports: files in memory, programs in plain directories, nothing isolated, no git."""

import hashlib
import shutil
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import BinaryIO

from honk.domain.change import Change
from honk.domain.task import Person, Repository
from honk.sandbox import Ceilings, Mount, Sandbox
from honk.testing.rooms import DirectorySandbox, Files, FilesTree, change_between, sha_of, write_files
from honk.workspace import Advance, CommitMessage, Environment, Give, RepositoryFacts, SourceError, Template


@dataclass(slots=True)
class FakeSource:
    """A `Source` of one repository with these files; remembers the branches that it was given."""

    files: Files
    root: Path = Path("/person/repository")
    branches: dict[str, str] = field(default_factory=dict)
    is_checked_out: bool = True
    """Whether the base branch is what the person has before them."""

    async def describe(self, path: Path, base: str | None) -> RepositoryFacts:
        if path != self.root:
            raise SourceError(f"{path} is not in a git repository.")
        return RepositoryFacts(
            repository_id="fake",
            root=self.root,
            name=self.root.name,
            base_branch=base or "main",
            base_sha=sha_of(self.files),
            uncommitted=(),
            asker=Person(name="Ada", email="ada@example.org"),
        )

    async def export(self, root: Path, sha: str, have: Sequence[str], into: BinaryIO) -> None:
        into.write(b"PACK")

    async def import_branch(self, root: Path, branch: str, sha: str, pack: BinaryIO) -> None:
        if self.branches.setdefault(branch, sha) != sha:
            raise SourceError(f"{root} has a branch {branch} at {self.branches[branch][:12]} already.")

    async def snapshot(self, root: Path, base_sha: str, into: BinaryIO) -> str:
        into.write(b"PACK")
        return sha_of(self.files)

    async def advance(self, root: Path, branch: str, old_sha: str, new_sha: str, pack: BinaryIO) -> Advance:
        if self.is_checked_out:
            return Advance(has_moved=False, advice=f"git -C {root} merge --ff-only {new_sha}")
        self.branches[branch] = new_sha
        return Advance(has_moved=True)


@dataclass(frozen=True, slots=True)
class FakeWorkspace:
    """A `Workspace` that is a plain directory."""

    directory: Path
    base: Files
    heads: dict[str, Files]
    blobs: dict[str, bytes]

    @property
    def sandbox(self) -> Sandbox:
        return DirectorySandbox(self.directory)

    async def collect(self, message: CommitMessage) -> Change | None:
        """The text files that differ; the "diff" in the blobs only names them."""
        head = _read_files(self.directory)
        if head == self.base:
            return None
        change = change_between(self.base, head)
        self.heads[change.head_sha] = head
        diff = "".join(f"{file.edit} {file.path}\n" for file in change.files).encode()
        key = f"diffs/{change.head_sha}.diff"
        self.blobs[key] = diff
        return replace(change, diff_blob=key, diff_bytes=len(diff))


@dataclass(slots=True)
class FakeWorkspaces:
    """`Workspaces` over one tree of files, in directories below the home."""

    home: Path
    base: Files
    blobs: dict[str, bytes] = field(default_factory=dict)
    built: Environment = field(default_factory=lambda: Environment(key="fake"))
    discarded: list[str] = field(default_factory=list)
    _heads: dict[str, Files] = field(default_factory=dict)

    async def template(self, repository: Repository, base_sha: str) -> Template:
        checkout = self.home / "template"
        return Template(repository=repository, base_sha=base_sha, checkout=checkout, git_dir=checkout / ".git")

    def tree(self, repository: Repository, sha: str) -> FilesTree:
        return FilesTree(self._heads.get(sha, self.base))

    def mirror(self, repository: Repository) -> Path:
        return self.home / "mirror.git"

    async def environment(self, template: Template, change: Change | None = None) -> Environment:
        return self.built

    @asynccontextmanager
    async def open(
        self,
        template: Template,
        environment: Environment,
        *,
        name: str,
        ports: tuple[int, ...] = (),
        mounts: tuple[Mount, ...] = (),
        env: Mapping[str, str] | None = None,
        ceilings: Ceilings | None = None,
        has_servers: bool = True,
        start: Change | None = None,
    ) -> AsyncIterator[FakeWorkspace]:
        directory = self.home / "workspaces" / name
        if not directory.exists():
            _lay(directory, self.base if start is None else self._heads[start.head_sha])
        yield FakeWorkspace(directory, self.base, self._heads, self.blobs)

    @asynccontextmanager
    async def clean_room(
        self,
        template: Template,
        environment: Environment,
        change: Change | None,
        *,
        name: str,
        ceilings: Ceilings | None = None,
    ) -> AsyncIterator[FakeWorkspace]:
        directory = self.home / "rooms" / hashlib.sha256(name.encode()).hexdigest()[:12]
        _lay(directory, self.base if change is None else self._heads[change.head_sha])
        try:
            yield FakeWorkspace(directory, self.base, self._heads, self.blobs)
        finally:
            shutil.rmtree(directory)

    async def discard(self, name: str) -> None:
        self.discarded.append(name)
        shutil.rmtree(self.home / "workspaces" / name, ignore_errors=True)

    async def pack(self, repository: Repository, sha: str, have: Sequence[str], into: BinaryIO) -> None:
        into.write(b"PACK")

    async def adopt(self, template: Template, sha: str, pack: BinaryIO) -> Change | None:
        head = self._heads.get(sha, self.base)
        return None if head == self.base else change_between(self.base, head)

    async def merged(
        self, repository: Repository, base_sha: str, head_sha: str, give: Give, message: CommitMessage
    ) -> Change | None:
        """There is one base here: nothing moves."""
        return change_between(self.base, self._heads[head_sha])


def _lay(directory: Path, files: Files) -> None:
    directory.mkdir(parents=True)
    write_files(directory, files)


def _read_files(directory: Path) -> dict[str, str]:
    return {
        str(path.relative_to(directory)): path.read_text()
        for path in sorted(directory.rglob("*"))
        if path.is_file() and ".git" not in path.parts
    }
