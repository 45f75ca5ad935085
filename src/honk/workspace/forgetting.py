"""Lets go of changes for good: their private refs, and the objects that nothing else reaches."""

from collections.abc import Sequence
from pathlib import Path

from honk.base.git import Git
from honk.workspace.committing import private_ref
from honk.workspace.locks import locked


async def forget_changes(mirror: Path, names: Sequence[str]) -> None:
    """Of workspaces of these names, out of the mirror (`Workspaces.mirror`). None there: nothing to do.

    The caller sees to it that nothing of the repository is being collected.

    Raises:
        ProgramError: git refused.
    """
    git = Git(mirror)
    if not (mirror / "HEAD").exists():
        return
    async with locked(mirror.parent / "lock"):
        for name in names:
            (await git("update-ref", "-d", private_ref(name))).must("git update-ref")
        (await git("repack", "-a", "-d", "-l", "-q")).must("git repack")
        (await git("prune", "--expire=now")).must("git prune")
