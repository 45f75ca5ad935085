"""The front desk: everything a person may ask, one short method each."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from honk.base.errors import OutOfSpace, UsageError
from honk.domain.audit import AT_THE_MACHINE
from honk.domain.catalog import Offered
from honk.domain.change import PullRequest
from honk.domain.conversation import run_of
from honk.domain.listing import ALL, Listing
from honk.domain.people import Door
from honk.domain.prompt import checked_prompt
from honk.domain.retention import Removal
from honk.domain.standing import INSTALLATION
from honk.domain.task import Brief, Outcome, OutcomeName, Repository, Status, Task
from honk.engine import ENDED, Engine, EngineError, WorkflowStatus
from honk.insight.kept import Kept
from honk.insight.side_by_side import Comparison
from honk.insight.tally import Tally, tally
from honk.store import Delivery, NotFound, Run, TaskEvent
from honk.store.archive import Contents, write_archive
from honk.workflows.accept import RunRequest, brief_of, delivery_of, redelivered, task_of
from honk.workflows.audit_desk import AuditDesk
from honk.workflows.audited import audited
from honk.workflows.catalog import offered
from honk.workflows.deletion import Deletion, delete_task
from honk.workflows.export import kept_of
from honk.workflows.frost import is_frozen, refuse_frozen
from honk.workflows.handing import Handing
from honk.workflows.house import House
from honk.workflows.housekeeping import Housekeeper, Plan, Swept
from honk.workflows.identity import refuse_unsignable
from honk.workflows.journal import Journal
from honk.workflows.keep import finish_stopped
from honk.workflows.offering import offer_repository, withdraw_repository
from honk.workflows.onlook import unless_failed
from honk.workflows.people import PeopleDesk
from honk.workflows.phone import note_reached
from honk.workflows.preview import Previews
from honk.workflows.pull_request import close_pull_request
from honk.workflows.readiness import unready
from honk.workflows.reconcile import differences, thaw
from honk.workflows.record import Record
from honk.workflows.replay import ReplayRequest, compare_replay, replay_of
from honk.workflows.result import RunResult, result_of, sandbox_of
from honk.workflows.shift import Shift
from honk.workflows.sights import Sights
from honk.workflows.talk import Talk
from honk.workflows.tapping import MergeResult, Tapping
from honk.workflows.undoing import undoing_with
from honk.workflows.verify import VerifyResult, verify_checkout
from honk.workflows.watch import Watch
from honk.workflows.ways_in import WaysIn

__all__ = ["App", "RunRequest", "RunResult"]


class App:
    """Built by `bootstrap`; the doors hand on to it. `is_alone`: no other process is at work in the state folder."""

    def __init__(
        self,
        house: House,
        engine: Engine,
        keeper: Housekeeper,
        *,
        people: PeopleDesk,
        ways_in: WaysIn,
        watch: Watch,
        delivery: Tapping,
        previews: Previews,
        is_alone: bool = True,
    ) -> None:
        self._house, self.people, self.ways_in = house, people, ways_in
        self._engine = engine
        self._keeper, self.is_alone = keeper, is_alone
        self.sights, self.audit = Sights(house), AuditDesk(house.audit)
        self.watch, self.delivery, self.previews = watch, delivery, previews
        one_at_a_time = asyncio.Lock()
        self.handing = Handing(house=house, accept=self._accept_linked, one_at_a_time=one_at_a_time)
        self.undoing = undoing_with(delivery.deploying.production, self._accept_linked)
        self.talk = Talk(
            house=house,
            engine=engine,
            accept=self._accept_linked,
            within=watch.purse.within,
            may_steer=people.may_steer,
            one_at_a_time=one_at_a_time,
        )

    async def submit(self, request: RunRequest) -> Task:
        """The accepted task: durable, and begun as soon as the engine is free. A redelivery gets the one it made.

        Raises:
            UsageError: the request cannot be carried out, or its delivery made another task; nothing was begun.
            PlatformError: the agent's program is not here; nothing was begun.
            OutOfSpace: the disk has too little room for a new run; nothing was begun.
        """
        prompt = checked_prompt(request.prompt)
        if (known := await redelivered(self._house, request.delivery_id, prompt, str(request.repo))) is not None:
            return known
        self._house.agent_of(request.agent).mounts()
        await refuse_unsignable(self._house)
        await self._make_ready()
        facts = await self._house.source.describe(request.repo, request.base)
        task = task_of(request, facts, prompt)
        run = Run(run_id=f"{task.task_id}-1", task_id=task.task_id, limits=request.limits, started_at=task.created_at)
        delivery = delivery_of(task, request.delivery_id, request.door)
        return await self._accept("task", task, brief_of(prompt, request.terms), run, delivery)

    async def replay(self, request: ReplayRequest) -> Task:
        """The accepted replay of a finished task: a task of its own that never publishes anything.

        Raises:
            UsageError: it cannot be done again; nothing was begun.
            OutOfSpace: the disk has too little room for a new run; nothing was begun.
        """
        await self._make_ready()
        task, brief, run = await replay_of(self._house, request)
        return await self._accept("replay", task, brief, run, delivery_of(task, None, Door.COMMAND_LINE))

    async def comparison(self, task_id: str) -> Comparison | None:
        """A replay beside what it repeats; None for a task that is no replay."""
        return await compare_replay(self._house, await self._house.tasks.task(task_id))

    async def _make_ready(self) -> None:
        refuse_frozen(self._house.home)
        if not self.watch.admission.is_open:  # a server keeps house by itself, and lets nobody wait for it
            await self._keeper.tidy()
        await self._keeper.refuse_low_disk()

    async def _accept(self, workflow: str, task: Task, brief: Brief, run: Run, delivery: Delivery) -> Task:
        if not await self._enlisted(workflow, task, brief, run, delivery):
            if (
                known := await redelivered(self._house, delivery.delivery_id, task.prompt, task.repository.location)
            ) is not None:
                return known
            raise UsageError("This request was accepted before, and its task was deleted since. Nothing was begun.")
        return task

    async def _accept_linked(self, task: Task, brief: Brief, run: Run, delivery: Delivery) -> bool:
        self._house.agent_of(task.agent).mounts()
        await refuse_unsignable(self._house)
        await self._make_ready()
        return await self._enlisted("task", task, brief, run, delivery)

    async def _enlisted(self, workflow: str, task: Task, brief: Brief, run: Run, delivery: Delivery) -> bool:
        """Write it down and enqueue it, in one transaction; False for a delivery that came before. Raises OverQuota:
        there is no money for it; nothing was begun."""
        await self._engine.start()
        enlist = self._engine.enlist(workflow, run.workflow_id, run.workflow_id)
        enlist = self.watch.purse.within(task.asker.email, run.limits.cost_usd, enlist)
        if not await self._house.tasks.accept(delivery, task, brief, run, enlist):
            return False
        await Journal(self._house.events, task.task_id, run.run_id).accepted(task, self._house.sandbox)
        return True

    async def follow(self, task_id: str, after: int = 0) -> AsyncIterator[TaskEvent]:
        """The task's events as they come; ends behind the outcome, which a broken run gets as well.

        Raises:
            OutOfSpace: the run halted for want of room; it can be resumed.
        """
        task = await self._house.tasks.task(task_id)
        run = await self._house.runs.latest_run(task.task_id)
        await self._engine.start()
        settling = asyncio.create_task(self._settle(run.workflow_id))
        try:
            async for event in unless_failed(self._house.events.follow(task.task_id, after), settling):
                yield event
                if event.kind == "outcome":
                    return
        finally:
            settling.cancel()
            with suppress(asyncio.CancelledError, OutOfSpace):
                await settling

    async def _settle(self, workflow_id: str) -> None:
        """Wait for the leg's end; give the run an outcome where it broke, so that nothing ends in silence. One that is
        parked is nobody's to end."""
        try:
            status = await self._engine.wait(workflow_id)
            reason = "The run ended without an outcome: a fault in Honk."
        except EngineError as error:
            status, reason = WorkflowStatus.FAILED, f"Honk itself broke: {error}"
        record = await Record.load(self._house, run_of(workflow_id)[0])
        goes_on = record.task.status in (Status.WAITING, Status.FINISHED) or record.run.workflow_id != workflow_id
        if status is not WorkflowStatus.CANCELLED and not goes_on:
            outcome = Outcome(name=OutcomeName.FAILED, reason=f"{reason} The agent's work is kept with the task.")
            await record.finish(outcome)

    async def result(self, task_id: str) -> RunResult:
        """Where the task stands; its outcome must be there.

        Raises:
            UsageError: it has not ended yet.
        """
        return await result_of(self._house, await self._house.tasks.task(task_id))

    @asynccontextmanager
    async def shift(self) -> AsyncIterator[None]:
        """While it lasts everything that was begun goes on by itself, and no run ends without an outcome."""
        look_after = (self.talk.legs.end_due, self.talk.take_left_over, self.delivery.look_after,
                      self.delivery.deploying.sweep, self.previews.look_after)  # fmt: skip
        shift = Shift(
            house=self._house, engine=self._engine, watch=self.watch, settle=self._settle, look_after=look_after,
            at_leisure=self._keeper.tidy,
        )  # fmt: skip
        await shift.begin()
        try:
            async with self.previews.at_work():
                yield
        finally:
            await shift.end()

    async def stop(self, task_id: str) -> None:
        """End the task as cancelled; the agent is gone within 2 s and its work is kept. Ended already: nothing."""
        task = await self._house.tasks.task(task_id)
        await self._engine.start()
        await self.talk.legs.stop(task)

    async def interrupted(self) -> Sequence[Task]:
        """What is begun and has no outcome, the newest first. While nothing runs here, it waits to be resumed."""
        found = [await self._house.tasks.find(Listing(status=status)) for status in (Status.QUEUED, Status.RUNNING)]
        return sorted((task for some in found for task in some), key=lambda task: task.created_at, reverse=True)

    async def resume(self, task_id: str | None) -> Task | None:
        """Let an interrupted task go on where it was; None means the newest one. None if there is nothing to resume.

        What a crash kept from being told or finished (the arrival, a stop, the outcome) is told and finished.

        Raises:
            UsageError: it was begun in another kind of sandbox, and its files fit no other; or it waits for a person.
        """
        refuse_frozen(self._house.home)
        newest = next(iter(await self.interrupted()), None) if task_id is None else None
        task = newest if task_id is None else await self._house.tasks.task(task_id)
        if task is None:
            return None
        if task.status is Status.WAITING:
            raise UsageError(
                f"Task {task.task_id} is not interrupted: it waits for a person. Nothing was done. Answer it on the "
                f'server, or by: honk task say {task.task_id} "..."'
            )
        run = await self._house.runs.latest_run(task.task_id)
        await self._engine.start()
        status = await self._engine.status(run.workflow_id)
        if task.status is Status.FINISHED and status in ENDED:
            return None
        if (sandbox := await sandbox_of(self._house, task.task_id)) != self._house.sandbox:
            raise UsageError(
                f"Task {task.task_id} was begun with sandbox = {sandbox!r}, and its files fit no other. Nothing was "
                f"done. Resume it with HONK_SANDBOX={sandbox} in the environment."
            )
        await Journal(self._house.events, task.task_id, run.run_id).accepted(task, self._house.sandbox)
        if status is WorkflowStatus.CANCELLED:
            await finish_stopped(self._house, run.run_id)
        await self._engine.resume(run.workflow_id)
        return task

    async def offer_repository(self, path: Path) -> Repository:
        """From now on a team may ask for this one. Raises UsageError: there is none to work on; nothing was changed."""
        return await offer_repository(self._house, path)

    async def withdraw_repository(self, repository: Repository) -> bool:
        """Offer it no more; its tasks stay."""
        return await withdraw_repository(self._house, repository)

    async def offered_repositories(self) -> Sequence[Repository]:
        """Those that a team may ask for, by name."""
        return await self._house.repositories.offered()

    async def catalogs(self) -> Sequence[Offered]:
        """The same, with what each says of itself."""
        return await offered(self._house)

    async def tally(self) -> Tally:
        """How all tasks that are kept ended."""
        return tally(await self._house.tasks.find(Listing(limit=ALL)), await self._house.runs.all_attempts())

    async def kept(self, task_id: str) -> Kept:
        """Everything that is kept of the task, also while it runs; its blobs by their keys.

        Raises:
            NotFound: there is none, or there are several.
        """
        return await kept_of(self._house, self._keeper.holdings, task_id)

    async def find(self, listing: Listing) -> Sequence[Task]:
        """The newest first."""
        return await self._house.tasks.find(listing)

    async def counts(self) -> Mapping[tuple[Status, OutcomeName | None], int]:
        """How many tasks there are of each kind."""
        return await self._house.tasks.counts()

    async def tasks(self, limit: int = 50) -> Sequence[Task]:
        """The newest first."""
        return await self._house.tasks.find(Listing(limit=limit))

    async def task(self, task_id: str) -> Task:
        """By its id, or its beginning.

        Raises:
            NotFound: there is none, or there are several.
        """
        return await self._house.tasks.task(task_id)

    async def diff(self, blob: str) -> bytes:
        """A kept diff.

        Raises:
            NotFound: it is not kept (any more).
        """
        return await self._house.blobs.get(blob)

    async def pull_requests(self) -> Sequence[PullRequest]:
        """All of the built-in forge, newest first."""
        found = await self._house.forge.pull_requests()
        return sorted(found, key=lambda one: one.number, reverse=True)

    async def repository_name(self, pull_request: PullRequest) -> str:
        """Whose it is; empty where the task that made it was deleted."""
        try:
            return (await self._house.tasks.task(pull_request.task_id)).repository.name
        except NotFound:
            return ""

    async def pull_request(self, number: int) -> PullRequest:
        """Raises:
        ForgeNotFound: there is none of this number.
        """
        return await self._house.forge.pull_request(number)

    async def pull_request_diff(self, number: int) -> bytes:
        """The diff that a merge would bring."""
        return await self._house.forge.diff(await self._house.forge.pull_request(number))

    async def merge(self, number: int, *, sentence: str | None = None) -> MergeResult:
        """Merge exactly what was verified; the sentence is needed, and kept, where it was not."""
        merged = await self.delivery.merge_here(number, sentence or "")
        await self.delivery.deploying.finish_here()
        return merged

    async def close_pull_request(self, number: int) -> PullRequest:
        """Close without merging; the branch stays."""
        return await close_pull_request(self._house, number)

    async def plan_housekeeping(self) -> Plan:
        """What housekeeping would delete, and what it would keep."""
        return await self._keeper.plan()

    async def keep_house(self, plan: Plan, tell: Callable[[Removal], None]) -> Swept:
        """Carry the plan out; `tell` hears of each deletion."""
        return await self._keeper.sweep(plan, tell)

    async def delete_task(self, task_id: str, *, close: bool) -> Deletion:
        """Every word, file and private commit of an ended task; `close` closes its open pull request for it.

        Raises:
            UsageError: it has not ended, or has an open pull request; nothing was deleted.
        """
        task = await self._house.tasks.task(task_id)
        return await delete_task(self._house, self._keeper.holdings, self._keeper.records, task, close=close)

    async def backup(self, into: BinaryIO) -> Contents:
        """Everything that cannot be made again, as one archive. Nothing may run meanwhile."""
        async with audited(self._house.audit, "backup", who=AT_THE_MACHINE, subject=INSTALLATION):
            return await asyncio.to_thread(write_archive, self._house.home, into)

    async def note_reached(self, nonce: str, host: str) -> bool:
        """Somebody opened a link of `honk doctor --phone`; False for one that nobody waits for."""
        return await asyncio.to_thread(note_reached, self._house.home, nonce, host)

    async def unready(self) -> tuple[str, ...]:
        """Why work cannot be taken in and done just now, a sentence each."""
        return await unready(self._house, self._engine)

    @property
    def is_frozen(self) -> bool:
        """Whether outward acts refuse, as after a restore."""
        return is_frozen(self._house.home)

    async def differences(self) -> tuple[str, ...]:
        """What exists outside and is not as it is remembered here, a sentence each."""
        return await differences(self._house)

    async def thaw(self) -> None:
        """Let outward acts through again; whoever calls has heard of the differences."""
        await thaw(self._house, self._engine)

    async def verify(
        self, path: Path, *, worktree: bool, plan_only: bool, tell: Callable[[str], None] = lambda stage: None
    ) -> VerifyResult:
        """The gate alone, on the commit that is checked out, or on the work tree as it is; `tell` hears the stages."""
        return await verify_checkout(self._house, path, worktree=worktree, plan_only=plan_only, tell=tell)
