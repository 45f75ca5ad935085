"""The outward acts of a finished run, each a step that may be done twice and happens once."""

import asyncio
import tempfile
from pathlib import Path

from honk.base.ids import slug
from honk.domain.change import Change, PullRequest
from honk.domain.decide import is_draft
from honk.domain.evidence import Examination
from honk.domain.owners import PLACES, owners_of, parse
from honk.domain.pull_request_text import pull_request_body
from honk.domain.task import Task, subject_of
from honk.engine import Steps
from honk.forge import Proposal
from honk.workflows.catalog import read_catalog
from honk.workflows.frost import refuse_frozen
from honk.workflows.house import House
from honk.workflows.identity import sealed_message
from honk.workflows.record import Record
from honk.workspace.committing import seal

MAX_OWNERS_BYTES = 3 << 20
"""As GitHub has it; a larger file is no CODEOWNERS."""


def branch_of(task_id: str, prompt: str) -> str:
    """`honk/<task>-<slug>`: the same for the same task, whoever asks."""
    return f"honk/{task_id}-{slug(subject_of(prompt))}"


async def publish(house: House, step: Steps, record: Record, collected: Change) -> PullRequest:
    """Seal what was verified, push it to the forge, give the person the branch, open the pull request."""
    task = record.task
    branch = branch_of(task.task_id, task.prompt)
    mirror = house.workspaces.mirror(task.repository)

    async def seal_change() -> Change:
        run = record.run
        message = await sealed_message(house, task, record.brief, run.examination or Examination(), run.verdict)
        return await seal(mirror, run.run_id, collected, message, house.signer)

    change = await step("seal", Change, seal_change)
    await record.ships(change)

    async def push() -> None:
        refuse_frozen(house.home)
        await house.forge.push(task.repository, mirror, branch, change.head_sha, expect=None)

    async def give_branch() -> None:
        refuse_frozen(house.home)
        with tempfile.TemporaryFile(dir=house.home) as pack:
            await house.workspaces.pack(task.repository, change.head_sha, [task.base_sha], pack)
            pack.seek(0)
            await house.source.import_branch(Path(task.repository.location), branch, change.head_sha, pack)

    async def propose() -> PullRequest:
        refuse_frozen(house.home)
        reviewers = await reviewers_of(house, task, change)
        return await house.forge.open_pull_request(task.repository, _proposal(record, change, branch, reviewers))

    await step("push", None, push)
    await step("branch", None, give_branch)
    return await step("pull request", PullRequest, propose)


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


def _proposal(record: Record, change: Change, branch: str, reviewers: tuple[str, ...]) -> Proposal:
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
        ),
        branch=branch,
        base_branch=task.base_branch,
        base_sha=change.base_sha,
        head_sha=change.head_sha,
        is_draft=is_draft(examination),
        reviewers=reviewers,
    )
