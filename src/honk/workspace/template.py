"""Read-only, warm checkouts: made once per commit, shared by every sandbox that starts from it."""

import asyncio
import os
import shutil
from pathlib import Path

from honk.base.clock import now
from honk.base.git import Git
from honk.base.ids import new_id
from honk.domain.task import Repository
from honk.workspace import Template
from honk.workspace.locks import locked
from honk.workspace.mirror import Mirror
from honk.workspace.shelves import note_use

BRANCH = "work"
"""What the agent finds itself on."""
# The owner that a user namespace shows, and the times of an overlay, differ from what the index has.
_CONFIG = """\
[core]
\trepositoryformatversion = 0
\tfilemode = true
\tbare = false
\tlogallrefupdates = true
\tcheckStat = minimal
\ttrustctime = false
\tuntrackedCache = true
[gc]
\tauto = 0
[maintenance]
\tauto = false
[submodule]
\trecurse = false
[advice]
\tdetachedHead = false
"""
_MAKING = ".making-"


async def template_of(home: Path, repository: Repository, mirror: Mirror, sha: str) -> Template:
    """The template of a commit that the mirror has; made aside and renamed into place if it is not there."""
    shelf = home / "templates" / mirror.directory.name
    place = shelf / sha
    made = Template(
        repository=repository, base_sha=sha, checkout=place / "checkout", git_dir=place / "checkout" / ".git"
    )
    if place.exists():
        note_use(place)
        return made
    async with locked(shelf / "lock"):
        if place.exists():
            return made
        # With the lock held, whatever is half made was left by a maker that died.
        for rest in shelf.glob(f"{_MAKING}*"):
            await asyncio.to_thread(shutil.rmtree, rest)
        aside = shelf / f"{_MAKING}{new_id()}"
        async with locked(mirror.directory / "lock"):
            await _make(aside / "checkout", mirror.base, sha)
        await asyncio.to_thread(aside.rename, place)
    return made


async def _make(checkout: Path, mirror: Git, sha: str) -> None:
    await asyncio.to_thread(checkout.mkdir, parents=True)
    git = Git(checkout / ".git", env={"GIT_WORK_TREE": str(checkout)})
    await asyncio.to_thread(_lay_out, git.git_dir, mirror.git_dir)
    (await git("update-ref", f"refs/heads/{BRANCH}", sha)).must("git update-ref")
    (await git("read-tree", "--reset", "-u", sha)).must("checking the base commit out")
    committed = int(await git.line("log", "-1", "--format=%ct", sha))
    # Times before the index's own: every entry is clean by its times alone, none has to be read again.
    await asyncio.to_thread(_date_all, checkout, min(committed, int(now().timestamp()) - 10))
    (await git("update-index", "-q", "--refresh")).must("git update-index")


def _lay_out(git_dir: Path, mirror: Path) -> None:
    """A repository whose objects are the mirror's by hard links: nothing borrowed, no remote, no hook."""
    (git_dir / "refs" / "heads").mkdir(parents=True)
    (git_dir / "HEAD").write_text(f"ref: refs/heads/{BRANCH}\n")
    (git_dir / "config").write_text(_CONFIG)
    (git_dir / "info").mkdir()
    shutil.copytree(mirror / "objects", git_dir / "objects", copy_function=_link_or_copy)
    if (mirror / "shallow").exists():
        shutil.copyfile(mirror / "shallow", git_dir / "shallow")


def _link_or_copy(source: str, target: str) -> str:
    try:
        os.link(source, target)
    except OSError:
        shutil.copyfile(source, target)
    return target


def _date_all(checkout: Path, seconds: int) -> None:
    for directory, names, files in os.walk(os.fsencode(checkout)):
        if b".git" in names:
            names.remove(b".git")
        for name in files:
            os.utime(os.path.join(directory, name), (seconds, seconds), follow_symlinks=False)  # noqa: PTH118 - bytes
