"""What differs between two changes that our mirror keeps."""

from pathlib import Path

from honk.base.git import Git
from honk.domain.change import ChangedFile
from honk.workspace.changed import parse_changed


async def differing_files(mirror: Path, first: str, second: str) -> tuple[ChangedFile, ...] | None:
    """The files in which the commits differ, renames told apart; None where the mirror no longer has both.

    `mirror` is `Workspaces.mirror`.
    """
    if not (mirror / "HEAD").exists():
        return None
    git = Git(mirror)
    plain = ("--no-renames", "--no-ext-diff", "--no-textconv", "--no-abbrev")
    done = await git("diff-tree", "-r", "-z", "--raw", "--numstat", *plain, first, second)
    return parse_changed(done.stdout) if done.exit_code == 0 else None
