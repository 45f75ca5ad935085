"""Repositories, and their work trees in sandboxes."""

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import BinaryIO, Protocol

from honk.base.errors import HonkError, UsageError
from honk.domain.change import Change
from honk.domain.health import Part
from honk.domain.task import Person, Repository
from honk.sandbox import Ceilings, Mount, Sandbox

Give = Callable[[Sequence[str], BinaryIO], Awaitable[None]]
"""Writes a pack of a commit, without what those commits reach of which it is told that they are there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RepositoryFacts:
    """What a person's repository looks like right now."""

    repository_id: str
    """The same for every way to name the same repository: derived from its resolved git directory."""
    root: Path
    """Top of the checkout, or the bare repository itself; resolved."""
    name: str
    base_branch: str
    base_sha: str
    uncommitted: tuple[str, ...]
    """Paths with work that is not committed: named to the person and left out."""
    asker: Person
    notes: tuple[str, ...] = ()
    """For the person: a shallow or partial clone, submodules, LFS pointers, a detached HEAD."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Advance:
    """Whether the person's base branch moved, and what to do where it did not."""

    has_moved: bool
    advice: str = ""


class Source(Protocol):
    """A person's own repository: read, given a branch, and otherwise never touched.

    The one thing that may run with the person's own rights (root's trusted side); packs go through open files.
    """

    async def describe(self, path: Path, base: str | None) -> RepositoryFacts:
        """What is there. `base` names a branch or commit; None is the current branch.

        Raises:
            SourceError: not a repository, no commit, unknown base; nothing was begun.
        """
        ...

    async def export(self, root: Path, sha: str, have: Sequence[str], into: BinaryIO) -> None:
        """Write a (thin) pack of the commit and its history, without what the commits in `have` reach."""
        ...

    async def import_branch(self, root: Path, branch: str, sha: str, pack: BinaryIO) -> None:
        """Add the pack's objects after fsck, then make the branch. The same branch at the same commit is no error.

        Raises:
            SourceError: the branch exists at another commit, or the pack is not sound.
        """
        ...

    async def snapshot(self, root: Path, base_sha: str, into: BinaryIO) -> str:
        """Write a pack of the work tree as it is (untracked files too, ignored ones not) as a commit over the base.

        Returns the commit's name. Nothing is written into the repository: index and objects are made aside.
        """
        ...

    async def advance(self, root: Path, branch: str, old_sha: str, new_sha: str, pack: BinaryIO) -> Advance:
        """Add the pack's objects and move the branch, unless a checked-out tree would change under a person's hands."""
        ...


class Tree(Protocol):
    """The files of one commit, read from the mirror by git plumbing: nothing is checked out, nothing runs."""

    @property
    def sha(self) -> str: ...

    async def files(self) -> tuple[str, ...]:
        """All paths, sorted. Symbolic links and submodules are paths too."""
        ...

    async def read(self, path: str, max_bytes: int = 1 << 20) -> bytes | None:
        """The content of a regular file; None where there is none, or it is larger."""
        ...

    async def read_all(self, paths: Iterable[str], max_bytes: int = 1 << 20) -> Mapping[str, bytes]:
        """The contents of those that are regular files and no larger."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Template:
    """A read-only, warm checkout of one commit, shared by every sandbox that starts from it."""

    repository: Repository
    base_sha: str
    checkout: Path
    git_dir: Path
    """The template's own `.git`: its objects and its warm index, never written again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """A server that tests talk to, started beside them in each of their sandboxes: a database, a cache."""

    name: str
    version: str
    start: tuple[str, ...]
    ask: tuple[str, ...]
    """Ends with 0 as soon as it accepts a connection."""
    env: Mapping[str, str] = field(default_factory=dict)
    """How tests find it."""
    mounts: tuple[Mount, ...] = ()
    """Its programs, where they do not lie below /usr, and what it begins with."""
    place: str = ""
    """Folder of the state folder's environments that it was prepared in."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Environment:
    """What the tests need, built once per (repository, manifests) in a set-up sandbox."""

    key: str
    layers: tuple[Path, ...] = ()
    """Read-only trees above the checkout: what the set-up wrote into the work tree."""
    mounts: tuple[Mount, ...] = ()
    path: tuple[str, ...] = ()
    env: Mapping[str, str] = field(default_factory=dict)
    python: str | None = None
    """The interpreter of the repository's own tests, as a path inside; None where there is none."""
    tools: Mapping[str, str] = field(default_factory=dict)
    """Programs of other ecosystems that sandboxes have, as paths inside: "node", "npm", "go"."""
    problems: tuple[str, ...] = ()
    """What could not be built, each naming the toolchain, file or package: the run is then honestly unverified."""
    seconds: float = 0.0
    is_cached: bool = False
    log_blob: str | None = None
    parts: tuple[Part, ...] = ()
    """What it is made of, for people."""
    servers: tuple[Server, ...] = ()
    """Started in each sandbox that runs the agent or the tests."""
    packages: tuple[str, ...] = ()
    """Of this machine, asked for by the repository and found."""
    hints: tuple[str, ...] = ()
    """What the repository may have forgotten to ask for."""
    marks: tuple[str, ...] = ()
    """What tests see beside what was built: servers and variables, as words."""

    @property
    def identity(self) -> str:
        """The same for two environments in which tests find the same."""
        return "\n".join((self.key, *self.marks))


