"""Gathers everything that is kept of one task. Reads only, so it may run beside the task itself."""

from contextlib import suppress

from honk.domain.task import Brief
from honk.insight.kept import Kept
from honk.store import Holdings, NotFound
from honk.workflows.house import House
from honk.workflows.result import pull_requests_of

_SHOWN = "previews/"
"""Pictures and built files are no words; they are had from a preview while it is there, and their digests are told."""


async def kept_of(house: House, holdings: Holdings, task_id: str) -> Kept:
    """The task by its id, or its beginning; of one under way, what was written so far.

    Raises:
        NotFound: there is none, or there are several.
    """
    task = await house.tasks.task(task_id)
    run = await house.runs.latest_run(task.task_id)
    events = await house.events.read(task.task_id)
    found = await pull_requests_of(house, task, events)
    held = await holdings.list(task.task_id)
    deployments, undos = await house.deployments.of_task(task.task_id)
    return Kept(
        deployments=tuple(deployments),
        undos=tuple(undos),
        previews=tuple(await house.previews.of_task(task.task_id)),
        task=task,
        briefs=await _briefs(house, task.task_id),
        run=run,
        attempts=tuple(await house.runs.attempts(run.run_id)),
        events=tuple(events),
        calls=tuple(await house.ledger.calls_of(run.run_id)),
        pull_requests=tuple(found),
        approvals=tuple([yes for one in found for yes in await house.approvals.list(one.number)]),
        shipments=tuple([wish for one in found for wish in await house.shipments.list(one.number)]),
        blobs=tuple(sorted(key for one in held for key in one.blobs if not key.startswith(_SHOWN))),
    )


async def _briefs(house: House, task_id: str) -> tuple[Brief, ...]:
    newest = await house.tasks.brief(task_id)
    older: list[Brief] = []
    for version in range(1, newest.version):
        with suppress(NotFound):
            older.append(await house.tasks.brief(task_id, version))
    return (*older, newest)
