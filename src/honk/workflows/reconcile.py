"""After a restore: what exists outside and is not as the state folder remembers it; and the thaw."""

from dataclasses import replace
from pathlib import Path

from honk.base.clock import now
from honk.base.errors import HonkError
from honk.domain.audit import AT_THE_MACHINE
from honk.domain.change import PullRequest
from honk.domain.deployment import Deployment, DeploymentState, Undo, UndoState
from honk.domain.listing import ALL, Listing
from honk.domain.standing import INSTALLATION
from honk.domain.task import Outcome, OutcomeName, Status, Task
from honk.engine import Engine
from honk.store import NotFound
from honk.workflows.audited import audited
from honk.workflows.delivering import end
from honk.workflows.deploying import fact_of
from honk.workflows.frost import melt
from honk.workflows.house import House
from honk.workflows.record import Record
from honk.workspace import SourceError

RESTORED = (
    "The task was under way when the backup was made from which this state was restored. The agent's files are in no "
    "backup, so it cannot go on. Ask for it again."
)


AGAIN = "This state was restored from a backup: whoever still wants it says yes again."
UNKNOWN = (
    "It was under way when the backup was made from which this state was restored: what it came to since is not known, "
    "and it is not run again. Look at production yourself."
)


async def differences(house: House) -> tuple[str, ...]:
    """A sentence for each: pull requests and their branches against people's repositories, and tasks that cannot go on.

    Nothing is changed by looking. Branches that are outside and in no row are not seen: their names are unknown here.
    """
    told: list[str] = []
    for pull_request in await house.forge.pull_requests():
        try:
            task = await house.tasks.task(pull_request.task_id)
        except NotFound:
            continue
        told += await _of_pull_request(house, task, pull_request)
    for one in await house.deployments.unended():
        told.append(f"#{one.number}: what {_what(one)} came to after the backup is not known. It is not run again.")
    for wish in await house.shipments.live():
        told.append(f"#{wish.number}: a merge that {wish.person.name} wanted was {wish.state}. It is wanted no more.")
    for task in await _unfinished(house):
        told.append(f"Task {task.task_id} was under way: it will end as failed, since its files are in no backup.")
    return tuple(told)


async def thaw(house: House, engine: Engine) -> None:
    """End what cannot go on, then let outward acts through. Done again after a crash, it finishes what is left."""
    async with audited(house.audit, "thaw", who=AT_THE_MACHINE, subject=INSTALLATION):
        await _thaw(house, engine)


async def _thaw(house: House, engine: Engine) -> None:
    if unfinished := await _unfinished(house):
        await engine.start()
        for task in unfinished:
            run = await house.runs.latest_run(task.task_id)
            if await engine.status(run.workflow_id) is not None:
                await engine.cancel(run.workflow_id)
            record = await Record.load(house, run.run_id)
            await record.finish(Outcome(name=OutcomeName.FAILED, reason=RESTORED))
    for one in await house.deployments.unended():
        await _leave(house, one)
    for wish in await house.shipments.live():
        await end(house, wish, AGAIN, "disarmed")
    melt(house.home)


async def _leave(house: House, one: Deployment | Undo) -> None:
    """What was under way then may have been done since: nobody may do it twice."""
    if isinstance(one, Deployment):
        ended = replace(one, state=DeploymentState.INTERRUPTED, ended_at=now(), reason=UNKNOWN)
        await house.deployments.turn(one, ended, (fact_of(ended, UNKNOWN),))
    elif isinstance(one, Undo):
        await house.deployments.turn(one, replace(one, state=UndoState.NEEDS_HUMAN, ended_at=now(), reason=UNKNOWN))


def _what(one: Deployment | Undo) -> str:
    return "its deployment" if isinstance(one, Deployment) else "its undo"


async def _unfinished(house: House) -> list[Task]:
    tasks = await house.tasks.find(Listing(limit=ALL))
    return [task for task in tasks if task.status is not Status.FINISHED]


async def _of_pull_request(house: House, task: Task, pull_request: PullRequest) -> list[str]:
    number, where = pull_request.number, Path(task.repository.location)
    told = []
    if pull_request.state == "open":
        base = await _commit_at(house, where, pull_request.base_branch)
        if base != pull_request.base_sha:
            told.append(
                f"#{number} is open here on {_short(pull_request.base_sha)}, and {pull_request.base_branch} in {where} "
                f"is {_at(base)}: it may have been merged after the backup. Look before you merge it."
            )
        head = await _commit_at(house, where, pull_request.branch)
        if head != pull_request.head_sha:
            told.append(
                f"#{number}: its branch {pull_request.branch} in {where} is {_at(head)}; here it is at "
                f"{_short(pull_request.head_sha)}."
            )
    if pull_request.merged_sha and await _commit_at(house, where, pull_request.merged_sha) is None:
        told.append(f"#{number} is merged here as {_short(pull_request.merged_sha)}, which {where} does not have.")
    try:
        await house.forge.diff(pull_request)
    except HonkError as error:
        told.append(f"#{number}: the forge does not have its commits: {error}")
    return told


async def _commit_at(house: House, where: Path, name: str) -> str | None:
    try:
        return (await house.source.describe(where, name)).base_sha
    except SourceError:
        return None


def _at(sha: str | None) -> str:
    return "gone" if sha is None else f"at {_short(sha)}"


def _short(sha: str) -> str:
    return sha[:12]
