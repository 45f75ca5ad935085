"""Who made what of a change: the agents and people of the conversation, each against what was there before."""

from collections.abc import Sequence

from honk.domain.change import Change, ChangedFile
from honk.domain.provenance import Contribution, Share, shares_of
from honk.domain.task import Task
from honk.store import Run
from honk.workflows.chain import chain_of
from honk.workflows.house import House
from honk.workspace.differing import differing_files

REVERSAL = "Honk, taking a merge back"


async def shares_in(house: House, task: Task, run: Run, change: Change) -> tuple[Share, ...]:
    """Of the change as it ships, from the base on. Where the work of a task before was deleted, or its commit is gone,
    the later one is given all that differs."""
    found: list[Contribution] = []
    for one, its_run, after in await _passes(house, task, run, change):
        taken_up = its_run.takes_up
        before = None if taken_up is None or taken_up.restores is not None else taken_up.change
        found.append(_contribution(one, its_run, await _files(house, one, before, after)))
    return shares_of(found)


async def _passes(house: House, task: Task, run: Run, change: Change) -> Sequence[tuple[Task, Run, Change]]:
    """The runs whose work this one goes on with, the first first, each with what it left."""
    found = [(task, run, change)]
    for earlier in (await chain_of(house, task))[1:]:
        taken_up = found[-1][1].takes_up
        if taken_up is None or taken_up.restores is not None:
            break
        found.append((earlier, await house.runs.latest_run(earlier.task_id), taken_up.change))
    return found[::-1]


async def _files(house: House, task: Task, before: Change | None, after: Change) -> tuple[ChangedFile, ...]:
    if before is None:
        return after.files
    mirror = house.workspaces.mirror(task.repository)
    found = await differing_files(mirror, before.head_sha, after.head_sha)
    return after.files if found is None else found


def _contribution(task: Task, run: Run, files: tuple[ChangedFile, ...]) -> Contribution:
    taken_up = run.takes_up
    if taken_up is not None and taken_up.restores is not None:
        return Contribution(author=REVERSAL, is_machine=True, files=files)
    if taken_up is not None and taken_up.given is not None:
        return Contribution(author=task.asker.name, is_machine=False, files=files)
    return Contribution(author=f"{task.agent.split(':', 1)[0]}, {task.model}", is_machine=True, files=files)
