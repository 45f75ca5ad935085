"""The outward acts of a finished run, each a step that may be done twice and happens once."""

import tempfile
from pathlib import Path

from honk.base.ids import slug
from honk.domain.change import Change, PullRequest
from honk.domain.decide import is_draft
from honk.domain.evidence import Examination
from honk.domain.pull_request_text import pull_request_body
from honk.domain.task import subject_of
from honk.engine import Steps
from honk.forge import Proposal
from honk.workflows.frost import refuse_frozen
from honk.workflows.house import House
from honk.workflows.record import Record


def branch_of(task_id: str, prompt: str) -> str:
    """`honk/<task>-<slug>`: the same for the same task, whoever asks."""
    return f"honk/{task_id}-{slug(subject_of(prompt))}"


async def publish(house: House, step: Steps, record: Record, change: Change) -> PullRequest:
    """Push to the forge, give the person the branch, open the pull request."""
    task = record.task
    branch = branch_of(task.task_id, task.prompt)
    mirror = house.workspaces.mirror(task.repository)

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
        return await house.forge.open_pull_request(task.repository, _proposal(record, change, branch))

    await step("push", None, push)
    await step("branch", None, give_branch)
    return await step("pull request", PullRequest, propose)


def _proposal(record: Record, change: Change, branch: str) -> Proposal:
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
        ),
        branch=branch,
        base_branch=task.base_branch,
        base_sha=change.base_sha,
        head_sha=change.head_sha,
        is_draft=is_draft(examination),
    )
