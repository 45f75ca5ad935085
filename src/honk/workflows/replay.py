"""A finished task once more, from the same base: to compare, never to publish. No way out of here leads to a forge."""

from dataclasses import dataclass, replace
from pathlib import Path

from honk.base.clock import now
from honk.base.errors import UsageError
from honk.base.ids import new_id
from honk.domain.change import Change
from honk.domain.decide import is_draft, why_draft
from honk.domain.evidence import Examination
from honk.domain.limits import Limits
from honk.domain.task import Brief, Outcome, OutcomeName, Status, Task
from honk.engine import Steps
from honk.insight.side_by_side import Comparison, Side, compare
from honk.store import NotFound, Run
from honk.workflows.house import House
from honk.workflows.record import Record
from honk.workflows.rounds import run_rounds
from honk.workspace import SourceError
from honk.workspace.differing import differing_files


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplayRequest:
    """A replay as a door takes it in; None is as it was the first time."""

    task_id: str
    """Or its beginning."""
    agent: str | None = None
    model: str | None = None
    brief_version: int | None = None
    cost_usd: float | None = None
    wall_seconds: float | None = None


async def run_replay(house: House, step: Steps, run_id: str) -> None:
    """The rounds of a task, as crash-safe; a change that would have been published is kept and told of."""
    await run_rounds(house, step, run_id, _keep)


async def _keep(_step: Steps, record: Record, _change: Change) -> Outcome:
    """The change stays on its private ref in our mirror."""
    examination = record.run.examination or Examination()
    draft = f" as a draft: {why_draft(examination)}" if is_draft(examination) else ""
    reason = f"A pull request would have been opened{draft}. A replay opens none."
    return Outcome(name=OutcomeName.REPLAYED, reason=reason)


async def replay_of(house: House, request: ReplayRequest) -> tuple[Task, Brief, Run]:
    """The task, brief and run that do the finished task again. Nothing is written down yet.

    Raises:
        UsageError: it has not ended, has no brief of this version, or its base commit is nowhere any more.
    """
    first = await house.tasks.task(request.task_id)
    if first.status is not Status.FINISHED:
        raise UsageError(
            f"Task {first.task_id} has not ended ({first.status}), so there is nothing to compare with. Nothing was "
            f"begun. Let it end first: honk task resume {first.task_id}"
        )
    house.agent_of(request.agent or first.agent).mounts()
    brief = await _brief(house, first, request.brief_version)
    await _refuse_lost_base(house, first)
    created_at, task_id = now(), new_id(6)
    task = replace(
        first,
        task_id=task_id,
        agent=request.agent or first.agent,
        model=request.model or first.model,
        created_at=created_at,
        status=Status.QUEUED,
        outcome=None,
        notes=(f"A replay of task {first.task_id}: it pushes nothing and opens no pull request.",),
        replay_of=first.task_id,
    )
    limits = _limits((await house.runs.latest_run(first.task_id)).limits, request)
    return task, brief, Run(run_id=f"{task_id}-1", task_id=task_id, limits=limits, started_at=created_at)


async def _brief(house: House, first: Task, version: int | None) -> Brief:
    try:
        return await house.tasks.brief(first.task_id, version)
    except NotFound as error:
        newest = (await house.tasks.brief(first.task_id)).version
        raise UsageError(
            f"Task {first.task_id} has no brief of version {version}; its newest is {newest}. Nothing was begun."
        ) from error


async def _refuse_lost_base(house: House, first: Task) -> None:
    """Make the base's template, out of our mirror where the repository has moved or is gone."""
    try:
        await house.workspaces.template(first.repository, first.base_sha)
    except SourceError as error:
        raise UsageError(
            f"The base commit {first.base_sha[:12]} of task {first.task_id} is not in Honk's own mirror, and "
            f"{first.repository.location} cannot give it ({error}) Nothing was begun. Put the repository back there, "
            "with that commit, and ask again."
        ) from error


def _limits(limits: Limits, request: ReplayRequest) -> Limits:
    return replace(
        limits,
        cost_usd=limits.cost_usd if request.cost_usd is None else request.cost_usd,
        wall_seconds=limits.wall_seconds if request.wall_seconds is None else request.wall_seconds,
    )


async def compare_replay(house: House, task: Task) -> Comparison | None:
    """The replay beside what it repeats; None for a task that is no replay."""
    if task.replay_of is None:
        return None
    again = await _side(house, task)
    try:
        first = await _side(house, await house.tasks.task(task.replay_of))
    except NotFound:
        return compare(None, again, None)
    differing = None
    if first.run.change is not None and again.run.change is not None:
        heads = first.run.change.head_sha, again.run.change.head_sha
        differing = await differing_files(Path(house.workspaces.mirror(task.repository)), *heads)
    return compare(first, again, differing)


async def _side(house: House, task: Task) -> Side:
    brief = await house.tasks.brief(task.task_id)
    return Side(task=task, brief=brief, run=await house.runs.latest_run(task.task_id))
