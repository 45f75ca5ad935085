"""The tasks of one conversation: each goes on with the one before."""

from collections.abc import Sequence

from honk.domain.task import Task
from honk.store import NotFound
from honk.workflows.house import House


async def chain_of(house: House, task: Task) -> Sequence[Task]:
    """The task and those it goes on with that were not deleted, the newest first."""
    chain = [task]
    while (earlier := chain[-1].follows) is not None:
        try:
            chain.append(await house.tasks.task(earlier))
        except NotFound:
            break
    return chain
