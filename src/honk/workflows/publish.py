"""The outward acts of a finished run, each a step that may be done twice and happens once."""

import asyncio
import tempfile
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, replace
from pathlib import Path

from honk.base.ids import slug
from honk.domain.audit import HONK, Json
from honk.domain.change import Change, PullRequest
from honk.domain.decide import is_draft
from honk.domain.evidence import Examination
from honk.domain.owners import PLACES, owners_of, parse
from honk.domain.provenance import Share
from honk.domain.pull_request_text import preview_section, pull_request_body
from honk.domain.task import Task, subject_of
from honk.engine import Steps
from honk.forge import ForgeConflict, Proposal
from honk.workflows.audited import audited
from honk.workflows.catalog import read_catalog
from honk.workflows.frost import refuse_frozen
from honk.workflows.house import House
from honk.workflows.identity import sealed_message
from honk.workflows.preview_ground import preview_kind
from honk.workflows.provenance import shares_in
from honk.workflows.record import Record
from honk.workspace.committing import seal

MAX_OWNERS_BYTES = 3 << 20
"""As GitHub has it; a larger file is no CODEOWNERS."""


def branch_of(task_id: str, prompt: str) -> str:
    """`honk/<task>-<slug>`: the same for the same task, whoever asks."""
    return f"honk/{task_id}-{slug(subject_of(prompt))}"


async def publish(house: House, step: Steps, record: Record, collected: Change) -> PullRequest:
    """Seal what was verified, push it to the forge, give the person the branch, open the pull request: or, where the
    task goes on with an open one, bring that one up to date, if nobody moved it."""
    onward = await _gone_on_with(house, record)
    shares = await shares_in(house, record.task, record.run, collected)
    change = await _sealed(house, step, record, collected, onward, shares)
    await record.ships(change)
    await record.journal.provenance(shares)
    acts = _Acts(house, record, change, onward, shares)
    await step("push", None, acts.push)
    await step("branch", None, acts.give_branch)
    return await step("pull request", PullRequest, acts.propose)


async def finish_push(house: House, record: Record) -> PullRequest | None:
    """The open pull request that a stopped run had pushed its commit onto: that is out, so it is told there what was
    verified, and the person has the branch. None where nothing was pushed."""
    onward, change = await _gone_on_with(house, record), record.run.change
    if onward is None or change is None or change.parent_sha is None:
        return None
    if onward.head_sha == change.head_sha:
        return onward
    acts = _Acts(house, record, change, onward, await shares_in(house, record.task, record.run, change))
    try:
        updated = await acts.propose()
    except ForgeConflict:  # the branch is where it was
        return None
    await acts.give_branch()
    return updated


async def _gone_on_with(house: House, record: Record) -> PullRequest | None:
    taken_up = record.run.takes_up
    if taken_up is None or taken_up.pull_request is None:
        return None
    return await house.forge.pull_request(taken_up.pull_request)


async def _sealed(
    house: House,
    step: Steps,
    record: Record,
    collected: Change,
    onward: PullRequest | None,
    shares: tuple[Share, ...],
) -> Change:
    """Over the base; over what was published before, where the pull request is open already."""
    taken_up = record.run.takes_up
    if onward is not None and taken_up is not None:
        collected = replace(collected, parent_sha=taken_up.change.head_sha)
    mirror = house.workspaces.mirror(record.task.repository)

    async def seal_change() -> Change:
        run = record.run
        examination = run.examination or Examination()
        message = await sealed_message(house, record.task, record.brief, examination, run.verdict, shares)
        return await seal(mirror, run.run_id, collected, message, house.signer)

    return await step("seal", Change, seal_change)


