"""Before one more pull request is opened: whether it is wanted, or waits for a person with its work kept."""

import asyncio
from contextlib import suppress
from datetime import datetime

from honk.base.clock import now
from honk.domain.change import Change, PullRequest
from honk.domain.queue_filter import PATH, Earlier, QueueTerms, Wanted, is_recent, narrowed, patch_of, why_held
from honk.domain.task import Outcome, OutcomeName
from honk.store import NotFound
from honk.workflows.house import House
from honk.workflows.record import Record


async def held(house: House, record: Record, change: Change) -> Outcome | None:
    """Why nothing is pushed yet; None where it may go on. Decided once a run, so that what was pushed before a crash is
    not held behind it. What goes on with an open pull request, and what takes a merge back, is never held."""
    taken_up = record.run.takes_up
    if taken_up is not None and (taken_up.pull_request is not None or taken_up.restores is not None):
        return None
    if (told := await record.journal.queued()) is None:
        base = house.workspaces.tree(record.task.repository, change.base_sha)
        terms = narrowed(house.queue_terms, await base.read(PATH))
        told = await _why(house, record, change, terms) or ""
        await record.journal.queue(told, is_ready=not terms.problem)
    if not told:
        return None
    return Outcome(name=OutcomeName.NEEDS_HUMAN, reason=f"Held before anything was pushed; the work is kept. {told}")


async def _why(house: House, record: Record, change: Change, terms: QueueTerms) -> str | None:
    task, taken_up, at = record.task, record.run.takes_up, now()
    wanted = Wanted(
        task_id=task.task_id,
        tree_sha=change.tree_sha,
        patch=await _patch(house, change),
        is_wanted_again=taken_up is not None and taken_up.is_held,
    )
    others = [one for one in await house.forge.pull_requests(task.repository) if one.task_id != task.task_id]
    earlier = [await _as_earlier(house, one, terms, at) for one in others if one.state != "merged"]
    return why_held(wanted, earlier, terms, at)


async def _as_earlier(house: House, pull_request: PullRequest, terms: QueueTerms, at: datetime) -> Earlier:
    """With its change, where that may not be repeated."""
    change = None
    if is_recent(pull_request.state, pull_request.closed_at, terms, at):
        with suppress(NotFound):
            change = (await house.runs.latest_run(pull_request.task_id)).change
    return Earlier(
        number=pull_request.number,
        state=pull_request.state,
        closed_at=pull_request.closed_at,
        tree_sha=change.tree_sha if change is not None else None,
        patch=await _patch(house, change) if change is not None else None,
    )


async def _patch(house: House, change: Change) -> str | None:
    try:
        return await asyncio.to_thread(patch_of, await house.blobs.get(change.diff_blob))
    except NotFound:
        return None
