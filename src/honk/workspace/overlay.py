"""Workspaces as overlays: a sandbox's own upper layer over what the set-up left, over a template that all share."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import BinaryIO

from honk.base.clock import monotonic_seconds
from honk.base.ids import new_id
from honk.domain.change import Change
from honk.domain.task import Repository
from honk.gateway import Gateway
from honk.sandbox import Ceilings, Mount, Sandbox, SandboxBackend, SandboxBusy, SandboxSpec
from honk.sandbox.state import remove_state
from honk.workspace import CommitMessage, Environment, Give, Server, Source, Template, WorkspaceError, scripts
from honk.workspace.collect import Collector, PutBlob
from honk.workspace.environment import EnvironmentBuilder, leftovers_of, recipe_key
from honk.workspace.handover import change_mount
from honk.workspace.locks import checked_name
from honk.workspace.mirror import mirror_of
from honk.workspace.mirror_tree import MirrorTree, MirrorTrees
from honk.workspace.serving import start_servers
from honk.workspace.template import template_of

APPLY_SECONDS = 300.0
ROOMS = "rooms"
"""Where clean rooms stand, below the home."""
BUSY_SECONDS = 5.0
"""How long a workspace whose sandbox has just died may be busy with dying."""
_BUSY_LOOK_SECONDS = 0.02


@dataclass(frozen=True, slots=True)
class OverlayWorkspace:
    """Implements `Workspace`."""

    sandbox: Sandbox
    collector: Collector

    async def collect(self, message: CommitMessage) -> Change | None:
        return await self.collector.collect(self.sandbox, message)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Opening:
    """What a sandbox of a workspace is opened with."""

    template: Template
    environment: Environment
    place: Path
    name: str
    servers: Sequence[Server]
    ports: tuple[int, ...] = ()
    mounts: tuple[Mount, ...] = ()
    env: Mapping[str, str] = field(default_factory=dict)
    ceilings: Ceilings = field(default_factory=Ceilings)


async def _put_in(workspace: OverlayWorkspace, change: Change, where: str) -> None:
    """Lay the change's tree over the base's, inside."""
    argv = scripts.apply(change.base_sha, change.head_sha)
    done = await workspace.sandbox.run(argv, cwd="/", timeout_seconds=APPLY_SECONDS)
    done.must(f"putting the change {change.head_sha[:12]} into {where}")


class OverlayWorkspaces:
    """Implements `Workspaces`, in directories below the home that nobody else writes."""

    def __init__(
        self,
        home: Path,
        source: Source,
        backend: SandboxBackend,
        gateway: Gateway,
        put_blob: PutBlob,
        setup: Mapping[str, Sequence[str]] | None = None,
    ) -> None:
        """`setup` names further set-up commands by repository location; they come from the installation's owner."""
        self._home = home
        self._source = source
        self._backend = backend
        self._put_blob = put_blob
        self._trees = MirrorTrees(home)
        self._environments = EnvironmentBuilder(home, self._trees, backend, gateway, put_blob, setup or {})

    async def template(self, repository: Repository, base_sha: str) -> Template:
        mirror = mirror_of(self._home, repository)
        await mirror.fetch(self._source, Path(repository.location), base_sha)
        return await template_of(self._home, repository, mirror, base_sha)

    def tree(self, repository: Repository, sha: str) -> MirrorTree:
        return self._trees.tree(repository, sha)

    def mirror(self, repository: Repository) -> Path:
        return mirror_of(self._home, repository).work.git_dir

    async def environment(self, template: Template, change: Change | None = None) -> Environment:
        return await self._environments.environment(template, change)

    def open(
        self,
        template: Template,
        environment: Environment,
        *,
        name: str,
        ports: tuple[int, ...] = (),
        mounts: tuple[Mount, ...] = (),
        env: Mapping[str, str] | None = None,
        ceilings: Ceilings | None = None,
        has_servers: bool = True,
        start: Change | None = None,
    ) -> AbstractAsyncContextManager[OverlayWorkspace]:
        place = self._home / "workspaces" / checked_name(name)
        opening = _Opening(
            template=template,
            environment=environment,
            place=place,
            name=name,
            servers=environment.servers if has_servers else (),
            ports=ports,
            mounts=mounts,
            env=env or {},
            ceilings=ceilings or Ceilings(),
        )
        return self._open(opening) if start is None else self._open_at(start, opening)

    @asynccontextmanager
    async def _open_at(self, start: Change, opening: _Opening) -> AsyncIterator[OverlayWorkspace]:
        """The change is put in once, before anybody was in there: what an agent did since is not undone."""
        note = opening.place / "begun-with"
        async with self._open(await self._shown(start, opening)) as workspace:
            if not note.exists():
                await _put_in(workspace, start, "a work tree")
                await asyncio.to_thread(note.write_text, start.head_sha)
            yield workspace

    @asynccontextmanager
    async def clean_room(
        self,
        template: Template,
        environment: Environment,
        change: Change | None,
        *,
        name: str,
        ceilings: Ceilings | None = None,
    ) -> AsyncIterator[OverlayWorkspace]:
        place = self._home / ROOMS / f"{checked_name(name)}-{new_id()}"
        # The servers are started before anything of the change is there.
        opening = _Opening(
            template=template, environment=environment, place=place, name=name, servers=environment.servers,
            ceilings=ceilings or Ceilings(),
        )  # fmt: skip
        try:
            async with self._open(opening if change is None else await self._shown(change, opening)) as workspace:
                if change is not None:
                    await _put_in(workspace, change, "a clean room")
                yield workspace
        finally:
            await asyncio.shield(remove_state(place))

    async def discard(self, name: str) -> None:
        await remove_state(self._home / "workspaces" / checked_name(name))

    async def pack(self, repository: Repository, sha: str, have: Sequence[str], into: BinaryIO) -> None:
        await mirror_of(self._home, repository).pack(sha, have, into)

    async def adopt(self, template: Template, sha: str, pack: BinaryIO) -> Change | None:
        collector = Collector(
            mirror=mirror_of(self._home, template.repository),
            base_sha=template.base_sha,
            name=sha,
            state=Path(template.repository.location),
            leftovers=b"",
            put_blob=self._put_blob,
        )
        return await collector.adopt(sha, pack)

    async def merged(
        self, repository: Repository, base_sha: str, head_sha: str, give: Give, message: CommitMessage
    ) -> Change | None:
        mirror = mirror_of(self._home, repository)
        await mirror.take_in(base_sha, give, Path(repository.location))
        collector = Collector(
            mirror=mirror,
            base_sha=base_sha,
            name=f"merged-{head_sha}",
            state=Path(repository.location),
            leftovers=b"",
            put_blob=self._put_blob,
        )
        return await collector.merged(head_sha, message)

    async def _shown(self, change: Change, opening: _Opening) -> _Opening:
        """The same, with the change's objects to be seen in it."""
        shown = await change_mount(mirror_of(self._home, opening.template.repository), change, opening.place)
        return replace(opening, mounts=(*opening.mounts, shown))

    @asynccontextmanager
    async def _open(self, opening: _Opening) -> AsyncIterator[OverlayWorkspace]:
        template, environment, place = opening.template, opening.environment, opening.place
        state = place / "state"
        origin = f"{self._backend.name}\n{template.checkout}\n{recipe_key(environment)}\n"
        origin += "".join(f"{server.place}\n" for server in environment.servers)
        await asyncio.to_thread(_claim, place, origin)
        base = Mount(source=template.git_dir, target=scripts.BASE_GIT)
        spec = SandboxSpec(
            name=opening.name,
            layers=(*environment.layers, template.checkout),
            state=state,
            mounts=(base, *environment.mounts, *opening.mounts),
            env={**environment.env, **opening.env},
            path=environment.path,
            ports=opening.ports,
            ceilings=opening.ceilings,
        )
        collector = Collector(
            mirror=mirror_of(self._home, template.repository),
            base_sha=template.base_sha,
            name=opening.name,
            state=state,
            leftovers=await asyncio.to_thread(leftovers_of, self._home, environment),
            put_blob=self._put_blob,
        )
        sandbox = await _open_soon(self._backend, spec)
        try:
            await start_servers(sandbox, opening.servers)
            yield OverlayWorkspace(sandbox, collector)
        finally:
            await asyncio.shield(sandbox.close())


async def _open_soon(backend: SandboxBackend, spec: SandboxSpec) -> Sandbox:
    """The sandbox; a state that is busy is so only while what was killed in it dies, for its names are used once."""
    give_up_at = monotonic_seconds() + BUSY_SECONDS
    while True:
        try:
            return await backend.open(spec)
        except SandboxBusy:
            if monotonic_seconds() >= give_up_at:
                raise
        await asyncio.sleep(_BUSY_LOOK_SECONDS)


def _claim(place: Path, origin: str) -> None:
    """Make the workspace's directory, or see that it was made so from the same layers: an upper layer fits no others.

    Raises:
        WorkspaceError: it stands on others.
    """
    (place / "state").mkdir(parents=True, exist_ok=True)
    note = place / "origin"
    if not note.exists():
        note.write_text(origin)
    elif note.read_text() != origin:
        raise WorkspaceError(
            f"The workspace {place.name} was made of another base or environment, or in another kind of sandbox; its "
            f"files stay in {place}. "
            "Discard it, or name the new one differently."
        )
