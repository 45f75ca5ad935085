"""A base that moved after a change was verified: the two merged are verified again, exactly as they would be merged."""

from collections.abc import Sequence
from pathlib import Path
from typing import BinaryIO

from honk.base.errors import HonkError
from honk.domain.change import Change, PullRequest
from honk.domain.shipment import Proof
from honk.forge import Exporting
from honk.workflows.approving import Sight
from honk.workflows.attempt import Ground
from honk.workflows.examine import examine
from honk.workflows.house import House
from honk.workflows.identity import collected_message
from honk.workflows.record import Record


async def follow_base(house: House, sight: Sight) -> None:
    """On the built-in forge the base is the person's own branch, which they commit to beside us: it goes along with
    that, where nothing is lost. What keeps it from that is no reason not to merge."""
    if not isinstance(house.forge, Exporting):
        return
    repository, branch = sight.task.repository, sight.pull_request.base_branch
    try:
        facts = await house.source.describe(Path(repository.location), branch)
        if facts.base_sha != await house.forge.tip(repository, branch):
            await house.workspaces.template(repository, facts.base_sha)
            mirror = house.workspaces.mirror(repository)
            await house.forge.follow(repository, mirror, branch, facts.base_sha)
    except HonkError:
        return


async def proved(house: House, sight: Sight, name: str) -> tuple[Proof | None, str]:
    """What the gate says of the change over the base as it is now; or why there is nothing to look at."""
    pull_request = sight.pull_request
    tip = await house.forge.tip(sight.task.repository, pull_request.base_branch)
    if tip is None:
        return None, f"Branch {pull_request.base_branch} is gone from {house.forge.name}; nothing was merged."
    merged = await _merged(house, sight, tip)
    if merged is None:
        return None, _conflict(pull_request)
    record = await Record.load(house, sight.run.run_id)
    examination = await examine(house, await _ground_at(house, sight, tip), merged, name, record.brief)
    return Proof(base_sha=tip, tree_sha=merged.tree_sha, examination=examination), ""


async def _merged(house: House, sight: Sight, tip: str) -> Change | None:
    repository, brief = sight.task.repository, await house.tasks.brief(sight.task.task_id)

    async def give(have: Sequence[str], pack: BinaryIO) -> None:
        forge = house.forge
        assert isinstance(forge, Exporting)  # one that is elsewhere is fetched from by its own adapter
        await forge.pack(repository, tip, have, pack)

    message = collected_message(house, sight.task, brief)
    return await house.workspaces.merged(repository, tip, sight.look.head_sha, give, message)


async def _ground_at(house: House, sight: Sight, base_sha: str) -> Ground:
    """Template, environment and plan of that base."""
    repository = sight.task.repository
    template = await house.workspaces.template(repository, base_sha)
    environment = await house.workspaces.environment(template)
    plan = await house.gate.plan(house.workspaces.tree(repository, base_sha), environment)
    return Ground(
        template=template, environment=environment, plan=plan, guidance="", start=None, start_environment=None
    )


def _conflict(pull_request: PullRequest) -> str:
    return (
        f"{pull_request.base_branch} moved, and pull request {pull_request.number} conflicts with it. Nothing was "
        "merged. Say in the task that it shall be brought up to date, or begin it again from the newest base."
    )
