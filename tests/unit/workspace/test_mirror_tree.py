"""What is read of a commit, and that it is read once."""

from pathlib import Path

import pytest

from honk.base.git import Git, init_bare
from honk.domain.task import Repository
from honk.workspace import WorkspaceError, mirror_tree
from honk.workspace.mirror import mirror_of
from honk.workspace.mirror_tree import KEPT_TREES, MirrorTree, MirrorTrees

pytestmark = pytest.mark.anyio
WHO = {"GIT_AUTHOR_NAME": "a", "GIT_AUTHOR_EMAIL": "a@b", "GIT_COMMITTER_NAME": "a", "GIT_COMMITTER_EMAIL": "a@b"}


async def commit(git: Git, files: dict[str, bytes]) -> str:
    """A commit of exactly these files, and a link beside them."""
    lines = []
    for path, content in {**files, "link": b"a.txt"}.items():
        blob = (await git("hash-object", "-w", "--stdin", stdin=content)).must("git").text.strip()
        lines.append(f"{'120000' if path == 'link' else '100644'} blob {blob}\t{path}\0".encode())
    tree = (await git("mktree", "-z", stdin=b"".join(lines))).must("git").text.strip()
    return await git.line("commit-tree", tree, "-m", "x", env=WHO)


async def test_many_files_are_read_at_once_and_those_that_are_none_or_too_large_are_left_out(tmp_path: Path) -> None:
    git = await init_bare(tmp_path / "x.git")
    files = {"a.txt": b"one\n", "b.bin": b"\0\n\xff" * 9, "empty": b"", "large": b"x" * 50, "twin": b"one\n"}
    tree = MirrorTree(git, await commit(git, files))
    assert await tree.files() == ("a.txt", "b.bin", "empty", "large", "link", "twin")
    found = await tree.read_all(["twin", "a.txt", "b.bin", "empty", "large", "link", "absent", "", "a.txt/"], 40)
    assert found == {name: files[name] for name in ("a.txt", "twin", "b.bin", "empty")}
    assert (await tree.read("large"), await tree.read("link"), await tree.read("gone")) == (files["large"], None, None)
    other = MirrorTree(git, tree.sha)
    assert await other.read_all(["twin", "large", "link", "*", "absent", ""], 40) == {"twin": b"one\n"}


async def test_what_was_read_is_not_fetched_again(tmp_path: Path) -> None:
    git = await init_bare(tmp_path / "x.git")
    tree = MirrorTree(git, await commit(git, {"a.txt": b"one\n"}))
    assert await tree.read_all(["a.txt", "gone", "", "a.txt/"]) == {"a.txt": b"one\n"}
    (tmp_path / "x.git").rename(tmp_path / "away.git")
    assert (await tree.read("a.txt"), await tree.read("gone")) == (b"one\n", None)
    (tmp_path / "away.git").rename(tmp_path / "x.git")
    await tree.files()
    (tmp_path / "x.git").rename(tmp_path / "away.git")
    assert await tree.read("a.txt") == b"one\n"
    assert "a.txt" in await tree.files()


async def test_an_object_that_is_gone_is_told_as_a_damaged_mirror(tmp_path: Path) -> None:
    git = await init_bare(tmp_path / "m" / "x.git")
    tree = MirrorTree(git, await commit(git, {"a.txt": b"one\n"}))
    await tree.files()
    blob = (await git("hash-object", "--stdin", stdin=b"one\n")).text.strip()
    (git.git_dir / "objects" / blob[:2] / blob[2:]).unlink()
    with pytest.raises(WorkspaceError, match="is damaged"):
        await tree.read("a.txt")


async def test_only_the_trees_looked_at_last_are_kept(tmp_path: Path) -> None:
    trees, repository = MirrorTrees(tmp_path), Repository(repository_id="r", location="/somewhere", name="x")
    first = trees.tree(repository, "0" * 40)
    assert trees.tree(repository, "0" * 40) is first
    for number in range(1, KEPT_TREES):
        trees.tree(repository, f"{number:040}")
    assert trees.tree(repository, "0" * 40) is first
    for number in range(KEPT_TREES):
        trees.tree(repository, f"9{number:039}")
    assert trees.tree(repository, "0" * 40) is not first
    assert first.sha == "0" * 40
    assert mirror_of(tmp_path, repository).work.git_dir.is_relative_to(tmp_path)


async def test_more_than_git_may_tell_in_one_answer_is_asked_for_in_pieces(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mirror_tree, "PORTION_BYTES", 100)
    git = await init_bare(tmp_path / "x.git")
    files = {f"{number}": bytes([number]) * 60 for number in range(5)} | {"large": b"x" * 300, "empty": b""}
    tree = MirrorTree(git, await commit(git, files))
    assert await tree.read_all(files) == files
    assert list(mirror_tree._portions({"a": 60, "b": 60, "c": 10, "d": 300})) == [["a"], ["b", "c"], ["d"]]
