"""Deterministic checks of a change: does it lint, build, and pass its tests, where the agent cannot reach?"""

from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Protocol

from honk.domain.change import Change
from honk.domain.evidence import Examination
from honk.domain.task import Brief
from honk.sandbox import Sandbox
from honk.workspace import Environment, Tree


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """One verifier of a plan."""

    name: str
    """"pytest", "unittest", "ruff", "mypy", "make test", or the name given in `.honk.toml`."""
    argv: tuple[str, ...]
    chosen_by: str
    is_required: bool
    runner: str | None = None
    """Whose machine-readable results are read: "pytest", "jest", "go test"; None where only the exit code speaks."""
    timeout_seconds: float = 900.0
    prepare: tuple[str, ...] = ()
    """Shell lines before each run, of the base or of ours: what builds, what warms a cache. A failure is the run's."""
    guarded: tuple[str, ...] = ()
    """Further files that decide how it checks, put back to the base's: what a configuration loads."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What to run, decided from the files of the base commit alone."""

    commands: tuple[Command, ...]
    missing: tuple[str, ...] = ()
    """What would be needed and is not there: toolchains, packages. Each makes the run unverified, by name."""
    unrun: tuple[str, ...] = ()
    """Checks that the repository declares and that are not run here: told, and in nobody's way."""
    base_sha: str = ""
    environment_key: str = ""
    """Key of the environment that it was made for: results on a base are remembered under both."""


Rooms = Callable[[Change | None], AbstractAsyncContextManager[Sandbox]]
"""Opens a fresh clean room on the change's tree, or on the base's for None."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BaseRuns:
    """Where results of runs on a base are remembered, as JSON text by key."""

    load: Callable[[str], Awaitable[str | None]]
    save: Callable[[str, str], Awaitable[None]]


class Gate(Protocol):
    """The verdict that counts, and the help that the agent gets on the way."""

    async def plan(self, base: Tree, environment: Environment) -> Plan:
        """What to run for this repository. Pure in the base's files and the environment's problems."""
        ...

    async def prepare(self, plan: Plan, base: Tree, rooms: Rooms) -> None:
        """Run what the plan runs on the base and remember it, so that nobody waits for it later. Known: nothing.

        Raises:
            SandboxError: a room broke; what was not remembered is run when it is needed.
        """
        ...

    async def check(self, plan: Plan, sandbox: Sandbox) -> Examination:
        """A quick look in the agent's own sandbox: help for the agent, never evidence."""
        ...

    async def examine(
        self, plan: Plan, base: Tree, head: Tree, change: Change, rooms: Rooms, brief: Brief | None = None
    ) -> Examination:
        """The verdict: fresh rooms, the base's check configuration, exit codes and test ids. Never raises for what the
        change does. With the brief, the rules tell a removal that was asked for from one that was not.

        Raises:
            SandboxError: the room itself broke; trying again may help.
        """
        ...
