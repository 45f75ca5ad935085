"""What an attempt did to the repository."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class Edit(StrEnum):
    """What happened to one path."""

    ADDED = "added"
    MODIFIED = "modified"
    DELETED = "deleted"
    RENAMED = "renamed"


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangedFile:
    """One path of a change. Paths that are not UTF-8 keep their bytes as surrogate escapes."""

    path: str
    edit: Edit
    old_path: str | None = None
    added_lines: int | None = None
    """None for binary files."""
    deleted_lines: int | None = None
    old_mode: str = "100644"
    """Git's file mode: 100644, 100755, 120000 (symbolic link), 160000 (submodule); "000000" where there was none."""
    new_mode: str = "100644"


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """A tree proposed over a base, as one commit that the control plane made itself."""

    base_sha: str
    head_sha: str
    tree_sha: str
    files: tuple[ChangedFile, ...]
    diff_blob: str
    """Key of the unified diff in the blob store; kept for rejected changes too."""
    diff_bytes: int
    parent_sha: str | None = None
    """What its commit stands on, where that is not the base: the head of a branch that it goes on with."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PullRequest:
    """A proposed change on a forge."""

    pull_request_id: str
    number: int
    repository_id: str
    task_id: str
    title: str
    body: str
    branch: str
    base_branch: str
    base_sha: str
    head_sha: str
    state: str
    """"open", "merged" or "closed"."""
    is_draft: bool
    url: str
    merged_sha: str | None = None
    reviewers: tuple[str, ...] = ()
    """The owners of what it changes."""
    closed_at: datetime | None = None
    """When it was closed without a merge."""
