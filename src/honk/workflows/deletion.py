"""Deletes a task: its words, transcripts, diffs, events, files and private commits. That there was one stays."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from honk.base.errors import UsageError
from honk.domain.audit import AT_THE_MACHINE, Body, Who
from honk.domain.task import Status, Task
from honk.engine import Records
from honk.sandbox.state import remove_state
from honk.store import Holding, Holdings
from honk.workflows.audited import audited
from honk.workflows.house import House
from honk.workflows.pull_request import close_pull_request
from honk.workspace.forgetting import forget_changes


@dataclass(frozen=True, slots=True, kw_only=True)
class Deletion:
    """What was deleted."""

    task_id: str
    runs: int
    blobs: int
    closed: tuple[int, ...]
    """Pull requests that were closed for it."""
    replays: tuple[str, ...] = ()
    """Tasks that repeat it, and hold the same words: they are left."""


async def delete_task(
    house: House, holdings: Holdings, records: Records, task: Task, *, close: bool, who: Who = AT_THE_MACHINE
) -> Deletion:
    """The rows go last, by which the rest is found: done again after a crash, it finishes what is left.

    Raises:
        UsageError: it has not ended, or has an open pull request and `close` is not given, or is on its way to
            production or back; nothing was deleted.
    """
    [holding] = await holdings.list(task.task_id)
    refuse_needed(holding, close=close)
    await _refuse_under_way(house, task)
    ids: Body = {"runs": list(holding.run_ids), "pull_requests": list(holding.open_pull_requests)}
    async with audited(house.audit, "delete task", who=who, subject=f"task:{task.task_id}", body=ids):
        return await _delete(house, holdings, records, holding, who)


async def _delete(house: House, holdings: Holdings, records: Records, holding: Holding, who: Who) -> Deletion:
    task = holding.task
    for number in holding.open_pull_requests:
        await close_pull_request(house, number, who=who)
    for run_id in holding.run_ids:
        await house.workspaces.discard(run_id)
        await remove_state(house.home / "agent" / run_id)
    await forget_changes(house.workspaces.mirror(task.repository), holding.run_ids)
    blobs = sorted(holding.blobs - _of_others(await holdings.list(), task.task_id))
    for key in blobs:
        await asyncio.to_thread((house.home / "blobs" / key).unlink, missing_ok=True)
    replays = tuple(one.task_id for one in await house.tasks.replays(task.task_id))
    await records.forget(holding.workflow_ids, even_unfinished=True)
    await holdings.erase(task.task_id)
    return Deletion(
        task_id=task.task_id,
        runs=len(holding.run_ids),
        blobs=len(blobs),
        closed=holding.open_pull_requests,
        replays=replays,
    )


def refuse_needed(holding: Holding, *, close: bool) -> None:
    """Raises:
    UsageError: the task is not at its end.
    """
    task = holding.task
    if task.status is not Status.FINISHED:
        raise UsageError(
            f"Task {task.task_id} has not ended ({task.status}). Nothing was deleted. Let it end "
            f"(honk task resume {task.task_id}; Ctrl-C stops it), then delete it."
        )
    if holding.open_pull_requests and not close:
        numbers = ", ".join(f"#{number}" for number in holding.open_pull_requests)
        raise UsageError(
            f"Task {task.task_id} has an open pull request ({numbers}). Nothing was deleted. Merge or close it first, "
            "or say --close."
        )


async def _refuse_under_way(house: House, task: Task) -> None:
    """Half of a deployment must not lose what says where it belongs: it would hold all others up."""
    deployments, undos = await house.deployments.of_task(task.task_id)
    if not (all(one.is_over for one in deployments) and all(one.is_over for one in undos)):
        raise UsageError(
            f"Task {task.task_id} is being deployed or undone just now. Nothing was deleted. Delete it when that has "
            "ended: honk deploy list"
        )


def _of_others(holdings: Sequence[Holding], task_id: str) -> frozenset[str]:
    """Keys that other tasks name as well: equal logs are one blob."""
    return frozenset(key for one in holdings if one.task.task_id != task_id for key in one.blobs)
