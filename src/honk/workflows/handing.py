"""A person takes a task's work into their own checkout, and gives it back to be verified and published."""

import asyncio
from dataclasses import dataclass, replace
from typing import BinaryIO

from honk.base.errors import UsageError
from honk.domain.change import Change
from honk.domain.conversation import TakenUp
from honk.domain.limits import Limits
from honk.domain.task import Brief, Task
from honk.store import Delivery
from honk.workflows.follow_up import Accept, Linked, newest_of, reply_to
from honk.workflows.house import House
from honk.workflows.journal import Journal
from honk.workflows.legs import Spoken
from honk.workflows.publish import branch_of
from honk.workspace import SourceError, WorkspaceError
from honk.workspace.committing import keep_commit


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """What a person takes with them."""

    task_id: str
    """The newest of the conversation: what is given back goes on with it."""
    branch: str
    base_branch: str
    base_sha: str
    head_sha: str | None
    """None where the agent had changed nothing yet: the branch then begins at the base."""
    brief: Brief
    pull_request: int | None = None


@dataclass(slots=True, kw_only=True)
class Handing:
    """A sub-desk of the App. Whoever calls has stopped the task."""

    house: House
    accept: Accept
    one_at_a_time: asyncio.Lock
    """That of `Talk`: work given back begins the one task that goes on, as a reply does."""

    async def take(self, task: Task) -> Taken:
        """What there is to take of an ended task. Taken again it is the same.

        Raises:
            UsageError: it has not ended.
        """
        task = await self._ended(task)
        run = await self.house.runs.latest_run(task.task_id)
        found = await self.house.board.pull_requests(task.task_id)
        taken_up = run.takes_up
        opened = found[-1].number if found else taken_up.pull_request if taken_up else None
        branch = branch_of(task.task_id, task.prompt)
        if opened is not None:
            branch = (await self.house.forge.pull_request(opened)).branch
        return Taken(
            task_id=task.task_id,
            branch=branch,
            base_branch=task.base_branch,
            base_sha=run.change.base_sha if run.change else task.base_sha,
            head_sha=run.change.head_sha if run.change else None,
            brief=await self.house.tasks.brief(task.task_id),
            pull_request=opened,
        )

    async def pack(self, task: Task, into: BinaryIO) -> None:
        """Write a pack of the work, without what the base reaches.

        Raises:
            UsageError: there is no work.
        """
        taken = await self.take(task)
        if taken.head_sha is None:
            raise UsageError(f"The agent of task {task.task_id} had changed nothing: there is nothing to hand over.")
        await self.house.workspaces.pack(task.repository, taken.head_sha, [taken.base_sha], into)

    async def give(self, task: Task, spoken: Spoken, sha: str, pack: BinaryIO, limits: Limits) -> Task:
        """The linked task that verifies a person's commits, whole from the base, and publishes them.

        Raises:
            UsageError: they differ in nothing, are not sound, or the pull request was merged or closed.
        """
        async with self.one_at_a_time:
            task = await self._ended(task)
            linked = await reply_to(self.house, task, spoken, limits)
            before = await self.house.runs.latest_run(task.task_id)
            if before.change is not None and linked.run.takes_up is None:
                raise UsageError("Its pull request was merged or closed. Nothing was taken. Ask for a new task.")
            change = await self._adopted(linked, sha, pack)
            earlier = linked.run.takes_up or TakenUp(change=change)
            if change.tree_sha == earlier.change.tree_sha and linked.run.takes_up is not None:
                raise UsageError("Your branch has the files that Honk has. Nothing was taken. Commit, then give.")
            run = replace(linked.run, takes_up=replace(earlier, given=change), limits=replace(limits, attempts=1))
            await keep_commit(self.house.workspaces.mirror(task.repository), run.run_id, sha)
            arrival = f"given-{spoken.message_id}"
            new = linked.task
            delivery = Delivery(delivery_id=arrival, door="given", received_at=new.created_at, body=new.prompt)
            await self.accept(new, linked.brief, run, delivery)
            await Journal(self.house.events, task.task_id, run.run_id).followed_by(new.task_id)
            return new

    async def _adopted(self, linked: Linked, sha: str, pack: BinaryIO) -> Change:
        base_sha = linked.run.takes_up.change.base_sha if linked.run.takes_up else linked.task.base_sha
        try:
            template = await self.house.workspaces.template(linked.task.repository, base_sha)
            change = await self.house.workspaces.adopt(template, sha, pack)
        except SourceError:
            raise
        except WorkspaceError as error:
            raise UsageError(f"Your commits cannot be taken: {error} Nothing was begun.") from error
        if change is None:
            raise UsageError("Your branch differs in nothing from the base. Nothing was taken.")
        return change

    async def _ended(self, task: Task) -> Task:
        task = await newest_of(self.house, task)
        if task.outcome is None:
            raise UsageError(f"Task {task.task_id} has not ended. Nothing was done. Take it first: that stops it.")
        return task
