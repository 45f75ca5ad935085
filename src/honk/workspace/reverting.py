"""Makes the reverse of a merged commit over the base as it is now, in our mirror: three ways, by git's own merge."""

from pathlib import Path

from honk.base.git import Git
from honk.base.subprocess import ProgramError
from honk.workspace import CommitMessage, WorkspaceError
from honk.workspace.committing import commit_tree

_IDENTITY = {
    f"GIT_{role}_{part}": value
    for role in ("AUTHOR", "COMMITTER")
    for part, value in (("NAME", "Honk"), ("EMAIL", "honk@localhost"), ("DATE", "@0 +0000"))
}


class RevertConflict(WorkspaceError):
    """What was merged since touches the same lines: only a person can say what is to stay."""

    def __init__(self, paths: tuple[str, ...]) -> None:
        named = ", ".join(paths[:10]) + (f" and {len(paths) - 10} more" if len(paths) > 10 else "")
        super().__init__(
            f"What was merged since touches the same lines ({named or 'git names no path'}), so the reverse change "
            "cannot be made by itself. Nothing was proposed."
        )


async def revert_commit(mirror: Path, merged_sha: str, tip_sha: str, message: CommitMessage) -> str | None:
    """The commit over the tip that takes the merged one back; None where nothing of it is left. Made again, it is the
    same. Both commits are in the mirror.

    Raises:
        RevertConflict: it cannot be made by itself.
        WorkspaceError: git cannot do it.
    """
    git = Git(mirror)
    before = await git("rev-parse", "--verify", "--quiet", f"{merged_sha}^1^{{commit}}")
    if before.exit_code != 0:
        raise WorkspaceError(f"{merged_sha[:12]} is the first commit there is: there is nothing to go back to.")
    if (await git("merge-base", "--is-ancestor", merged_sha, tip_sha)).exit_code != 0:
        raise WorkspaceError(f"{merged_sha[:12]} is no part of the base any more: somebody took it out by hand.")
    try:
        tree = await _merged_tree(git, merged_sha, tip_sha, before.text.strip())
        if tree == await git.line("rev-parse", f"{tip_sha}^{{tree}}"):
            return None
        return await commit_tree(git, tree, tip_sha, message)
    except ProgramError as error:
        raise WorkspaceError(f"The reverse change could not be made: {error}") from error


async def _merged_tree(git: Git, merged_sha: str, tip_sha: str, before_sha: str) -> str:
    """The tip's tree without what the commit did. The state before is made a child of the commit for that, so that the
    commit is what the two have in common: a merge base that is named is more than git 2.38 understands."""
    back = await git("commit-tree", f"{before_sha}^{{tree}}", "-p", merged_sha, "-m", "Back", env=_IDENTITY)
    child = back.must("git commit-tree").text.strip()
    done = await git("merge-tree", "--write-tree", "--name-only", "--no-messages", "-z", tip_sha, child)
    tree, *paths = [part for part in done.text.split("\0") if part] or [""]
    if done.exit_code == 1:
        raise RevertConflict(tuple(dict.fromkeys(paths)))
    done.must("git merge-tree")
    return tree
