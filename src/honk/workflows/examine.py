"""What every attempt stands on, and how its change is looked at: by the gate, then by the judge."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import replace

from honk import __version__
from honk.base.errors import HonkError
from honk.base.ids import new_id
from honk.domain.change import Change
from honk.domain.evidence import Examination, Verdict
from honk.domain.health import EnvironmentHealth
from honk.domain.task import Brief
from honk.sandbox import Sandbox, SandboxLost
from honk.verifier import Plan, Rooms
from honk.workflows.attempt import Ground
from honk.workflows.catalog import read_catalog
from honk.workflows.house import House
from honk.workflows.identity import refuse_unsigned
from honk.workflows.record import Record
from honk.workspace import Environment, ServerFailed, Tree

GATE = f"honk {__version__}"
GUIDANCE_FILES = ("AGENTS.md", "CLAUDE.md")
ROOM_TRIES = 2
"""A clean room that dies under a verifier says nothing about the change: it is made once more."""


async def lay_ground(house: House, record: Record) -> Ground:
    """Template, environment and plan, all of the base commit. Cached: done again it costs next to nothing."""
    task, journal = record.task, record.journal
    async with journal.stage("workspace"):
        template = await house.workspaces.template(task.repository, task.base_sha)
    async with journal.stage("environment"):
        environment = await house.workspaces.environment(template)
    await journal.environment(health_of(environment))
    for problem in environment.problems:
        await journal.warning(problem)
    base = house.workspaces.tree(task.repository, task.base_sha)
    await refuse_unsigned(house, base)
    await read_catalog(house, task.repository, base)
    plan = await house.gate.plan(base, environment)
    taken_up = record.run.takes_up
    start = None if taken_up is None else taken_up.given or taken_up.change
    return Ground(
        template=template,
        environment=environment,
        plan=plan,
        guidance=await read_guidance(base),
        start=start,
        start_environment=await house.workspaces.environment(template, start) if start else None,
    )


def health_of(environment: Environment) -> EnvironmentHealth:
    """What the environment is made of and what it lacks, to be told and kept."""
    return EnvironmentHealth(
        parts=environment.parts,
        services=tuple(f"{server.name} {server.version}" for server in environment.servers),
        packages=environment.packages,
        missing=environment.problems,
        hints=environment.hints,
        is_reused=environment.is_cached,
        seconds=environment.seconds,
    )


async def read_guidance(base: Tree) -> str:
    """What the repository tells agents, from the base commit alone. What only points to the other file is left out."""
    told = await base.read_all(GUIDANCE_FILES)
    texts = [told[path].decode("utf-8", "replace").strip() for path in GUIDANCE_FILES if told.get(path)]
    return "\n\n".join(text for text in dict.fromkeys(texts) if text not in ("@AGENTS.md", "AGENTS.md"))


@asynccontextmanager
async def base_beside(house: House, ground: Ground, name: str) -> AsyncIterator[None]:
    """Run the base's checks while the agent works. What breaks here is run again, and told, where it is needed."""

    async def run() -> None:
        with suppress(HonkError):
            base = house.workspaces.tree(ground.template.repository, ground.template.base_sha)
            await house.gate.prepare(ground.plan, base, rooms_of(house, ground, ground.environment, name))

    preparing = asyncio.create_task(run())
    try:
        yield
    finally:
        preparing.cancel()
        with suppress(asyncio.CancelledError):
            await preparing


def rooms_of(house: House, ground: Ground, changed_environment: Environment, name: str) -> Rooms:
    """Fresh rooms for the gate: the base's with the base's environment, a change's with its own."""

    @asynccontextmanager
    async def room(of: Change | None) -> AsyncIterator[Sandbox]:
        environment = ground.environment if of is None else changed_environment
        one = f"room-{name}-{new_id()}"
        async with house.workspaces.clean_room(ground.template, environment, of, name=one) as workspace:
            yield workspace.sandbox

    return room


async def examine(house: House, ground: Ground, change: Change, name: str, brief: Brief | None = None) -> Examination:
    """The verdict that counts: base and change in fresh rooms, out of the agent's reach.

    Where a server does not start beside the tests, nothing can be run: the rules speak alone, and it is unverified.

    Raises:
        SandboxError: no room could be had, twice.
    """
    repository = ground.template.repository
    base = house.workspaces.tree(repository, change.base_sha)
    head = house.workspaces.tree(repository, change.head_sha)
    rooms = rooms_of(house, ground, await house.workspaces.environment(ground.template, change), name)
    for again in range(ROOM_TRIES):
        try:
            return replace(await house.gate.examine(ground.plan, base, head, change, rooms, brief), gate=GATE)
        except SandboxLost:
            if again + 1 == ROOM_TRIES:
                raise
        except ServerFailed as failed:
            ruled = await house.gate.examine(without_rooms(ground.plan, failed), base, head, change, rooms, brief)
            return replace(ruled, gate=GATE)
    raise AssertionError("unreachable: the last try returns or raises")


def without_rooms(plan: Plan, failed: ServerFailed) -> Plan:
    """The plan with nothing to run, and why."""
    return replace(plan, commands=(), missing=(*plan.missing, str(failed)))


async def ask_judge(house: House, record: Record, change: Change) -> Verdict:
    """The judge's word on brief and diff; what it costs is part of the run's budget."""
    assert house.judge is not None
    diff = (await house.blobs.get(change.diff_blob)).decode("utf-8", "replace")
    return await house.judge.judge(record.brief, diff, run_id=record.run.run_id, budget_usd=record.run.limits.cost_usd)
