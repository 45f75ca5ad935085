"""What every way to a person's repository must hold to."""

import os
import tempfile
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from honk.base.git import Git, init_bare
from honk.testing.person import PersonRepository
from honk.workspace import Source, SourceError


@dataclass(frozen=True, slots=True)
class Ground:
    """A source, a person's repository that it may use, and a bare repository of ours."""

    source: Source
    person: PersonRepository
    ours: Git

    async def exported(self) -> str:
        """The person's commit, fetched into ours."""
        facts = await self.source.describe(self.person.root, None)
        with tempfile.TemporaryFile() as pack:
            await self.source.export(facts.root, facts.base_sha, [], pack)
            pack.seek(0)
            (await self.ours("index-pack", "--stdin", "--strict", stdin_fd=pack.fileno())).must("index-pack")
        return facts.base_sha

    async def next_commit(self, base: str, text: str = "work\n") -> str:
        """A commit over the base, made in ours."""
        blob = (await self.ours("hash-object", "-w", "--stdin", stdin=text.encode())).must("git").text.strip()
        tree = (await self.ours("mktree", stdin=f"100644 blob {blob}\twork.txt\n".encode())).must("git").text.strip()
        who = {
            "GIT_AUTHOR_NAME": "h",
            "GIT_AUTHOR_EMAIL": "h@h",
            "GIT_COMMITTER_NAME": "h",
            "GIT_COMMITTER_EMAIL": "h@h",
        }
        return await self.ours.line("commit-tree", tree, "-p", base, "-m", "Work", env=who)

    async def pack(self, sha: str, base: str, into: BinaryIO) -> None:
        revisions = f"{sha}\n^{base}\n".encode()
        done = await self.ours(
            "pack-objects", "--revs", "--thin", "--stdout", "-q", stdin=revisions, stdout_fd=into.fileno()
        )
        done.must("pack-objects")
        into.seek(0)


async def lay(source: Source, person: PersonRepository, place: Path) -> Ground:
    """The ground for one rule."""
    return Ground(source, person, await init_bare(place))


async def refusal(act: Awaitable[object]) -> str:
    """The words of the refusal that must come."""
    try:
        await act
    except SourceError as error:
        return str(error)
    raise AssertionError("it was not refused")


async def a_repository_is_described_as_it_stands(ground: Ground) -> None:
    (ground.person.root / "README.md").write_text("changed\n")
    (ground.person.root / "new one").write_text("new\n")
    facts = await ground.source.describe(ground.person.root, None)
    assert facts.root == ground.person.root
    assert facts.name == ground.person.root.name
    assert facts.base_branch == "main"
    assert facts.base_sha == await ground.person.git("rev-parse", "HEAD")
    assert facts.uncommitted == ("README.md", "new one")
    assert (facts.asker.name, facts.asker.email) == ("Ada", "ada@example.org")


async def a_base_that_nobody_knows_is_refused_by_name(ground: Ground) -> None:
    assert "no-such-branch" in await refusal(ground.source.describe(ground.person.root, "no-such-branch"))
    assert "--upload-pack" in await refusal(ground.source.describe(ground.person.root, "--upload-pack=touch x"))


async def a_commit_is_exported_whole_and_again_as_a_difference(ground: Ground) -> None:
    first = await ground.exported()
    second = await ground.person.commit({"src/app.py": "print('bye')\n"}, "Second")
    with tempfile.TemporaryFile() as pack:
        await ground.source.export(ground.person.root, second, [first, "0" * 40], pack)
        pack.seek(0)
        (await ground.ours("index-pack", "--stdin", "--fix-thin", stdin_fd=pack.fileno())).must("index-pack")
    assert await ground.ours.line("show", f"{second}:src/app.py") == "print('bye')"


async def a_branch_is_given_once_and_nothing_else_is_touched(ground: Ground) -> None:
    (ground.person.root / "src/app.py").write_text("in the middle of something\n")
    base = await ground.exported()
    before = ground.person.fingerprint()
    sha = await ground.next_commit(base)
    with tempfile.TemporaryFile() as pack:
        await ground.pack(sha, base, pack)
        await ground.source.import_branch(ground.person.root, "honk/x-1", sha, pack)
        await ground.source.import_branch(ground.person.root, "honk/x-1", sha, pack)
    assert ground.person.fingerprint() == before
    assert await ground.person.git("rev-parse", "honk/x-1") == sha
    assert await ground.person.git("show", "honk/x-1:work.txt") == "work"


