"""A repository on this machine, used with the rights of whoever runs this."""

import os
import re
import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import BinaryIO

from honk.workspace import Advance, RepositoryFacts, SourceError
from honk.workspace.describe import describe
from honk.workspace.person import PersonGit, find_root
from honk.workspace.snapshot import snapshot

HONK_BRANCH = re.compile(r"honk/[A-Za-z0-9][A-Za-z0-9._-]{0,150}")
"""The only branches that are ever made in a person's repository."""
MAX_PACK_BYTES = 1 << 30
SHA = re.compile(r"[0-9a-f]{40}")
_NOTHING = "0" * 40


class LocalSource:
    """Implements `Source`. As root it acts with the rights of the repository's owner."""

    async def describe(self, path: Path, base: str | None) -> RepositoryFacts:
        return await describe(path, base)

    async def export(self, root: Path, sha: str, have: Sequence[str], into: BinaryIO) -> None:
        git = PersonGit(_exact(root))
        known = [other for other in have if await git.commit_of(_checked(other)) is not None]
        revisions = "".join([f"{_checked(sha)}\n", *(f"^{other}\n" for other in known)])
        into.flush()
        done = await git(
            "pack-objects", "--revs", "--thin", "--stdout", "--delta-base-offset", "-q",
            stdin=revisions.encode(), stdout_fd=into.fileno(),
        )  # fmt: skip
        git.must(done, f"reading {sha[:12]}")

    async def import_branch(self, root: Path, branch: str, sha: str, pack: BinaryIO) -> None:
        if not HONK_BRANCH.fullmatch(branch) or branch.endswith(".lock") or ".." in branch:
            raise SourceError(f"{branch!r} is not a branch that Honk may make (honk/...). Nothing was touched.")
        git = PersonGit(_exact(root))
        ref = f"refs/heads/{branch}"
        if await _is_there(git, ref, branch, _checked(sha)):
            return
        await _add_objects(git, sha, pack)
        made = await git("update-ref", ref, sha, _NOTHING)
        if made.exit_code != 0 and not await _is_there(git, ref, branch, sha):
            git.must(made, f"making the branch {branch}")

    async def snapshot(self, root: Path, base_sha: str, into: BinaryIO) -> str:
        return await snapshot(PersonGit(_exact(root)), _checked(base_sha), into)

    async def advance(self, root: Path, branch: str, old_sha: str, new_sha: str, pack: BinaryIO) -> Advance:
        git = PersonGit(_exact(root))
        ref = f"refs/heads/{branch}"
        if (await git("check-ref-format", ref)).exit_code != 0:
            raise SourceError(f"{branch!r} is not a branch name. Nothing was touched.")
        await _add_objects(git, _checked(new_sha), pack)
        if (await git("merge-base", "--is-ancestor", _checked(old_sha), new_sha)).exit_code != 0:
            raise SourceError(f"{new_sha[:12]} does not follow {old_sha[:12]}: {branch} was not moved.")
        now = await git.commit_of(ref)
        if now == new_sha:
            return Advance(has_moved=True)
        if now is None:
            make = f"git -C {shlex.quote(str(root))} branch NAME {new_sha}"
            return Advance(has_moved=False, advice=f"You have no branch {branch}. To make one of the merge: {make}")
        if now != old_sha:
            return Advance(has_moved=False, advice=_advice(root, branch, f"is now at {now[:12]}", f"merge {new_sha}"))
        if (tree := await _checked_out_at(git, ref)) is not None:
            advice = _advice(tree, branch, f"is checked out in {tree}", f"merge --ff-only {new_sha}")
            return Advance(has_moved=False, advice=advice)
        if (await git("update-ref", ref, new_sha, old_sha)).exit_code != 0:
            return Advance(has_moved=False, advice=_advice(root, branch, "moved just now", f"merge {new_sha}"))
        return Advance(has_moved=True)


async def _is_there(git: PersonGit, ref: str, branch: str, sha: str) -> bool:
    """Whether the branch is at the commit already.

    Raises:
        SourceError: it is at another one.
    """
    now = await git.commit_of(ref)
    if now is not None and now != sha:
        raise SourceError(
            f"{git.root} has a branch {branch} at {now[:12]} already, not at {sha[:12]}. It was left alone; "
            f"rename it (git branch -m {branch} NEW-NAME), then try again."
        )
    return now is not None


async def _add_objects(git: PersonGit, sha: str, pack: BinaryIO) -> None:
    """Add the pack after fsck, then make sure that the commit and all it needs are there."""
    size = os.fstat(pack.fileno()).st_size
    if size > MAX_PACK_BYTES:
        raise SourceError(f"The pack of {sha[:12]} is larger than {MAX_PACK_BYTES >> 20} MiB. Nothing was added.")
    if await git.commit_of(sha) is None:
        os.lseek(pack.fileno(), 0, os.SEEK_SET)
        added = await git("index-pack", "--stdin", "--fix-thin", "--strict", stdin_fd=pack.fileno())
        git.must(added, f"adding {sha[:12]}")
    connected = await git("rev-list", "--objects", "--quiet", sha, "--not", "--all")
    git.must(connected, f"checking that {sha[:12]} is complete")


async def _checked_out_at(git: PersonGit, ref: str) -> Path | None:
    listing = git.must(await git("worktree", "list", "--porcelain", "-z"), "git worktree list").text
    for entry in listing.split("\0\0"):
        lines = entry.split("\0")
        if f"branch {ref}" in lines:
            return Path(lines[0].removeprefix("worktree "))
    return None


def _advice(tree: Path, branch: str, why: str, command: str) -> str:
    return f"{branch} {why}, so it was left alone. The merge is yours: git -C {shlex.quote(str(tree))} {command}"


def _exact(root: Path) -> Path:
    """The root itself, if it is one.

    Raises:
        SourceError: it is no longer the top of a repository.
    """
    if find_root(root) != root.resolve():
        raise SourceError(f"{root} is no longer the top of a repository. Nothing was touched.")
    return root.resolve()


def _checked(sha: str) -> str:
    if not SHA.fullmatch(sha):
        raise SourceError(f"{sha!r} is not the name of a commit. Nothing was touched.")
    return sha
