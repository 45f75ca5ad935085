"""Of an undo's reverse change, what the rules say of files that stand again as they stood is no objection."""

from collections.abc import Sequence

from honk.domain.conversation import TakenUp
from honk.domain.evidence import Examination
from honk.domain.reversal import excused
from honk.domain.task import Repository
from honk.workflows.house import House
from honk.workspace import Tree


async def excuse(
    house: House, repository: Repository, taken_up: TakenUp | None, examination: Examination
) -> Examination:
    """The examination; of any other change as it is."""
    if taken_up is None or taken_up.restores is None or taken_up.given is None:
        return examination
    change = taken_up.given
    before = house.workspaces.tree(repository, taken_up.restores.before_sha)
    after = house.workspaces.tree(repository, change.head_sha)
    paths = sorted({path for file in change.files for path in (file.path, file.old_path) if path is not None})
    return excused(examination, taken_up.restores.number, await alike(before, after, paths))


async def alike(before: Tree, after: Tree, paths: Sequence[str]) -> frozenset[str]:
    """The paths whose files are the same in both, or are in neither. One that is too large to be read is none."""
    was, is_now = await before.read_all(paths), await after.read_all(paths)
    had, has = set(await before.files()), set(await after.files())
    gone = {path for path in paths if path not in had and path not in has}
    return frozenset(gone | {path for path in paths if path in was and was[path] == is_now.get(path)})