@dataclass(frozen=True, slots=True, kw_only=True)
class CommitMessage:
    """The words on a change's commit, and whose they are."""

    subject: str
    body: str
    author: Person
    committer: Person
    at: datetime
    """Of both dates: the same tree, words and time are the same commit."""
    trailers: tuple[tuple[str, str], ...] = ()


class Workspace(Protocol):
    """A repository checked out in a sandbox."""

    @property
    def sandbox(self) -> Sandbox: ...

    async def collect(self, message: CommitMessage) -> Change | None:
        """The work tree as one commit over the base, made by us from its tree; None where nothing differs.

        A commit, a hook, a filter or an index that the agent made has no say. The diff goes to the blobs. Made again
        for the same tree and message, it is the same commit.

        Raises:
            WorkspaceError: the tree cannot become a sound commit (fsck, size): the message names the path.
        """
        ...


class Workspaces(Protocol):
    """Mirrors, templates, environments, and the work trees made of them."""

    async def template(self, repository: Repository, base_sha: str) -> Template:
        """A template of the commit, fetched from its source and made if it is not there. Safe to call twice at once."""
        ...

    def tree(self, repository: Repository, sha: str) -> Tree: ...

    def mirror(self, repository: Repository) -> Path:
        """The bare mirror that changes are pushed from."""
        ...

    async def environment(self, template: Template, change: Change | None = None) -> Environment:
        """What the tests need, cached. With a change that touches manifests, built from the changed ones.

        Never raises for what the repository does: that is in `problems`.
        """
        ...

    def open(
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
    ) -> AbstractAsyncContextManager[Workspace]:
        """The attempt's workspace: the same name opened again shows the same files, beside fresh servers. A new one
        begins with the tree of `start`, a change over the template's base, where one is given.

        Raises:
            ServerFailed: one of the environment's servers did not start.
        """
        ...

    def clean_room(
        self,
        template: Template,
        environment: Environment,
        change: Change | None,
        *,
        name: str,
        ceilings: Ceilings | None = None,
    ) -> AbstractAsyncContextManager[Workspace]:
        """A fresh sandbox, no network, with exactly the change's tree (the base's for None); gone afterwards.

        Raises:
            ServerFailed: one of the environment's servers did not start.
        """
        ...

    async def discard(self, name: str) -> None:
        """Delete an attempt's files. Idempotent."""
        ...

    async def pack(self, repository: Repository, sha: str, have: Sequence[str], into: BinaryIO) -> None:
        """Write a pack of the commit out of the mirror."""
        ...

    async def adopt(self, template: Template, sha: str, pack: BinaryIO) -> Change | None:
        """A person's own commit over the template's base, out of a pack, as a change. None where nothing differs.

        Raises:
            WorkspaceError: the pack is not sound.
        """
        ...

    async def merged(
        self, repository: Repository, base_sha: str, head_sha: str, give: Give, message: CommitMessage
    ) -> Change | None:
        """The commit merged into another base, which `give` gives where it is not there: as a change over that base,
        kept in the mirror. None where the two conflict.

        Raises:
            WorkspaceError: the base is not sound, or the commit is not there.
        """
        ...


class WorkspaceError(HonkError):
    """A workspace could not be made or read; says what was kept."""


class ServerFailed(WorkspaceError):
    """A server that the tests need did not start beside them: nothing was run, and nothing is said of a change."""


class SourceError(WorkspaceError, UsageError):
    """The person's repository cannot be used as asked; nothing was touched."""
