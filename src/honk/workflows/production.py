"""What deployments and undos both do: read what holds for a commit, run a command of it, and ask for health."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import BinaryIO, TypeVar

from honk.base.clock import monotonic_seconds, now
from honk.base.errors import HonkError
from honk.deploy import Answer, Deployer, DeployError, Errand, Furnishing, Grant, OpenRoom, Prober
from honk.deploy.declared import PATH, declared
from honk.deploy.terms import NOT_VISIBLE, Terms, migrations_among, terms_of
from honk.domain.audit import Body, Who
from honk.domain.change import Change
from honk.domain.deployment import HEALTHY_IN_A_ROW, UNASKED, Deployment, Ended, Health, Undo
from honk.domain.task import Repository
from honk.engine import Engine, StepFailed, Steps
from honk.forge import Exporting, Forge, ForgeError
from honk.sandbox import Sandbox, SandboxError
from honk.store import Enlist
from honk.store.production import Deployments
from honk.workflows.audited import audited
from honk.workflows.frost import refuse_frozen
from honk.workflows.house import House
from honk.workspace import Environment
from honk.workspace.mirror import mirror_of

ReadSecret = Callable[[str, str], Awaitable[str]]
"""From a secret's name and the reference to where it is."""
One = TypeVar("One", Deployment, Undo)
HEALTH_COMMAND_SECONDS = 60.0
UNWALLED = f"{NOT_VISIBLE}: without a sandbox its secrets would lie open to every agent of this machine."


@dataclass(frozen=True, slots=True, kw_only=True)
class Production:
    """The rooms that lead there. Decides nothing of when, or how often."""

    house: House
    engine: Engine
    deployer: Deployer
    prober: Prober
    read_secret: ReadSecret
    grants: Mapping[str, Grant] = field(default_factory=dict)
    """By the repository's name."""
    is_isolating: bool = True
    begins: frozenset[str] = frozenset({"deploy", "undo"})
    """Workflows that this process begins: an act beside a server leaves them to that one."""
    is_acted_elsewhere: Callable[[], bool] = lambda: False
    """Whether another process may be at work on what was begun."""
    pause_seconds: float = 1.0
    """Between two looks at health, at most."""

    @property
    def deployments(self) -> Deployments:
        """The rows."""
        return self.house.deployments

    def wake(self, one: Deployment | Undo) -> Enlist:
        """Enqueues its newest leg."""
        name = "deploy" if isinstance(one, Deployment) else "undo"
        if name not in self.begins:
            return lambda _connection: None
        return self.engine.enlist(name, one.workflow_id, one.workflow_id)

    async def terms(self, repository: Repository, sha: str) -> Terms:
        """What the commit declares, within what the repository was granted.

        Raises:
            WorkspaceError, ForgeError: the commit cannot be had.
        """
        await self.fetch(repository, sha)
        content = await self.house.workspaces.tree(repository, sha).read(PATH)
        wanted = None if content is None else declared(content.decode("utf-8", "replace"))
        terms = terms_of(wanted, await self._grant_of(repository))
        if terms.why_not == "" and not self.is_isolating:
            return replace(terms, why_not=UNWALLED)
        return terms

    async def migrations(self, repository: Repository, sha: str, change: Change | None) -> tuple[str, ...]:
        """What the change does to data, by the globs of the commit: a merge says before that no undo restores it."""
        tree = self.house.workspaces.tree(repository, sha)
        if change is None or (content := await tree.read(PATH)) is None:
            return ()
        paths = tuple({path: None for file in change.files for path in (file.path, file.old_path) if path is not None})
        return migrations_among(declared(content.decode("utf-8", "replace")), paths)

    async def _grant_of(self, repository: Repository) -> Grant | None:
        """By name, where no other repository that is offered has the same: else by its place alone."""
        grant = self.grants.get(repository.name)
        if grant is None or grant.location:
            return grant if grant is not None and grant.location == repository.location else None
        offered = await self.house.repositories.offered()
        alike = {one.repository_id for one in offered if one.name == repository.name} - {repository.repository_id}
        return None if alike else grant

    async def fetch(self, repository: Repository, sha: str) -> None:
        """Have the commit in our mirror: from the forge where that is here, else from where the repository lies."""
        source = _FromForge(self.house.forge, repository) if isinstance(self.house.forge, Exporting) else None
        mirror = mirror_of(self.house.home, repository)
        await mirror.fetch(source or self.house.source, Path(repository.location), sha)

    async def errand(self, name: str, terms: Terms, command: str, env: Mapping[str, str]) -> Errand:
        """The command with all that it was granted and asks for.

        Raises:
            DeployError: a secret is not to be had.
        """
        wanted, grant = terms.declared, terms.grant
        return Errand(
            name=name,
            command=command,
            timeout_seconds=limit_of(terms),
            env={**wanted.env, **({"HONK_DEPLOY_URL": grant.url} if grant.url else {}), **env},
            secrets={one: await self.read_secret(one, grant.secrets[one]) for one in wanted.secrets},
            folders=grant.folders,
            hosts=grant.hosts,
            private_hosts=grant.private_hosts,
        )

    async def run(self, errand: Errand, repository: Repository, sha: str, *, with_environment: bool) -> Ended:
        """On a clean checkout of the commit.

        Raises:
            DeployError: it was not begun.
        """
        try:
            return await self.deployer.run(errand, self._room(repository, sha, with_environment))
        except SandboxError as error:
            return Ended(exit_code=None, fault=str(error))

    async def once(self, one: One, act: str, who: Who, body: Body, run: Callable[[], Awaitable[Ended]]) -> Ended:
        """Run the row's command, and never again: that it was begun is written down before it is.

        Raises:
            DeployError: it was not begun.
            UsageError: everything was frozen meanwhile.
        """
        subject = f"pull_request:{one.number}"
        async with audited(self.house.audit, act, who=who, subject=subject, body=body) as found:
            refuse_frozen(self.house.home)
            begun = replace(one, begun_at=now())
            if not await self.deployments.turn(one, begun):
                raise DeployError("Somebody else began it.")
            try:
                ended = await run()
            except DeployError:
                await self.deployments.turn(begun, one)
                raise
            found["exit_code"] = ended.exit_code
        after = replace(begun, exit_code=ended.exit_code, seconds=ended.seconds, log_blob=ended.log_blob)
        await self.deployments.turn(begun, replace(after, ended_at=now()))
        return ended

    def _room(self, repository: Repository, sha: str, with_environment: bool) -> OpenRoom:
        @asynccontextmanager
        async def room(furnishing: Furnishing) -> AsyncIterator[Sandbox]:
            workspaces = self.house.workspaces
            try:
                async with AsyncExitStack() as stack:
                    try:
                        template = await workspaces.template(repository, sha)
                        environment = (
                            await workspaces.environment(template) if with_environment else Environment(key="")
                        )
                        await workspaces.discard(furnishing.name)
                        opening = workspaces.open(
                            template,
                            environment,
                            name=furnishing.name,
                            ports=furnishing.ports,
                            mounts=furnishing.mounts,
                            ceilings=furnishing.ceilings,
                            has_servers=False,
                        )
                        workspace = await stack.enter_async_context(opening)
                    except HonkError as error:
                        raise DeployError(f"Its sandbox could not be had: {error}") from error
                    yield workspace.sandbox
            finally:
                await asyncio.shield(workspaces.discard(furnishing.name))

        return room

    async def health(self, name: str, repository: Repository, sha: str, terms: Terms) -> Health:
        """So many good answers one after the other, in time; or what it said last."""
        wanted = terms.declared
        if not wanted.health:
            return UNASKED
        if terms.why_not:
            return Health(is_good=None, words="its health may not be asked any more")

        async def ask() -> Answer:
            if terms.health_url:
                return await self.prober.ask(terms.health_url)
            errand = await self.errand(name, terms, wanted.health_command, {"HONK_COMMIT": sha})
            short = replace(errand, timeout_seconds=min(HEALTH_COMMAND_SECONDS, errand.timeout_seconds))
            ended = await self.run(short, repository, sha, with_environment=wanted.has_environment)
            code = "no end" if ended.exit_code is None or ended.timed_out else f"exit code {ended.exit_code}"
            return Answer(is_good=ended.is_good, words=f"its health command has {code}")

        pause_seconds = min(self.pause_seconds, wanted.health_seconds / 20)
        return await until_healthy(ask, wanted.health_seconds, pause_seconds)