@dataclass(frozen=True, slots=True)
class _Acts:
    """What is done outside, once, however often it is done."""

    house: House
    record: Record
    change: Change
    onward: PullRequest | None
    shares: tuple[Share, ...]

    @property
    def branch(self) -> str:
        return self.onward.branch if self.onward else branch_of(self.record.task.task_id, self.record.task.prompt)

    def audited(self, act: str) -> AbstractAsyncContextManager[dict[str, Json]]:
        """By Honk, for whoever asked. The branch's name is made of the request's words, so the log has it not."""
        task, change = self.record.task, self.change
        body = {
            "for": task.person_id,
            "repository": task.repository.repository_id,
            "base_sha": change.base_sha,
            "head_sha": change.head_sha,
            "tree_sha": change.tree_sha,
            "pull_request": self.onward.number if self.onward else None,
        }
        hides = (self.branch, subject_of(task.prompt))
        return audited(self.house.audit, act, who=HONK, subject=f"task:{task.task_id}", body=body, hides=hides)

    async def push(self) -> None:
        house, repository = self.house, self.record.task.repository
        mirror = house.workspaces.mirror(repository)
        async with self.audited("push"):
            refuse_frozen(house.home)
            if self.onward is not None:
                await self._refuse_ended(self.onward.number)
            await house.forge.push(repository, mirror, self.branch, self.change.head_sha, expect=self.change.parent_sha)

    async def _refuse_ended(self, number: int) -> None:
        """Raises ForgeConflict."""
        state = (await self.house.forge.pull_request(number)).state
        if state != "open":
            raise ForgeConflict(
                f"Pull request {number} was {state} meanwhile. Nothing was pushed; the new work is kept as commit "
                f"{self.change.head_sha[:12]}. Say again what is to change, and it begins from the newest base."
            )

    async def give_branch(self) -> None:
        async with self.audited("give branch"):
            refuse_frozen(self.house.home)
            await self._give_branch()

    async def _give_branch(self) -> None:
        house, change, root = self.house, self.change, Path(self.record.task.repository.location)
        known = [sha for sha in (change.base_sha, change.parent_sha) if sha is not None]
        with tempfile.TemporaryFile(dir=house.home) as pack:
            await house.workspaces.pack(self.record.task.repository, change.head_sha, known, pack)
            pack.seek(0)
            if change.parent_sha is None:
                await house.source.import_branch(root, self.branch, change.head_sha, pack)
                return
            moved = await house.source.advance(root, self.branch, change.parent_sha, change.head_sha, pack)
            if not moved.has_moved:
                await self.record.journal.note(moved.advice)

    async def propose(self) -> PullRequest:
        house, repository = self.house, self.record.task.repository
        async with self.audited("open pull request" if self.onward is None else "update pull request") as found:
            refuse_frozen(house.home)
            reviewers = await reviewers_of(house, self.record.task, self.change)
            proposal = _proposal(self.record, self.change, self.branch, reviewers, self.shares)
            shown = preview_section(self.record.task, await preview_kind(house, self.record.task, self.change))
            proposal = replace(proposal, body=proposal.body + shown)
            if self.onward is None:
                opened = await house.forge.open_pull_request(repository, proposal)
            else:
                opened = await house.forge.update_pull_request(self.onward, proposal)
            found["pull_request"] = opened.number
        return opened


async def reviewers_of(house: House, task: Task, change: Change) -> tuple[str, ...]:
    """The owners of what changed, by the base's own CODEOWNERS; without one, by its catalog. A change cannot choose who
    looks at it."""
    base = house.workspaces.tree(task.repository, change.base_sha)
    for place in PLACES:
        if (content := await base.read(place, MAX_OWNERS_BYTES)) is not None:
            rules = parse(content.decode("utf-8", "replace"))
            paths = [path for file in change.files for path in (file.path, file.old_path) if path is not None]
            return await asyncio.to_thread(owners_of, rules, paths)
    return (await read_catalog(house, task.repository, base)).owners


def _proposal(
    record: Record, change: Change, branch: str, reviewers: tuple[str, ...], shares: tuple[Share, ...]
) -> Proposal:
    task, run = record.task, record.run
    examination = run.examination or Examination()
    return Proposal(
        key=run.run_id,
        task_id=task.task_id,
        title=subject_of(task.prompt),
        body=pull_request_body(
            task=task,
            brief=record.brief,
            change=change,
            examination=examination,
            verdict=run.verdict,
            attempts=run.attempts,
            spent=run.spent,
            reviewers=reviewers,
            environment=record.environment,
            shares=shares,
        ),
        branch=branch,
        base_branch=task.base_branch,
        base_sha=change.base_sha,
        head_sha=change.head_sha,
        is_draft=is_draft(examination),
        reviewers=reviewers,
    )
