"""Takes a person's work tree as it stands, and writes nothing into their repository."""

import os
import shutil
import tempfile
from pathlib import Path
from typing import BinaryIO

from honk.workspace import SourceError
from honk.workspace.person import PersonGit

_IDENTITY = {
    f"GIT_{role}_{part}": value
    for role in ("AUTHOR", "COMMITTER")
    for part, value in (("NAME", "Honk"), ("EMAIL", "honk@localhost"), ("DATE", "1700000000 +0000"))
}


async def snapshot(git: PersonGit, base_sha: str, into: BinaryIO) -> str:
    """The commit's name; its pack, without what the base reaches, is written to the file.

    Raises:
        SourceError: there is no work tree, or git cannot read it.
    """
    if await git.text("rev-parse", "--is-bare-repository") == "true":
        raise SourceError(f"{git.root} is a bare repository and has no work tree. Leave --worktree out.")
    with tempfile.TemporaryDirectory(prefix="honk-snapshot-") as name:
        aside = Path(name)
        objects = Path(await git.text("rev-parse", "--path-format=absolute", "--git-path", "objects"))
        index = Path(await git.text("rev-parse", "--path-format=absolute", "--git-path", "index"))
        _prepare(aside, index)
        git.lend(aside)
        env = {
            **_IDENTITY,
            "GIT_INDEX_FILE": str(aside / "index"),
            "GIT_OBJECT_DIRECTORY": str(aside / "objects"),
            "GIT_ALTERNATE_OBJECT_DIRECTORIES": os.fspath(objects),
        }
        quiet = await git.without_filters()
        git.must(await git(*quiet, "add", "--all", "--", ":/", env=env), "reading the work tree")
        tree = git.must(await git("write-tree", env=env), "reading the work tree").text.strip()
        made = await git("commit-tree", tree, "-p", base_sha, "-m", "Work tree", env=env)
        sha = git.must(made, "reading the work tree").text.strip()
        into.flush()
        packed = await git(
            "pack-objects", "--revs", "--stdout", "-q",
            stdin=f"{sha}\n^{base_sha}\n".encode(), stdout_fd=into.fileno(), env=env,
        )  # fmt: skip
        git.must(packed, "reading the work tree")
        return sha


def _prepare(aside: Path, index: Path) -> None:
    (aside / "objects").mkdir()
    if index.is_file():  # what it knows of unchanged files saves reading them
        shutil.copy2(index, aside / "index")  # with its date, by which git knows an edit of the same second
