"""What every forge must do. `for rule in FORGE_RULES: await rule(ground)`, each on ground of its own."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeVar

from honk.base.git import Git, init_bare
from honk.domain.change import PullRequest
from honk.domain.task import Repository
from honk.forge import BaseMoved, Forge, ForgeConflict, ForgeNotFound, Proposal

E = TypeVar("E", bound=Exception)
REPOSITORY = Repository(repository_id="r1", name="songs", location="/srv/songs")
OTHER = Repository(repository_id="r2", name="other", location="/srv/other")
WHO = {
    "GIT_AUTHOR_NAME": "Ada",
    "GIT_AUTHOR_EMAIL": "ada@example.org",
    "GIT_AUTHOR_DATE": "@1700000000 +0000",
    "GIT_COMMITTER_NAME": "Honk",
    "GIT_COMMITTER_EMAIL": "honk@localhost",
    "GIT_COMMITTER_DATE": "@1700000000 +0000",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Ground:
    """A forge under test, and a mirror with one base commit."""

    forge: Forge
    mirror: Git
    base: str

    @classmethod
    async def lay(cls, forge: Forge, folder: Path) -> "Ground":
        """A mirror below the folder."""
        mirror = await init_bare(folder / "mirror.git")
        return cls(forge=forge, mirror=mirror, base=await commit(mirror, {"README": "songs\n", "a": "1\n", "b": "1\n"}))

    async def change(self, files: Mapping[str, str], parent: str | None = None) -> str:
        """A commit over the base with these files instead of the base's."""
        return await commit(self.mirror, {"README": "songs\n", "a": "1\n", "b": "1\n", **files}, parent or self.base)

    async def tree(self, sha: str) -> str:
        """The commit's tree."""
        return await self.mirror.line("rev-parse", f"{sha}^{{tree}}")

    async def push(self, branch: str, sha: str, expect: str | None = None) -> None:
        """Push out of the mirror."""
        await self.forge.push(REPOSITORY, self.mirror.git_dir, branch, sha, expect=expect)

    async def open(self, branch: str, head: str) -> PullRequest:
        """A pushed and opened pull request; the branch is its key."""
        await self.push(branch, head)
        return await self.forge.open_pull_request(REPOSITORY, self.proposal(branch, head))

    def proposal(self, branch: str, head: str) -> Proposal:
        """Asks to merge the head into main."""
        return Proposal(key=branch, task_id="t1", title="Mend it", body="", branch=branch, base_branch="main",
                        base_sha=self.base, head_sha=head, is_draft=False, reviewers=("@org/team",))  # fmt: skip


async def commit(git: Git, files: Mapping[str, str], parent: str | None = None) -> str:
    """A commit of exactly these top-level files."""
    lines = []
    for name, text in sorted(files.items()):
        blob = (await git("hash-object", "-w", "--stdin", stdin=text.encode())).must("git hash-object").text.strip()
        lines.append(f"100644 blob {blob}\t{name}\n")
    tree = (await git("mktree", stdin="".join(lines).encode())).must("git mktree").text.strip()
    parents = ("-p", parent) if parent else ()
    return await git.line("commit-tree", tree, *parents, "-m", "A commit", env=WHO)


async def refused(kind: type[E], act: Awaitable[object]) -> E:
    """The error, which must come."""
    try:
        await act
    except kind as error:
        return error
    raise AssertionError(f"{kind.__name__} was expected")


async def a_push_done_again_is_one_push(ground: Ground) -> None:
    head = await ground.change({"a": "2\n"})
    await ground.push("honk/one", head)
    await ground.push("honk/one", head)


async def a_branch_that_somebody_moved_is_not_overwritten(ground: Ground) -> None:
    mine, theirs = await ground.change({"a": "2\n"}), await ground.change({"a": "3\n"})
    await ground.push("honk/one", theirs)
    await refused(ForgeConflict, ground.push("honk/one", mine))
    await ground.push("honk/one", mine, expect=theirs)


async def a_pull_request_opened_again_by_its_key_is_the_same(ground: Ground) -> None:
    head = await ground.change({"a": "2\n"})
    first = await ground.open("honk/one", head)
    assert await ground.open("honk/one", head) == first
    assert (await ground.open("honk/two", head)).number != first.number
    assert (first.state, first.head_sha, first.base_sha, first.task_id) == ("open", head, ground.base, "t1")


async def a_pull_request_needs_its_branch_to_be_pushed(ground: Ground) -> None:
    pushed, other = await ground.change({"a": "2\n"}), await ground.change({"a": "3\n"})
    await ground.push("honk/one", pushed)
    proposal = ground.proposal("honk/one", other)
    await refused(ForgeConflict, ground.forge.open_pull_request(REPOSITORY, proposal))


async def pull_requests_are_found_by_number_and_repository(ground: Ground) -> None:
    opened = await ground.open("honk/one", await ground.change({"a": "2\n"}))
    assert await ground.forge.pull_request(opened.number, REPOSITORY) == opened
    assert opened.reviewers == ("@org/team",)
    assert list(await ground.forge.pull_requests()) == [opened]
    assert list(await ground.forge.pull_requests(OTHER)) == []
    await refused(ForgeNotFound, ground.forge.pull_request(opened.number + 1))
    await refused(ForgeNotFound, ground.forge.pull_request(opened.number, OTHER))


