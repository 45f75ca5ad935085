"""What there is to see of tasks, gathered by reading alone: a task's whole story, pages of the board, scores."""

from collections.abc import AsyncGenerator, AsyncIterator, Collection, Mapping, Sequence
from contextlib import aclosing, suppress
from dataclasses import dataclass
from datetime import datetime

from honk.domain.board import Filters, Lane, Listed, Scored, Watcher
from honk.domain.change import PullRequest
from honk.insight.sheet import Sheet
from honk.store import NotFound, Run, TaskEvent
from honk.workflows.house import House
from honk.workflows.onlook import look_on

TURNING = frozenset(
    {
        "accepted", "stage", "asked", "parked", "answered_by", "extended", "resumed", "pull_request", "merged",
        "outcome", "approved", "armed", "disarmed", "merge_refused",
        "deployment",
    }
)  # fmt: skip
"""Kinds of events that a row of the board may change with."""


@dataclass(frozen=True, slots=True)
class Sights:
    """Nothing here changes anything; whoever asks has looked at the rights."""

    house: House

    async def sheet(self, task_id: str) -> Sheet:
        """Everything that a task's page is made of, as far as it has come.

        Raises:
            NotFound: there is none of exactly this id.
        """
        house = self.house
        task = await house.tasks.task(task_id)
        run = await house.runs.latest_run(task.task_id)
        deployments, undos = await house.deployments.of_task(task.task_id)
        pull_requests = await self._pull_requests(run)
        return Sheet(
            task=task,
            deployments=tuple(deployments),
            undos=tuple(undos),
            brief=await house.tasks.brief(task.task_id),
            run=run,
            attempts=tuple(await house.runs.attempts(run.run_id)),
            events=tuple(await house.events.read(task.task_id)),
            messages=tuple(await house.messages.of(task.task_id)),
            pull_requests=pull_requests,
            shipment=await house.shipments.newest(pull_requests[-1].number) if pull_requests else None,
            parked=await house.parking.of(task.task_id),
            followers=tuple(await house.tasks.followers(task.task_id)),
            preview=next(iter(reversed(await house.previews.of_task(task.task_id))), None),
            diff=await self._diff(run.change.diff_blob if run.change else None),
        )

    async def follow(self, task_id: str, after: int = 0) -> AsyncGenerator[TaskEvent]:
        """The task's events as they come, to its outcome; somebody else sees to the run's end.

        Raises:
            NotFound: there is no such task.
        """
        async with aclosing(look_on(self.house, await self.house.tasks.task(task_id), after)) as events:
            async for event in events:
                yield event

    async def _pull_requests(self, run: Run) -> tuple[PullRequest, ...]:
        """Its own, and the one whose branch it goes on with."""
        own = list(await self.house.board.pull_requests(run.task_id))
        number = run.takes_up.pull_request if run.takes_up is not None else None
        if number is not None and (older := await self.house.pull_requests.get(number)) is not None:
            own.append(older)
        return tuple(sorted({one.number: one for one in own}.values(), key=lambda one: one.number))

    async def _diff(self, key: str | None) -> bytes | None:
        """None where there is none, or it is not kept any more."""
        if key is not None:
            with suppress(NotFound):
                return await self.house.blobs.get(key)
        return None

    async def log(self, sheet: Sheet, key: str) -> bytes:
        """A verifier's log that belongs to this task.

        Raises:
            NotFound: it is none of its logs, or it is not kept any more.
        """
        if key not in sheet.log_keys:
            raise NotFound("This task has no such log.")
        return await self.house.blobs.get(key)

    async def page(
        self, watcher: Watcher, filters: Filters, lane: Lane, *, before: str | None = None, limit: int = 50
    ) -> Sequence[Listed]:
        """A page of one lane, the newest first."""
        return await self.house.board.page(watcher, filters, lane, before=before, limit=limit)

    async def counts(self, watcher: Watcher, filters: Filters) -> Mapping[Lane, int]:
        """How many there are in each lane."""
        return await self.house.board.counts(watcher, filters)

    async def listed(self, watcher: Watcher, task_ids: Collection[str]) -> Sequence[Listed]:
        """Tasks as the board has them; those that the watcher does not see are left out."""
        return await self.house.board.listed(watcher, task_ids)

    async def people(self, watcher: Watcher) -> Mapping[str, str]:
        """Who asked: names by ids."""
        return await self.house.board.people(watcher)

    async def asked(self, watcher: Watcher, limit: int = 500) -> Sequence[tuple[str, str]]:
        """What was asked where, the newest first."""
        return await self.house.board.asked(watcher, limit)

    async def scores(self, watcher: Watcher, since: datetime | None) -> Sequence[Scored]:
        """Tasks with what they came to."""
        return await self.house.board.scores(watcher, since)

    def watch(self) -> AsyncIterator[frozenset[str]]:
        """Ids of tasks that may stand elsewhere on the board than before."""
        return self.house.events.watch(TURNING)

    def endings(self) -> AsyncIterator[frozenset[str]]:
        """Ids of tasks that have got their outcome meanwhile."""
        return self.house.events.watch(frozenset({"outcome"}))

    def follow_on(self, task_id: str, after: int) -> AsyncGenerator[TaskEvent]:
        """The task's events as they come, also behind its end."""
        return self.house.events.follow(task_id, after)