async def a_branch_of_that_name_at_another_commit_is_left_alone(ground: Ground) -> None:
    base = await ground.exported()
    await ground.person.git("branch", "honk/x-1", base)
    sha = await ground.next_commit(base)
    with tempfile.TemporaryFile() as pack:
        await ground.pack(sha, base, pack)
        words = await refusal(ground.source.import_branch(ground.person.root, "honk/x-1", sha, pack))
    assert "honk/x-1" in words
    assert await ground.person.git("rev-parse", "honk/x-1") == base


async def only_branches_of_ours_are_made(ground: Ground) -> None:
    base = await ground.exported()
    for branch in ("main2", "honk/../main", "honk/a b", "-honk/x", "honk/x.lock", "refs/heads/honk/x", "honk/x\n"):
        with tempfile.TemporaryFile() as pack:
            await refusal(ground.source.import_branch(ground.person.root, branch, base, pack))
    assert await ground.person.git("branch", "--format=%(refname:short)") == "main"


async def a_pack_that_lacks_something_makes_no_branch(ground: Ground) -> None:
    base = await ground.exported()
    sha = await ground.next_commit(base)
    with tempfile.TemporaryFile() as pack:
        await ground.pack(base, base, pack)
        await refusal(ground.source.import_branch(ground.person.root, "honk/x-1", sha, pack))
    with tempfile.TemporaryFile() as pack:
        pack.write(b"PACK and then nonsense")
        pack.seek(0)
        await refusal(ground.source.import_branch(ground.person.root, "honk/x-1", sha, pack))
    assert await ground.person.git("branch", "--list", "honk/*") == ""


async def a_branch_that_is_checked_out_is_not_moved_but_explained(ground: Ground) -> None:
    base = await ground.exported()
    sha = await ground.next_commit(base)
    before = ground.person.fingerprint()
    with tempfile.TemporaryFile() as pack:
        await ground.pack(sha, base, pack)
        advance = await ground.source.advance(ground.person.root, "main", base, sha, pack)
    assert not advance.has_moved
    assert advance.advice.endswith(f"git -C {ground.person.root} merge --ff-only {sha}")
    assert ground.person.fingerprint() == before
    await ground.person.git("merge", "--ff-only", sha)


async def a_branch_that_nobody_has_checked_out_moves_forward_only(ground: Ground) -> None:
    base = await ground.exported()
    await ground.person.git("switch", "-q", "-c", "elsewhere")
    sha = await ground.next_commit(base)
    with tempfile.TemporaryFile() as pack:
        await ground.pack(sha, base, pack)
        moved = await ground.source.advance(ground.person.root, "main", base, sha, pack)
        again = await ground.source.advance(ground.person.root, "main", base, sha, pack)
        back = ground.source.advance(ground.person.root, "main", sha, base, pack)
        await refusal(back)
    assert (moved.has_moved, again.has_moved) == (True, True)
    assert await ground.person.git("rev-parse", "main") == sha


async def a_branch_that_is_not_there_is_explained(ground: Ground) -> None:
    base = await ground.exported()
    sha = await ground.next_commit(base)
    with tempfile.TemporaryFile() as pack:
        await ground.pack(sha, base, pack)
        advance = await ground.source.advance(ground.person.root, base[:12], base, sha, pack)
    assert not advance.has_moved
    assert advance.advice.endswith(f"git -C {ground.person.root} branch NAME {sha}")
    assert await ground.person.git("cat-file", "-t", sha) == "commit"


async def a_branch_that_moved_meanwhile_is_left_where_it_is(ground: Ground) -> None:
    base = await ground.exported()
    newer = await ground.person.commit({"README.md": "newer\n"}, "Newer")
    sha = await ground.next_commit(base)
    with tempfile.TemporaryFile() as pack:
        await ground.pack(sha, base, pack)
        advance = await ground.source.advance(ground.person.root, "main", base, sha, pack)
    assert not advance.has_moved
    assert newer[:12] in advance.advice
    assert await ground.person.git("rev-parse", "main") == newer


