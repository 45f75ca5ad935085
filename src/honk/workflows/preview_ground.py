"""What a preview of a task is made of: its change, what the base says of previews, and rooms to run it in."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace

from honk.base.clock import now
from honk.domain.change import Change, PullRequest
from honk.domain.preview import Preview, PreviewState, PreviewTerms
from honk.domain.task import Repository, Task
from honk.preview import NotReady
from honk.preview.declared import PATH, Declared, declared
from honk.sandbox import Ceilings, Sandbox
from honk.workflows.house import House
from honk.workspace import Environment

NO_WALLS = (
    "Without a sandbox that isolates, a preview could reach everything that Honk can, so none is started. Use the "
    "bubblewrap sandbox."
)
NO_HOSTS = (
    "Previews have no host here: one is never shown on the console's own. The operator sets serve.preview_domain to a "
    "domain whose names all lead to this server."
)
PROCESSES = 512
_PICTURE_MEMORY_BYTES = 3 << 30


@dataclass(frozen=True, slots=True, kw_only=True)
class PreviewGround:
    """Of one commit."""

    task_id: str
    repository: Repository
    pull_request: PullRequest
    change: Change
    declared: Declared


async def ground_of(house: House, task_id: str) -> PreviewGround | None:
    """Of the task's published change; None where nothing is published, or the base declares no preview."""
    run = await house.runs.latest_run(task_id)
    number = run.takes_up.pull_request if run.takes_up is not None else None
    own = list(await house.board.pull_requests(task_id))
    if not own and number is not None and (older := await house.pull_requests.get(number)) is not None:
        own = [older]
    if run.change is None or not own:
        return None
    task = await house.tasks.task(task_id)
    base = house.workspaces.tree(task.repository, run.change.base_sha)
    asked = declared((await base.read(PATH) or b"").decode("utf-8", "replace"))
    if asked is None:
        return None
    newest = max(own, key=lambda one: one.number)
    return PreviewGround(
        task_id=task.task_id, repository=task.repository, pull_request=newest, change=run.change, declared=asked
    )


def new_preview(ground: PreviewGround, label: str) -> Preview:
    """A row for its commit, which was not shown yet."""
    return Preview(
        label=label,
        task_id=ground.task_id,
        number=ground.pull_request.number,
        repository_id=ground.repository.repository_id,
        head_sha=ground.change.head_sha,
        kind=ground.declared.kind,
        state=PreviewState.ASLEEP,
        created_at=now(),
    )


def why_unshown(terms: PreviewTerms, ground: PreviewGround, *, is_walled: bool, has_hosts: bool) -> str:
    """Why nothing is started, in words; empty where it may be."""
    if not terms.is_on:
        return "This installation shows no previews: its operator sets preview.is_on."
    if not is_walled:
        return NO_WALLS
    return " ".join(ground.declared.problems) if has_hosts else NO_HOSTS


async def preview_kind(house: House, task: Task, change: Change) -> str:
    """What the base declares to be shown: "server", "site", "apk"...; empty where nothing is, or not soundly."""
    base = house.workspaces.tree(task.repository, change.base_sha)
    asked = declared((await base.read(PATH) or b"").decode("utf-8", "replace"))
    return asked.kind if asked is not None and not asked.problems else ""


def ceilings_of(terms: PreviewTerms, *, has_browser: bool = False) -> Ceilings:
    """What a preview's sandbox may use; a browser beside it wants more room, and is there for a moment only."""
    memory = max(terms.memory_bytes, _PICTURE_MEMORY_BYTES) if has_browser else terms.memory_bytes
    return Ceilings(
        memory_bytes=memory,
        processes=PROCESSES,
        tmp_bytes=min(terms.disk_bytes, 512 << 20),
        disk_bytes=terms.disk_bytes,
        cpu_share=None if has_browser else terms.cpu_share,
        bounds_address_space=not has_browser,
    )


def build_ceilings(terms: PreviewTerms) -> Ceilings:
    """A build may use what the gate's checks may; it ends by itself."""
    return replace(Ceilings(), disk_bytes=max(Ceilings().disk_bytes, terms.disk_bytes))


@asynccontextmanager
async def preview_room(
    house: House, ground: PreviewGround, ceilings: Ceilings, *, is_base: bool = False
) -> AsyncIterator[Sandbox]:
    """A fresh sandbox with the change's tree, or the base's, in the environment that the gate's rooms have.

    Raises:
        NotReady: it cannot be had as it is declared.
        ServerFailed: a service did not start.
        SandboxError: no sandbox could be had.
    """
    template = await house.workspaces.template(ground.repository, ground.change.base_sha)
    change = None if is_base else ground.change
    environment = _served(await house.workspaces.environment(template, change), ground.declared)
    name = f"preview-{ground.change.head_sha[:12]}{'-base' if is_base else ''}"
    async with house.workspaces.clean_room(template, environment, change, name=name, ceilings=ceilings) as workspace:
        yield workspace.sandbox


def _served(environment: Environment, asked: Declared) -> Environment:
    """With those services alone that the preview needs."""
    if asked.services is None:
        return environment
    known = {server.name for server in environment.servers}
    if missing := [name for name in asked.services if name not in known]:
        raise NotReady(f"[preview] services names {', '.join(missing)}, which [environment] services does not have.")
    return replace(environment, servers=tuple(one for one in environment.servers if one.name in asked.services))
