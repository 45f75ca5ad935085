"""Repositories as people really have them: each is told apart, and none is touched."""

from pathlib import Path

import pytest

from honk.domain.task import Repository
from honk.sandbox.bubblewrap import BubblewrapBackend
from honk.testing.packages import PackageShelf
from honk.testing.person import PersonRepository
from honk.testing.workspace_rules import Blobs, sh
from honk.workspace import SourceError
from honk.workspace.overlay import OverlayWorkspaces
from honk.workspace.source import LocalSource

pytestmark = [pytest.mark.anyio, pytest.mark.slow]


async def refused(path: Path, base: str | None = None) -> str:
    with pytest.raises(SourceError) as refusal:
        await LocalSource().describe(path, base)
    return str(refusal.value)


async def test_what_is_no_repository_is_said_so(tmp_path: Path) -> None:
    assert "is not in a git repository" in await refused(tmp_path)
    assert "Nothing was begun" in await refused(tmp_path)
    assert "does not exist" in await refused(tmp_path / "missing")
    person = await PersonRepository.make(tmp_path / "person")
    await person.git("checkout", "-q", "--orphan", "empty")
    assert "no commit yet" in await refused(person.root)


async def test_a_detached_head_and_a_foreign_base_are_noted(tmp_path: Path) -> None:
    person = await PersonRepository.make(tmp_path / "person")
    sha = await person.git("rev-parse", "HEAD")
    await person.git("tag", "v1")
    tagged = await LocalSource().describe(person.root, "v1")
    assert (tagged.base_sha, tagged.base_branch) == (sha, "v1")
    assert "no local branch" in tagged.notes[0]
    await person.git("checkout", "-q", "--detach")
    assert "detached" in (await LocalSource().describe(person.root, None)).notes[0]


async def test_a_bare_repository_and_a_second_work_tree_are_described(tmp_path: Path) -> None:
    person = await PersonRepository.make(tmp_path / "person")
    await person.git("clone", "-q", "--bare", str(person.root), str(tmp_path / "bare.git"))
    bare = await LocalSource().describe(tmp_path / "bare.git", None)
    assert (bare.root, bare.name, bare.uncommitted) == (tmp_path / "bare.git", "bare", ())
    await person.git("worktree", "add", "-q", str(tmp_path / "second"), "-b", "other")
    first, second = [await LocalSource().describe(path, None) for path in (person.root, tmp_path / "second")]
    assert (second.root, second.base_branch) == (tmp_path / "second", "other")
    assert first.repository_id == second.repository_id != bare.repository_id


async def test_submodules_and_lfs_are_noted(tmp_path: Path) -> None:
    person = await PersonRepository.make(tmp_path / "person")
    sha = await person.git("rev-parse", "HEAD")
    await person.git("update-index", "--add", "--cacheinfo", f"160000,{sha},module")
    (person.root / "module").mkdir()
    (person.root / ".gitattributes").write_text("*.bin filter=lfs diff=lfs -text\n")
    await person.git("add", ".gitattributes")
    await person.git("commit", "-q", "-m", "More")
    notes = " ".join((await LocalSource().describe(person.root, None)).notes)
    assert "1 submodule(s)" in notes
    assert "LFS" in notes


async def test_a_shallow_clone_works_with_the_history_that_it_has(tmp_path: Path) -> None:
    person = await PersonRepository.make(tmp_path / "person")
    for number in range(3):
        await person.commit({"README.md": f"{number}\n"}, f"Commit {number}")
    await person.git("clone", "-q", "--depth", "2", f"file://{person.root}", str(tmp_path / "shallow"))
    facts = await LocalSource().describe(tmp_path / "shallow", None)
    assert "shallow" in facts.notes[0]
    repository = Repository(repository_id=facts.repository_id, name=facts.name, location=str(facts.root))
    workspaces = OverlayWorkspaces(tmp_path / "home", LocalSource(), BubblewrapBackend(), PackageShelf(), Blobs().put)
    template = await workspaces.template(repository, facts.base_sha)
    environment = await workspaces.environment(template)
    async with workspaces.open(template, environment, name="one") as workspace:
        assert await sh(workspace, "git log --format=%s; git status --porcelain") == "Commit 2\nCommit 1\n"


async def test_a_partial_clone_that_lacks_files_says_how_to_get_them(tmp_path: Path) -> None:
    person = await PersonRepository.make(tmp_path / "person")
    await person.git("config", "uploadpack.allowFilter", "true")
    remote = f"file://{person.root}"
    await person.git("clone", "-q", "--no-checkout", "--filter=blob:none", remote, str(tmp_path / "partial"))
    assert "git fetch --refetch" in await refused(tmp_path / "partial")


async def test_too_much_uncommitted_work_is_counted(tmp_path: Path) -> None:
    person = await PersonRepository.make(tmp_path / "person")
    for number in range(300):
        (person.root / f"new {number}").touch()
    facts = await LocalSource().describe(person.root, None)
    assert len(facts.uncommitted) == 200
    [note] = facts.notes
    assert "0 changed, 300 untracked" in note
    assert note.endswith("new 0, new 1, new 10, new 100, new 101, ...")
