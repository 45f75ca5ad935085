"""Our own bare copy of a repository, and the changes made over it: all that the host's git ever reads.

Two repositories: `base.git` has what came from the source; `work.git` borrows from it and adds the changes, so that a
template of a base holds nobody else's unpublished work.
"""

import asyncio
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Protocol

from honk.base.git import Git, init_bare
from honk.domain.task import Repository
from honk.workspace import Give, WorkspaceError
from honk.workspace.locks import key_of, locked

# What old and honest histories contain; the objects that a change adds are checked without any pardon.
_PARDONED = (
    "badDate", "badDateOverflow", "badEmail", "badName", "badTimezone", "duplicateEntries", "emptyName",
    "missingEmail", "missingNameBeforeEmail", "missingSpaceBeforeDate", "missingSpaceBeforeEmail", "missingTaggerEntry",
    "multipleAuthors", "treeNotSorted", "zeroPaddedDate", "zeroPaddedFilemode",
)  # fmt: skip
_LENIENT = "--strict=" + ",".join(f"{name}=ignore" for name in _PARDONED)


class Exports(Protocol):
    """Whatever gives commits: a person's repository, a forge."""

    async def export(self, root: Path, sha: str, have: Sequence[str], into: BinaryIO) -> None:
        """Write a (thin) pack of the commit and its history, without what the commits in `have` reach."""
        ...


@dataclass(frozen=True, slots=True)
class Mirror:
    """The mirror of one repository, in a directory of its own."""

    directory: Path

    @property
    def base(self) -> Git:
        return Git(self.directory / "base.git")

    @property
    def work(self) -> Git:
        return Git(self.directory / "work.git")

    async def prepare(self) -> None:
        """Make both repositories, if they are not there."""
        if (self.directory / "work.git" / "objects" / "info" / "alternates").exists():
            return
        async with locked(self.directory / "lock"):
            await init_bare(self.base.git_dir)
            work = await init_bare(self.work.git_dir)
            borrowed = work.git_dir / "objects" / "info"
            await asyncio.to_thread(borrowed.mkdir, exist_ok=True)
            (borrowed / "alternates").write_text("../../base.git/objects\n")

    async def fetch(self, source: Exports, root: Path, sha: str) -> None:
        """Have the commit and its history, from the source if need be.

        Raises:
            SourceError: the source cannot give it.
            WorkspaceError: what it gave is not sound.
        """

        async def give(have: Sequence[str], pack: BinaryIO) -> None:
            await source.export(root, sha, have, pack)

        await self.take_in(sha, give, root)

    async def take_in(self, sha: str, give: Give, place: Path) -> None:
        """Have the commit and its history, from whoever gives it if need be; `place` names them for people.

        Raises:
            WorkspaceError: what was given is not sound.
        """
        await self.prepare()
        ref = f"refs/honk/base/{sha}"
        if await self._has_ref(ref):
            return
        async with locked(self.directory / "lock"):
            if await self._has_ref(ref):
                return
            known = (await self.base.line("for-each-ref", "--format=%(objectname)", "refs/honk/base")).split()
            with tempfile.TemporaryFile(dir=self.directory) as pack:
                await give(known, pack)
                await self._add(pack, place, sha)
            (await self.base("update-ref", ref, sha)).must("git update-ref")

    async def _has_ref(self, ref: str) -> bool:
        return (await self.base("show-ref", "--verify", "--quiet", ref)).exit_code == 0

    async def _add(self, pack: BinaryIO, root: Path, sha: str) -> None:
        """Add a pack from the source. A shallow source's history is cut where it ends."""
        pack.seek(0)
        added = await self.base("index-pack", "--stdin", "--fix-thin", _LENIENT, stdin_fd=pack.fileno())
        if added.exit_code != 0 and b"did not receive expected object" in added.stderr:
            pack.seek(0)
            added = await self.base("index-pack", "--stdin", "--fix-thin", stdin_fd=pack.fileno())
            if added.exit_code == 0:
                await _cut_history(self.base, also=self.work)
        if added.exit_code == 0:
            added = await self.base("rev-list", "--objects", "--quiet", sha, "--not", "--all")
        if added.exit_code != 0:
            words = added.stderr.decode("utf-8", "replace").strip()[-1000:]
            raise WorkspaceError(
                f"The history of {sha[:12]} in {root} is not sound: {words}. Look at it with `git fsck`; "
                "nothing was begun."
            )

    async def pack(self, sha: str, have: Sequence[str], into: BinaryIO) -> None:
        """Write a thin pack of the commit, without what the commits in `have` reach."""
        into.flush()
        revisions = "".join([f"{sha}\n", *(f"^{other}\n" for other in have)])
        done = await self.work(
            "pack-objects", "--revs", "--thin", "--stdout", "--delta-base-offset", "-q",
            stdin=revisions.encode(), stdout_fd=into.fileno(),
        )  # fmt: skip
        done.must("git pack-objects")


def mirror_of(home: Path, repository: Repository) -> Mirror:
    """The mirror of the repository, by where it lies."""
    return Mirror(home / "mirrors" / key_of(repository.location))


async def _cut_history(git: Git, *, also: Git) -> None:
    """Tell git that commits whose parents are not there have none; and the one that borrows them, which walks them."""
    names = (await git("cat-file", "--batch-all-objects", "--batch-check=%(objecttype) %(objectname)")).must("git")
    commits = [line.split()[1] for line in names.text.splitlines() if line.startswith("commit ")]
    there = set(commits)
    asked = "".join(f"{commit}\n" for commit in commits).encode()
    bodies = (await git("cat-file", "--batch", stdin=asked)).must("git cat-file").stdout
    boundary: list[str] = []
    at = 0
    for commit in commits:
        header, _, _ = bodies[at:].partition(b"\n")
        size = int(header.split()[2])
        body = bodies[at + len(header) + 1 : at + len(header) + 1 + size]
        at += len(header) + size + 2
        parents = [line[7:].decode() for line in body.split(b"\n\n")[0].split(b"\n") if line.startswith(b"parent ")]
        if any(parent not in there for parent in parents):
            boundary.append(commit)
    for one in (git, also):
        (one.git_dir / "shallow").write_text("".join(f"{commit}\n" for commit in sorted(boundary)))
