"""Where pull requests live."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Protocol, runtime_checkable

from honk.base.errors import HonkError, UsageError
from honk.domain.change import PullRequest
from honk.domain.task import Repository


@dataclass(frozen=True, slots=True, kw_only=True)
class Capabilities:
    """What a forge does by itself."""

    push_executes: bool
    """Whether pushing runs code (CI): then nothing that touches it is pushed before a person looked."""
    merge_methods: tuple[str, ...] = ("squash",)
    """"squash", and "merge" where it can make a commit with both parents."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """A pull request to be opened."""

    key: str
    """Idempotency key: opened twice with one key, it is one pull request."""
    task_id: str
    title: str
    body: str
    branch: str
    base_branch: str
    base_sha: str
    head_sha: str
    is_draft: bool
    reviewers: tuple[str, ...] = ()
    """Whom to ask for a look: handles, teams and addresses as CODEOWNERS has them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Merged:
    """A merge that happened."""

    merged_sha: str
    tree_sha: str


class Forge(Protocol):
    """Every act is idempotent: after a crash it is simply done again."""

    @property
    def name(self) -> str: ...

    @property
    def capabilities(self) -> Capabilities: ...

    async def push(self, repository: Repository, mirror: Path, branch: str, sha: str, *, expect: str | None) -> None:
        """Make the branch on the forge be the commit, out of the mirror.

        Raises:
            ForgeConflict: the branch is neither at `expect` (None: absent) nor already at the commit.
        """
        ...

    async def open_pull_request(self, repository: Repository, proposal: Proposal) -> PullRequest:
        """The pull request of this key, made if it is not there."""
        ...

    async def update_pull_request(self, pull_request: PullRequest, proposal: Proposal) -> PullRequest:
        """An open one with the head that was pushed to its branch, and all that is proposed but its title: what was
        verified is said anew. Done already: as it is.

        Raises:
            ForgeConflict: it is not open (any more), or its branch is at another head.
        """
        ...

    async def pull_request(self, number: int, repository: Repository | None = None) -> PullRequest:
        """Raises:
        ForgeNotFound: there is none of this number.
        """
        ...

    async def pull_requests(self, repository: Repository | None = None) -> Sequence[PullRequest]: ...

    async def diff(self, pull_request: PullRequest) -> bytes:
        """The unified diff from the merge base to the head."""
        ...

    async def tip(self, repository: Repository, branch: str) -> str | None:
        """Where the branch is; None where there is none."""
        ...

    async def merge(
        self, pull_request: PullRequest, *, head_sha: str, tree_sha: str, message: str, method: str = "squash"
    ) -> Merged:
        """Merge exactly this head, and only if the merged tree is exactly this tree. Merged already: says so again.
        `method` is one of those that the forge can.

        Raises:
            BaseMoved: the base moved so that the tree would differ.
            ForgeConflict: the head moved, or it is closed.
        """
        ...

    async def close(self, pull_request: PullRequest) -> PullRequest: ...


@runtime_checkable
class Exporting(Protocol):
    """A forge on this machine, whose commits people's own repositories get from us."""

    async def pack(self, repository: Repository, sha: str, have: Sequence[str], into: BinaryIO) -> None:
        """Write a thin pack of the commit, without what those commits in `have` reach that are known here."""
        ...

    async def follow(self, repository: Repository, mirror: Path, branch: str, sha: str) -> None:
        """Make a base branch be the person's own commit, out of the mirror, unless that would lose a merge made here,
        or is no step forward."""
        ...


class ForgeError(HonkError):
    """The forge refused or broke."""


class ForgeNotFound(ForgeError, UsageError):
    """There is no such thing on the forge."""


class ForgeConflict(ForgeError, UsageError):
    """The forge is not in the state that was verified; the message says what moved."""


class BaseMoved(ForgeConflict):
    """Merged into the base as it is now, it would not be the tree that was verified."""


class ForgeDown(ForgeError):
    """The forge does not answer, to anybody; what was asked of it may be asked again."""