async def an_open_one_goes_on_with_what_was_pushed_to_its_branch(ground: Ground) -> None:
    first = await ground.change({"a": "2\n"})
    opened = await ground.open("honk/one", first)
    second = await ground.change({"a": "3\n"}, first)
    proposal = replace(
        ground.proposal("honk/one", second), task_id="t2", title="Other words", body="Anew", is_draft=True
    )
    await refused(ForgeConflict, ground.forge.update_pull_request(opened, proposal))
    await ground.push("honk/one", second, expect=first)
    updated = await ground.forge.update_pull_request(opened, proposal)
    assert await ground.forge.update_pull_request(opened, proposal) == updated
    assert await ground.forge.pull_request(opened.number) == updated
    assert (updated.number, updated.title, updated.body, updated.is_draft) == (opened.number, "Mend it", "Anew", True)
    assert (updated.head_sha, updated.base_sha, updated.task_id) == (second, ground.base, "t2")
    assert "-1\n+3\n" in (await ground.forge.diff(updated)).decode()
    await ground.forge.close(updated)
    await refused(ForgeConflict, ground.forge.update_pull_request(updated, proposal))


async def the_diff_is_from_the_merge_base_to_the_head(ground: Ground) -> None:
    opened = await ground.open("honk/one", await ground.change({"a": "2\n"}))
    diff = (await ground.forge.diff(opened)).decode()
    assert "-1\n+2\n" in diff
    assert "README" not in diff


async def a_merge_is_exact_and_merged_twice_is_merged_once(ground: Ground) -> None:
    head = await ground.change({"a": "2\n"})
    opened = await ground.open("honk/one", head)
    tree = await ground.tree(head)
    merged = await ground.forge.merge(opened, head_sha=head, tree_sha=tree, message="Mend it\n")
    assert merged.tree_sha == tree
    assert await ground.forge.merge(opened, head_sha=head, tree_sha=tree, message="Mend it\n") == merged
    shown = await ground.forge.pull_request(opened.number)
    assert (shown.state, shown.merged_sha) == ("merged", merged.merged_sha)


async def each_way_to_merge_that_it_can_gives_the_same_tree(ground: Ground) -> None:
    methods = ground.forge.capabilities.merge_methods
    assert "squash" in methods
    head = await ground.change({"a": "2\n"})
    opened, tree = await ground.open("honk/one", head), await ground.tree(head)
    act = ground.forge.merge(opened, head_sha=head, tree_sha=tree, message="Mend it\n", method=methods[-1])
    assert (await act).tree_sha == tree


async def another_head_or_tree_than_the_verified_one_is_refused(ground: Ground) -> None:
    head, other = await ground.change({"a": "2\n"}), await ground.change({"a": "3\n"})
    opened, tree = await ground.open("honk/one", head), await ground.tree(head)
    for wrong_head, wrong_tree in ((other, tree), (head, await ground.tree(other))):
        act = ground.forge.merge(opened, head_sha=wrong_head, tree_sha=wrong_tree, message="Mend it\n")
        await refused(ForgeConflict, act)
    assert (await ground.forge.pull_request(opened.number)).state == "open"


async def a_base_that_moved_is_refused_although_git_could_merge(ground: Ground) -> None:
    first, second = await ground.change({"a": "2\n"}), await ground.change({"b": "2\n"})
    one, two = await ground.open("honk/one", first), await ground.open("honk/two", second)
    await ground.forge.merge(one, head_sha=first, tree_sha=await ground.tree(first), message="One\n")
    act = ground.forge.merge(two, head_sha=second, tree_sha=await ground.tree(second), message="Two\n")
    await refused(BaseMoved, act)
    assert (await ground.forge.pull_request(two.number)).state == "open"


async def the_tip_of_a_base_is_told(ground: Ground) -> None:
    head = await ground.change({"a": "2\n"})
    opened = await ground.open("honk/one", head)
    assert await ground.forge.tip(REPOSITORY, "main") == ground.base
    merged = await ground.forge.merge(opened, head_sha=head, tree_sha=await ground.tree(head), message="One\n")
    assert await ground.forge.tip(REPOSITORY, "main") == merged.merged_sha
    assert await ground.forge.tip(REPOSITORY, "nowhere") is None


async def a_closed_one_cannot_merge_and_a_merged_one_cannot_close(ground: Ground) -> None:
    head = await ground.change({"a": "2\n"})
    tree = await ground.tree(head)
    one, two = await ground.open("honk/one", head), await ground.open("honk/two", head)
    closed = await ground.forge.close(one)
    assert closed.state == "closed"
    assert await ground.forge.close(one) == closed
    await refused(ForgeConflict, ground.forge.merge(one, head_sha=head, tree_sha=tree, message="One\n"))
    await ground.forge.merge(two, head_sha=head, tree_sha=tree, message="Two\n")
    await refused(ForgeConflict, ground.forge.close(two))


FORGE_RULES: tuple[Callable[[Ground], Awaitable[None]], ...] = (
    a_push_done_again_is_one_push,
    a_branch_that_somebody_moved_is_not_overwritten,
    a_pull_request_opened_again_by_its_key_is_the_same,
    a_pull_request_needs_its_branch_to_be_pushed,
    pull_requests_are_found_by_number_and_repository,
    an_open_one_goes_on_with_what_was_pushed_to_its_branch,
    the_diff_is_from_the_merge_base_to_the_head,
    a_merge_is_exact_and_merged_twice_is_merged_once,
    each_way_to_merge_that_it_can_gives_the_same_tree,
    another_head_or_tree_than_the_verified_one_is_refused,
    a_base_that_moved_is_refused_although_git_could_merge,
    the_tip_of_a_base_is_told,
    a_closed_one_cannot_merge_and_a_merged_one_cannot_close,
)
