"""The built-in forge beyond the rules of the port: what it writes, and what a crash leaves."""

import tempfile
from dataclasses import replace
from pathlib import Path

import pytest

from honk.base.git import Git
from honk.domain.change import PullRequest
from honk.forge import Exporting, ForgeConflict, ForgeError, ForgeNotFound
from honk.forge.local import LocalForge
from honk.testing.forge import MemoryPullRequests
from honk.testing.forge_rules import REPOSITORY, WHO, Ground, commit, refused

pytestmark = pytest.mark.anyio


class ForgetfulRows(MemoryPullRequests):
    """Rows that a crash keeps from being set."""

    is_down = False

    async def update(self, pull_request: PullRequest, *, expect_state: str) -> bool:
        if self.is_down:
            raise ForgeError("the lights went out")
        return await super().update(pull_request, expect_state=expect_state)


@pytest.fixture
def rows() -> ForgetfulRows:
    return ForgetfulRows()


@pytest.fixture
async def ground(tmp_path: Path, rows: ForgetfulRows) -> Ground:
    return await Ground.lay(LocalForge(tmp_path / "forge", rows), tmp_path)


@pytest.fixture
def git(tmp_path: Path) -> Git:
    return Git(tmp_path / "forge" / "r1.git")


async def merge(ground: Ground, opened: PullRequest, tree: str | None = None, message: str = "Mend it\n") -> str:
    tree = tree or await ground.tree(opened.head_sha)
    merged = await ground.forge.merge(opened, head_sha=opened.head_sha, tree_sha=tree, message=message)
    return merged.merged_sha


async def test_a_merge_is_one_commit_over_the_base_by_the_one_who_asked(ground: Ground, git: Git) -> None:
    opened = await ground.open("honk/one", await ground.change({"a": "2\n"}))
    merged_sha = await merge(ground, opened, message="Mend it\n\nHonk-Task: t1\n")
    assert await git.line("rev-parse", "refs/heads/main") == merged_sha
    assert await git.line("rev-parse", f"{merged_sha}^@") == ground.base
    assert (
        await git.line("log", "-1", "--format=%an <%ae>, %cn, %s", merged_sha) == "Ada <ada@example.org>, Honk, Mend it"
    )
    assert await git.line("log", "-1", "--format=%(trailers:key=Honk-Task,valueonly)", merged_sha) == "t1"


async def test_a_merge_with_both_parents_is_one_commit_as_well(ground: Ground, git: Git) -> None:
    opened = await ground.open("honk/one", await ground.change({"a": "2\n"}))
    tree = await ground.tree(opened.head_sha)
    done = await ground.forge.merge(opened, head_sha=opened.head_sha, tree_sha=tree, message="M\n", method="merge")
    parents = (await git.line("log", "-1", "--format=%P", done.merged_sha)).split()
    assert parents == [ground.base, opened.head_sha]
    assert await git.line("rev-parse", "refs/heads/main") == done.merged_sha


async def test_a_crash_between_branch_and_row_is_finished_by_the_next_merge(
    ground: Ground, git: Git, rows: ForgetfulRows
) -> None:
    opened = await ground.open("honk/one", await ground.change({"a": "2\n"}))
    rows.is_down = True
    await refused(ForgeError, merge(ground, opened))
    rows.is_down = False
    tip = await git.line("rev-parse", "refs/heads/main")
    await refused(ForgeConflict, ground.forge.close(opened))
    assert await merge(ground, opened) == tip
    assert await git.line("rev-list", "--count", "refs/heads/main") == "2"
    assert (await ground.forge.pull_request(opened.number)).state == "merged"


async def test_a_base_that_moved_merges_if_just_that_merged_tree_was_verified(ground: Ground) -> None:
    first, second = await ground.change({"a": "2\n"}), await ground.change({"b": "2\n"})
    one, two = await ground.open("honk/one", first), await ground.open("honk/two", second)
    await merge(ground, one)
    await merge(ground, two, tree=await ground.tree(await ground.change({"a": "2\n", "b": "2\n"})))


async def test_changes_that_conflict_are_refused(ground: Ground) -> None:
    one = await ground.open("honk/one", await ground.change({"a": "2\n"}))
    two = await ground.open("honk/two", await ground.change({"a": "3\n"}))
    await merge(ground, one)
    error = await refused(ForgeConflict, merge(ground, two))
    assert "main moved" in str(error)
    assert "run the task again" in str(error)


async def test_the_base_follows_the_person_s_own_branch(ground: Ground, git: Git) -> None:
    await ground.open("honk/one", await ground.change({"a": "2\n"}))
    for newer in (await ground.change({"README": "new\n"}), await commit(ground.mirror, {"README": "amended\n"})):
        head = await commit(ground.mirror, {"README": "and changed\n"}, newer)
        await replace(ground, base=newer).open(f"honk/{newer}", head)
        assert await git.line("rev-parse", "refs/heads/main") == newer


async def test_the_base_never_loses_a_merge_made_here(ground: Ground, git: Git) -> None:
    merged_sha = await merge(ground, await ground.open("honk/one", await ground.change({"a": "2\n"})))
    own = await ground.change({"README": "the person went on without it\n"})
    head = await commit(ground.mirror, {"README": "and changed\n"}, own)
    opened = await replace(ground, base=own).open("honk/two", head)
    assert await git.line("rev-parse", "refs/heads/main") == merged_sha
    await refused(ForgeConflict, merge(ground, opened))


async def test_a_branch_pushed_over_after_the_opening_does_not_merge(ground: Ground, git: Git) -> None:
    opened = await ground.open("honk/one", await ground.change({"a": "2\n"}))
    await ground.push("honk/one", await ground.change({"a": "3\n"}), expect=opened.head_sha)
    assert "the branch moved" in str(await refused(ForgeConflict, merge(ground, opened)))


async def test_a_commit_that_is_not_sound_is_not_taken(ground: Ground) -> None:
    blob = await ground.mirror.line("rev-parse", f"{ground.base}:a")
    entry = b"100644 .git\0" + bytes.fromhex(blob)
    done = await ground.mirror("hash-object", "-t", "tree", "-w", "--stdin", "--literally", stdin=entry)
    evil = await ground.mirror.line("commit-tree", done.text.strip(), "-m", "evil", env=WHO)
    await refused(ForgeError, ground.push("honk/one", evil))
    await refused(ForgeConflict, ground.forge.open_pull_request(REPOSITORY, ground.proposal("honk/one", evil)))


async def test_its_commits_travel_as_a_thin_pack(ground: Ground, tmp_path: Path) -> None:
    merged_sha = await merge(ground, await ground.open("honk/one", await ground.change({"a": "2\n"})))
    assert isinstance(ground.forge, Exporting)
    with tempfile.TemporaryFile() as pack:
        await ground.forge.pack(REPOSITORY, merged_sha, [ground.base], pack)
        pack.seek(0)
        unpacked = await ground.mirror("index-pack", "--stdin", "--fix-thin", "--strict", stdin=pack.read())
    assert unpacked.exit_code == 0
    assert await ground.mirror.has_commit(merged_sha)


async def test_a_pull_request_is_shown_by_a_command(ground: Ground) -> None:
    opened = await ground.open("honk/one", await ground.change({"a": "2\n"}))
    assert opened.url == f"honk pr show {opened.number}"


async def test_a_repository_that_was_never_pushed_is_said_to_be_missing(ground: Ground) -> None:
    await refused(ForgeNotFound, ground.forge.open_pull_request(REPOSITORY, ground.proposal("honk/one", ground.base)))
