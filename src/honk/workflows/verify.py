"""`honk verify`: the gate alone, on any checkout, with no agent and no model."""

import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from honk.base.errors import UsageError
from honk.base.ids import new_id
from honk.domain.change import Change
from honk.domain.evidence import Examination, Verification, gate
from honk.domain.health import EnvironmentHealth
from honk.domain.task import Repository
from honk.verifier import Plan
from honk.workflows.attempt import Ground
from honk.workflows.examine import examine, health_of
from honk.workflows.house import House
from honk.workspace import RepositoryFacts, ServerFailed, Template


@dataclass(frozen=True, slots=True, kw_only=True)
class VerifyResult:
    """What the gate would say, or, with the plan only, what it would do."""

    sha: str
    plan: Plan
    environment_problems: tuple[str, ...]
    environment: EnvironmentHealth
    examination: Examination | None
    verification: Verification


async def verify_checkout(
    house: House, path: Path, *, worktree: bool, plan_only: bool, tell: Callable[[str], None]
) -> VerifyResult:
    """Verify the commit that is checked out; with `worktree`, what stands in the work tree as a change over it.

    Raises:
        SourceError: the path is no usable repository.
        UsageError: there is nothing in the work tree to verify.
    """
    facts = await house.source.describe(path, None)
    repository = Repository(repository_id=facts.repository_id, name=facts.name, location=str(facts.root))
    tell(f"reading {facts.name} at {facts.base_sha[:12]}")
    template = await house.workspaces.template(repository, facts.base_sha)
    tell("building what its tests need")
    environment = await house.workspaces.environment(template)
    plan = await house.gate.plan(house.workspaces.tree(repository, facts.base_sha), environment)
    health = health_of(environment)
    ground = Ground(template=template, environment=environment, plan=plan)
    if not plan_only and plan.commands:
        tell("running " + ", ".join(command.name for command in plan.commands))
    examination = None
    sha = facts.base_sha
    if not plan_only and worktree:
        change = await _snapshot(house, template, facts)
        sha, examination = change.head_sha, await examine(house, ground, change, f"verify-{new_id()}")
    elif not plan_only:
        name = f"verify-{new_id()}"
        try:
            async with house.workspaces.clean_room(template, environment, None, name=name) as room:
                examination = await house.gate.check(plan, room.sandbox)
        except ServerFailed as failed:
            examination = Examination(reason=str(failed))
    return VerifyResult(
        sha=sha,
        plan=plan,
        environment_problems=environment.problems,
        environment=health,
        examination=examination,
        verification=gate(examination) if examination else Verification.UNVERIFIED,
    )


async def _snapshot(house: House, template: Template, facts: RepositoryFacts) -> Change:
    """The person's work tree as a change; their repository is only read."""
    with tempfile.TemporaryFile(dir=house.home) as pack:
        sha = await house.source.snapshot(facts.root, facts.base_sha, pack)
        pack.seek(0)
        change = await house.workspaces.adopt(template, sha, pack)
    if change is None:
        raise UsageError("The work tree has no change over the commit. Leave out --worktree to verify the commit.")
    return change
