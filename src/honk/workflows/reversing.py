"""Makes the task whose change takes a merged one back: examined, judged and proposed as any other."""

import tempfile
from dataclasses import dataclass, replace
from pathlib import Path

from honk.base.clock import now
from honk.base.git import Git
from honk.base.ids import new_id
from honk.domain.change import Change
from honk.domain.conversation import Restored, TakenUp
from honk.domain.deployment import Undo
from honk.domain.reversal import goal_of
from honk.domain.task import Brief, Status, Task, subject_of
from honk.forge import Exporting
from honk.store import Delivery, Run
from honk.workflows.follow_up import Accept
from honk.workflows.identity import collected_message
from honk.workflows.journal import Journal
from honk.workflows.production import Production
from honk.workspace import WorkspaceError
from honk.workspace.committing import keep_commit
from honk.workspace.reverting import revert_commit


@dataclass(frozen=True, slots=True, kw_only=True)
class Reversed:
    """What became of the wish."""

    task_id: str | None = None
    words: str = ""
    """Why there is none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reversing:
    """One act, which may be done twice."""

    production: Production
    accept: Accept

    async def reverse(self, undo: Undo) -> Reversed:
        """The linked task, begun if it is not there. What cannot be made by itself is an answer."""
        house, arrival = self.production.house, f"undo-{undo.undo_id}"
        if (known := await house.tasks.delivered(arrival)) is not None:
            return Reversed(task_id=known.task_id)
        merged = await house.tasks.task(undo.task_id)
        tip_sha = await self._tip(merged)
        for sha in (undo.merged_sha, tip_sha):
            await self.production.fetch(merged.repository, sha)
        brief = Brief(version=1, goal=goal_of(undo.number, undo.merged_sha, subject_of(merged.prompt)))
        task = _task(merged, undo, brief, tip_sha)
        try:
            change = await self._change(task, brief, undo.merged_sha)
        except WorkspaceError as error:
            return Reversed(words=str(error))
        if change is None:
            return Reversed(words=f"Nothing of it is left in {merged.base_branch}: there is nothing to take back.")
        mirror = Git(house.workspaces.mirror(merged.repository))
        restores = Restored(number=undo.number, before_sha=await mirror.line("rev-parse", f"{undo.merged_sha}^1"))
        limits = replace((await house.runs.latest_run(merged.task_id)).limits, attempts=1)
        run = Run(
            run_id=f"{task.task_id}-1",
            task_id=task.task_id,
            limits=limits,
            started_at=task.created_at,
            takes_up=TakenUp(change=change, given=change, restores=restores),
        )
        await keep_commit(house.workspaces.mirror(task.repository), run.run_id, change.head_sha)
        delivery = Delivery(delivery_id=arrival, door="undo", received_at=task.created_at, body=task.prompt)
        if not await self.accept(task, brief, run, delivery):
            known = await house.tasks.delivered(arrival)
            return Reversed(task_id=known.task_id if known else None, words="" if known else "It was deleted since.")
        before = await house.runs.latest_run(merged.task_id)
        await Journal(house.events, merged.task_id, before.run_id).followed_by(task.task_id)
        return Reversed(task_id=task.task_id)

    async def _tip(self, merged: Task) -> str:
        """Where the base stands: on the forge, where that is here, for a merge may not have come to the person yet."""
        house = self.production.house
        if isinstance(house.forge, Exporting):
            tip = await house.forge.tip(merged.repository, merged.base_branch)
            if tip is not None:
                return tip
        return (await house.source.describe(Path(merged.repository.location), merged.base_branch)).base_sha

    async def _change(self, task: Task, brief: Brief, merged_sha: str) -> Change | None:
        workspaces = self.production.house.workspaces
        template = await workspaces.template(task.repository, task.base_sha)
        mirror = workspaces.mirror(task.repository)
        message = collected_message(self.production.house, task, brief)
        sha = await revert_commit(mirror, merged_sha, task.base_sha, message)
        if sha is None:
            return None
        with tempfile.TemporaryFile(dir=self.production.house.home) as pack:
            await workspaces.pack(task.repository, sha, [task.base_sha], pack)
            pack.seek(0)
            return await workspaces.adopt(template, sha, pack)


def _task(merged: Task, undo: Undo, brief: Brief, tip_sha: str) -> Task:
    return Task(
        task_id=new_id(6),
        repository=merged.repository,
        base_branch=merged.base_branch,
        base_sha=tip_sha,
        prompt=brief.goal,
        asker=undo.who,
        agent=merged.agent,
        model=merged.model,
        created_at=now(),
        status=Status.QUEUED,
        notes=(f"It takes pull request {undo.number} back, which task {merged.task_id} brought.",),
        follows=merged.task_id,
        person_id=undo.person_id,
    )