async def until_healthy(ask: Callable[[], Awaitable[Answer]], seconds: float, pause_seconds: float) -> Health:
    """Ask again and again; at least once."""
    give_up_at = monotonic_seconds() + seconds
    in_a_row = 0
    while True:
        answer = await ask()
        in_a_row = in_a_row + 1 if answer.is_good else 0
        if in_a_row == HEALTHY_IN_A_ROW:
            return Health(is_good=True, words=f"{answer.words}, {in_a_row} times in a row")
        if monotonic_seconds() + pause_seconds > give_up_at:
            return Health(is_good=False, words=f"{answer.words}, and was not well within {seconds:.0f} s")
        await asyncio.sleep(pause_seconds)


def known_of(one: Deployment | Undo) -> Ended:
    """Of a command that was begun before: how it ended, if that was written down."""
    if one.ended_at is None:
        return Ended(exit_code=None)
    return Ended(exit_code=one.exit_code, seconds=one.seconds, log_blob=one.log_blob)


async def ended_of(step: Steps, name: str, act: Callable[[], Awaitable[Ended | None]]) -> Ended | None:
    """The step of a command; one that broke is an end as well."""
    try:
        return await step(name, Ended, act)
    except StepFailed as error:
        return Ended(exit_code=None, fault=str(error))


async def health_of(step: Steps, act: Callable[[], Awaitable[Health]]) -> Health:
    """The step that asks for health; one that broke found none."""
    try:
        return await step("health", Health, act)
    except StepFailed as error:
        return Health(is_good=False, words=f"its health could not be asked: {error}")


def limit_of(terms: Terms) -> float:
    """The repository's own limit, within the installation's."""
    return min(terms.declared.timeout_seconds, terms.grant.timeout_seconds)


@dataclass(frozen=True, slots=True)
class _FromForge:
    """The forge's commits, for the mirror."""

    forge: Forge
    repository: Repository

    async def export(self, root: Path, sha: str, have: Sequence[str], into: BinaryIO) -> None:
        """Without what the mirror has already, where the forge knows all of that; else whole."""
        assert isinstance(self.forge, Exporting)
        try:
            await self.forge.pack(self.repository, sha, have, into)
        except ForgeError:
            into.seek(0)
            into.truncate()
            await self.forge.pack(self.repository, sha, (), into)