async def nothing_of_the_repository_s_configuration_runs(ground: Ground) -> None:
    canary = ground.person.root.parent / "canary"
    touch = f"touch {canary}; cat"
    await ground.person.git("config", "filter.evil.clean", touch)
    await ground.person.git("config", "filter.evil.required", "true")
    await ground.person.git("config", "core.fsmonitor", touch)
    (ground.person.root / ".gitattributes").write_text("* filter=evil\n")
    hook = ground.person.root / ".git/hooks/reference-transaction"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text(f"#!/bin/sh\ntouch {canary}\n")
    hook.chmod(0o755)
    (ground.person.root / "README.md").write_text("# Sampla\n")
    base = await ground.exported()
    sha = await ground.next_commit(base)
    with tempfile.TemporaryFile() as pack:
        await ground.pack(sha, base, pack)
        await ground.source.import_branch(ground.person.root, "honk/x-1", sha, pack)
    assert not canary.exists()


async def a_work_tree_is_taken_as_it_stands_and_nothing_is_written(ground: Ground) -> None:
    root = ground.person.root
    base = await ground.exported()
    (root / "README.md").write_text("# Edited\n")
    (root / "new file.txt").write_text("untracked\n")
    before = _state(root)
    with tempfile.TemporaryFile() as pack:
        sha = await ground.source.snapshot(root, base, pack)
        pack.seek(0)
        (await ground.ours("index-pack", "--stdin", "--fix-thin", "--strict", stdin_fd=pack.fileno())).must(
            "index-pack"
        )
    assert _state(root) == before
    assert await ground.ours.line("rev-parse", f"{sha}^") == base
    names = (await ground.ours("diff-tree", "-r", "-z", "--name-only", base, sha)).text.split("\0")
    assert sorted(filter(None, names)) == ["README.md", "new file.txt"]


async def an_edit_of_the_same_second_and_length_is_taken_too(ground: Ground) -> None:
    """Git tells it from no edit by the date of its index, which must not be made younger."""
    root = ground.person.root
    base = await ground.exported()
    await ground.person.git("config", "core.trustctime", "false")
    readme, index = root / "README.md", root / ".git/index"
    long_ago = readme.stat().st_mtime_ns - 60 * 10**9
    os.utime(readme, ns=(long_ago, long_ago))
    await ground.person.git("update-index", "--refresh")
    readme.write_text(readme.read_text().swapcase())
    for path in (readme, index):
        os.utime(path, ns=(long_ago, long_ago))
    with tempfile.TemporaryFile() as pack:
        sha = await ground.source.snapshot(root, base, pack)
        pack.seek(0)
        (await ground.ours("index-pack", "--stdin", "--fix-thin", stdin_fd=pack.fileno())).must("index-pack")
    assert await ground.ours.line("diff-tree", "-r", "--name-only", base, sha) == "README.md"


def _state(root: Path) -> dict[Path, int]:
    """When each file was written. Git dates an object that it finds again anew, which changes nothing."""
    return {path: 0 if "objects" in path.parts else path.stat().st_mtime_ns for path in root.rglob("*")}


SOURCE_RULES: tuple[Callable[[Ground], Awaitable[None]], ...] = (
    a_repository_is_described_as_it_stands,
    a_base_that_nobody_knows_is_refused_by_name,
    a_commit_is_exported_whole_and_again_as_a_difference,
    a_branch_is_given_once_and_nothing_else_is_touched,
    a_branch_of_that_name_at_another_commit_is_left_alone,
    only_branches_of_ours_are_made,
    a_pack_that_lacks_something_makes_no_branch,
    a_branch_that_is_checked_out_is_not_moved_but_explained,
    a_branch_that_nobody_has_checked_out_moves_forward_only,
    a_branch_that_is_not_there_is_explained,
    a_branch_that_moved_meanwhile_is_left_where_it_is,
    nothing_of_the_repository_s_configuration_runs,
    a_work_tree_is_taken_as_it_stands_and_nothing_is_written,
    an_edit_of_the_same_second_and_length_is_taken_too,
)
