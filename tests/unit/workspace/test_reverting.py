"""The reverse of a merged commit, over a base that went on."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from honk.base.git import Git, init_bare
from honk.domain.task import Person
from honk.workspace import CommitMessage, WorkspaceError
from honk.workspace.reverting import RevertConflict, revert_commit

pytestmark = pytest.mark.anyio
ADA = Person(name="Ada", email="ada@example.org")
MESSAGE = CommitMessage(
    subject="Undo", body="", author=ADA, committer=ADA, at=datetime(2026, 11, 26, tzinfo=UTC), trailers=()
)
WHO = {f"GIT_{role}_{part}": "x@x" for role in ("AUTHOR", "COMMITTER") for part in ("NAME", "EMAIL")}


async def commit(git: Git, files: dict[str, str], *parents: str) -> str:
    lines = []
    for name, text in sorted(files.items()):
        blob = (await git("hash-object", "-w", "--stdin", stdin=text.encode())).must("hash").text.strip()
        lines.append(f"100644 blob {blob}\t{name}\n")
    tree = (await git("mktree", stdin="".join(lines).encode())).must("mktree").text.strip()
    over = [word for parent in parents for word in ("-p", parent)]
    return (await git("commit-tree", tree, *over, "-m", "x", env=WHO)).must("commit").text.strip()


async def files_of(git: Git, sha: str) -> dict[str, str]:
    names = (await git.line("ls-tree", "--name-only", sha)).splitlines()
    return {name: (await git("cat-file", "blob", f"{sha}:{name}")).text for name in names}


async def test_what_a_commit_did_is_taken_back_and_what_came_since_stays(tmp_path: Path) -> None:
    git = await init_bare(tmp_path / "m.git")
    first = await commit(git, {"a": "1\n", "b": "1\n"})
    merged = await commit(git, {"a": "2\n", "b": "1\n", "new": "x\n"}, first)
    tip = await commit(git, {"a": "2\n", "b": "3\n", "new": "x\n"}, merged)
    sha = await revert_commit(git.git_dir, merged, tip, MESSAGE)
    assert sha is not None
    assert await files_of(git, sha) == {"a": "1\n", "b": "3\n"}
    assert await git.line("rev-parse", f"{sha}^") == tip
    assert await revert_commit(git.git_dir, merged, tip, MESSAGE) == sha, "made again, it is the same"


async def test_what_stands_in_its_way_is_named(tmp_path: Path) -> None:
    git = await init_bare(tmp_path / "m.git")
    first = await commit(git, {"a": "1\n"})
    merged = await commit(git, {"a": "2\n"}, first)
    tip = await commit(git, {"a": "3\n"}, merged)
    with pytest.raises(RevertConflict, match=r"same lines \(a\)"):
        await revert_commit(git.git_dir, merged, tip, MESSAGE)


async def test_what_is_gone_already_leaves_nothing_to_take_back(tmp_path: Path) -> None:
    git = await init_bare(tmp_path / "m.git")
    first = await commit(git, {"a": "1\n"})
    merged = await commit(git, {"a": "2\n"}, first)
    assert await revert_commit(git.git_dir, merged, await commit(git, {"a": "1\n"}, merged), MESSAGE) is None
    with pytest.raises(WorkspaceError, match="no part of the base"):
        await revert_commit(git.git_dir, merged, await commit(git, {"a": "9\n"}, first), MESSAGE)
    with pytest.raises(WorkspaceError, match="first commit"):
        await revert_commit(git.git_dir, first, merged, MESSAGE)
