"""A task that goes on with an ended one: a reply after its end, or the same once more."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

from honk.base.clock import now
from honk.base.errors import UsageError
from honk.base.ids import new_id
from honk.domain.change import PullRequest
from honk.domain.conversation import TakenUp
from honk.domain.limits import Limits
from honk.domain.task import Brief, OutcomeName, Saying, Status, Task
from honk.store import Delivery, Run
from honk.workflows.chain import chain_of as chain_of
from honk.workflows.hearing import sayings
from honk.workflows.house import House
from honk.workflows.legs import Spoken
from honk.workspace.committing import keep_commit

AGAIN = frozenset({OutcomeName.FAILED, OutcomeName.CANCELLED, OutcomeName.VETOED, OutcomeName.NEEDS_HUMAN})
"""What may be tried again: it brought nothing."""


HELD = "held"
"""The event that tells of it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Linked:
    """A linked task, not yet accepted."""

    task: Task
    brief: Brief
    run: Run


Accept = Callable[[Task, Brief, Run, Delivery], Awaitable[bool]]
"""Makes sure that there is room, writes it all down and enqueues it; False for an arrival that came before."""


async def newest_of(house: House, task: Task) -> Task:
    """The last of the tasks that go on with this one; itself where none does."""
    while followers := await house.tasks.followers(task.task_id):
        task = followers[0]
    return task


async def is_held(house: House, task: Task) -> bool:
    """Whether its work was ready to be proposed, and waits for a person's word."""
    events = await house.events.read(task.task_id)
    return any(event.kind == HELD and event.body.get("is_ready") is True for event in events)


async def reply_to(house: House, ended: Task, spoken: Spoken, limits: Limits | None) -> Linked:
    """The task that a reply after the end begins: with the old brief, and the kept work where there is any; under the
    limits of before where none are given.

    An open pull request is gone on with. Where it was merged or closed, and where nothing was kept, the newest base is
    begun from.
    """
    brief = await house.tasks.brief(ended.task_id)
    goal = Saying(person=ended.asker.name, text=brief.goal)
    asked = (*brief.before, goal, *brief.said, *await sayings(house, ended.task_id))
    opened = await _pull_request(house, ended)
    run = await house.runs.latest_run(opened.task_id if opened and opened.state == "open" else ended.task_id)
    limits = limits or run.limits
    is_settled = opened is not None and opened.state != "open"
    if run.change is None or is_settled:
        base_branch, base_sha = await _newest_base(house, ended)
        fresh = Brief(version=1, goal=spoken.text, background=(*brief.background, *asked))
        return _linked(ended, spoken, limits, fresh, (base_branch, base_sha), None)
    taken_up = TakenUp(
        change=run.change,
        pull_request=opened.number if opened else None,
        is_held=opened is None and await is_held(house, ended),
    )
    onward = Brief(version=1, goal=spoken.text, before=asked, background=brief.background)
    return _linked(ended, spoken, limits, onward, (ended.base_branch, run.change.base_sha), taken_up)


async def again(house: House, ended: Task, spoken: Spoken, limits: Limits) -> Linked:
    """The same request once more, from the newest base; or the ready work that was held, examined again by no agent.

    Raises:
        UsageError: it has not ended, or it did what it could.
    """
    if ended.outcome is None or ended.outcome.name not in AGAIN:
        how = ended.outcome.name if ended.outcome else ended.status
        raise UsageError(
            f"Task {ended.task_id} is {how}: there is nothing to try again. Nothing was begun. Say what is to change "
            "instead."
        )
    brief = await house.tasks.brief(ended.task_id)
    said = (*brief.said, *await sayings(house, ended.task_id))
    same = Brief(
        version=1,
        goal=brief.goal,
        preconditions=brief.preconditions,
        out_of_bounds=brief.out_of_bounds,
        done_when=brief.done_when,
        said=said,
        background=(*brief.background, *brief.before),
    )
    run = await house.runs.latest_run(ended.task_id)
    if run.change is not None and await is_held(house, ended):
        ready = TakenUp(change=run.change, given=run.change, is_held=True)
        linked = _linked(ended, spoken, limits, same, (ended.base_branch, run.change.base_sha), ready)
        mirror = house.workspaces.mirror(ended.repository)
        await keep_commit(mirror, linked.run.run_id, run.change.head_sha)
        return linked
    return _linked(ended, spoken, limits, same, await _newest_base(house, ended), None)


async def _pull_request(house: House, ended: Task) -> PullRequest | None:
    """The newest of the whole conversation."""
    ids = {one.task_id for one in await chain_of(house, ended)}
    found = [one for one in await house.forge.pull_requests(ended.repository) if one.task_id in ids]
    return max(found, key=lambda one: one.number, default=None)


async def _newest_base(house: House, ended: Task) -> tuple[str, str]:
    facts = await house.source.describe(Path(ended.repository.location), ended.base_branch)
    return facts.base_branch, facts.base_sha


def _linked(
    ended: Task, spoken: Spoken, limits: Limits, brief: Brief, base: tuple[str, str], taken_up: TakenUp | None
) -> Linked:
    task = Task(
        task_id=new_id(6),
        repository=ended.repository,
        base_branch=base[0],
        base_sha=base[1],
        prompt=brief.goal,
        asker=spoken.person,
        agent=ended.agent,
        model=ended.model,
        created_at=now(),
        status=Status.QUEUED,
        notes=(f"It goes on with task {ended.task_id}.",),
        follows=ended.task_id,
        person_id=spoken.person_id,
    )
    run = Run(
        run_id=f"{task.task_id}-1", task_id=task.task_id, limits=limits, started_at=task.created_at, takes_up=taken_up
    )
    return Linked(task=task, brief=brief, run=run)
