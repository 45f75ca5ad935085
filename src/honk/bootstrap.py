"""Reads the configuration, names every adapter, builds the App. The only file that does."""

import asyncio
import os
import tempfile
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from datetime import datetime
from functools import partial
from pathlib import Path

from honk.agent import Agent, AgentError
from honk.agent.acp import AcpAgent
from honk.agent.acp_program import words_of
from honk.agent.claude import ClaudeAgent
from honk.agent.claude_program import version
from honk.agent.command import CommandAgent, invocation
from honk.app import App
from honk.base.censor import Censor
from honk.base.disk import free_bytes
from honk.base.errors import UsageError
from honk.base.maven_client import maven_repository
from honk.base.memory import available_bytes, cores, total_bytes
from honk.base.package_index import default_index
from honk.base.privilege import hide_memory
from honk.base.registry_clients import crates_index, go_proxy, npm_registry
from honk.base.signing import Signer
from honk.bootstrap_audit import anchor_of, anchor_place
from honk.bootstrap_delivery import delivery_of
from honk.bootstrap_keeping import housekeeper_of
from honk.bootstrap_people import people_of, ways_in_of
from honk.bootstrap_preview import previews_of
from honk.bootstrap_telemetry import tracing_of
from honk.config import ANTHROPIC_URL, AcpSettings, Settings, zone_named
from honk.domain.admission import Room, slots_of
from honk.domain.breaker import Fault, FaultKind
from honk.domain.commit_text import Identity, parse_person
from honk.domain.conversation import after_working_hours
from honk.domain.limits import Limits
from honk.engine import Engine
from honk.engine.at_once import AtOnceEngine
from honk.engine.deferred import DeferredEngine
from honk.forge.local import LocalForge
from honk.gateway import Gatekeeper, Upstream
from honk.gateway.anthropic import AnthropicGateway
from honk.gateway.package_door import PackageDoor
from honk.gateway.pricing import PRICES, Price
from honk.gateway.trial import is_answering, try_upstream
from honk.judge.claude import ClaudeJudge
from honk.judge.route import through
from honk.sandbox import SandboxBackend, SandboxUnavailable
from honk.sandbox.bubblewrap import BubblewrapBackend, bubblewrap_program
from honk.sandbox.ceilings import has_cgroup
from honk.sandbox.none import NoneBackend
from honk.sandbox.probe import probe
from honk.store.heard import Ear
from honk.store.sql import DATABASE_NAME, SqlStore, open_store
from honk.team import Team, Terms
from honk.verifier import BaseRuns, Gate
from honk.verifier.clean_room import CleanRoomGate
from honk.verifier.unwalled import UnwalledGate
from honk.workflows.admission import Admission, admitted
from honk.workflows.breaker import Breaker, Probe
from honk.workflows.claim import Claim, make_private, take
from honk.workflows.doctor import Machine
from honk.workflows.house import House
from honk.workflows.key import has_key, read_key, refuse_readable_key
from honk.workflows.quota import Purse
from honk.workflows.replay import run_replay
from honk.workflows.task import run_task
from honk.workflows.watch import Watch
from honk.workspace.overlay import OverlayWorkspaces
from honk.workspace.porter_source import adopt_porter
from honk.workspace.source import LocalSource


async def _python_index() -> str | None:
    return default_index()


REGISTRIES = {
    "python": _python_index, "npm": npm_registry, "go": go_proxy, "cargo": crates_index, "maven": maven_repository,
}  # fmt: skip
SANDBOXES: Mapping[str, Callable[[], SandboxBackend]] = {"bubblewrap": BubblewrapBackend, "none": NoneBackend}
NO_MODEL = (
    "There is no model key, so the agent has no model to ask. Nothing was begun. Set ANTHROPIC_API_KEY, or put "
    "the key into secrets/anthropic in the state folder (mode 600), or name your own gateway by model.base_url in "
    "honk.toml. To see the whole way without a key: honk demo"
)
READABLE_SIGNING_KEY = (
    "Without a sandbox the agent runs as the same user as Honk, so it could sign whatever it likes. Nothing was begun. "
    'Use the bubblewrap sandbox (honk doctor says what is missing), or set identity.signing = "off" in honk.toml.'
)


@asynccontextmanager
async def open_app(
    settings: Settings,
    *,
    upstream: Upstream | None = None,
    claim: Claim = Claim.WORK,
    waits: Callable[[str], None] | None = None,
    serves: bool = False,
    ear: Ear | None = None,
) -> AsyncIterator[App]:
    """The front desk; what is claimed of the state folder is ours until the context ends. The engine starts with the
    first work.

    `upstream` replaces the model's service of the settings. With `waits` we stand in line for a folder that is in
    use: it is called once, with who has it. `serves` tells that people are there who may be asked; `ear` hears what is
    told and billed.

    Raises:
        HomeBusy: another Honk has what is claimed, and nobody waits; names it.
        UsageError: a setting is wrong.
    """
    async with AsyncExitStack() as stack:
        await asyncio.to_thread(make_private, settings.home)
        is_alone = await take(stack, settings.home, claim, waits)
        store = await open_store(settings.home, anchor_of(settings))
        stack.push_async_callback(store.close)
        if ear is not None:
            store.listen(ear)
        key = "" if upstream is not None else read_key(settings.home)
        hide_memory()
        if settings.sandbox == NoneBackend.name:
            has_idle_key = upstream is not None and has_key(settings.home)
            refuse_readable_key(upstream or _upstream(settings, key), has_idle_key=has_idle_key)
        admission = _admission(settings, store)
        house = _house(settings, store, upstream or _upstream(settings, key), Censor((key,)), admission)
        house = replace(house, park_until=_park_until(settings) if serves else None)
        stack.push_async_callback(house.gateway.close)
        acts = claim is Claim.ACT  # beside somebody else's engine
        engine = AtOnceEngine() if acts else DeferredEngine(partial(_engine, settings.home, serves=serves))
        admission.breaker.probes = _probes(settings, house)
        for name, story in (("task", run_task), ("replay", run_replay)):
            engine.register(name, admitted(house, admission, story) if serves else partial(story, house))
        stack.push_async_callback(engine.stop)
        people, ways_in = people_of(store), ways_in_of(settings, store)
        keeper = housekeeper_of(settings, store)
        purse = Purse(quotas=store.quotas, events=store.events, allowances=settings.quota.allowances())
        watch = Watch(house=house, admission=admission, purse=purse)
        delivery = delivery_of(settings, house, engine, people)
        yield App(
            house, engine, keeper, people=people, ways_in=ways_in, watch=watch, delivery=delivery,
            previews=previews_of(settings, house), is_alone=is_alone,
        )  # fmt: skip


@asynccontextmanager
async def open_team(
    settings: Settings, *, upstream: Upstream | None = None, ear: Ear | None = None
) -> AsyncIterator[Team]:
    """The team's desk, with everything at work that was begun before. Raises as `open_app` does."""
    opening = open_app(settings, upstream=upstream, serves=True, ear=ear)
    async with opening as app, tracing_of(settings, app), app.shift():
        terms = Terms(agent=settings.agent, model=settings.model.name, limits=limits_of(settings))
        yield Team(app, terms)


def _admission(settings: Settings, store: SqlStore) -> Admission:
    def room() -> Room:
        return Room(
            free_disk_bytes=free_bytes(settings.home),
            free_memory_bytes=available_bytes(),
            least_disk_bytes=settings.retention.min_free_mib << 20,
            least_memory_bytes=settings.serve.min_free_memory_mib << 20,
        )

    slots = slots_of(settings.serve.agents, cores(), total_bytes())
    breaker = Breaker(memo=store.memo, events=store.events)
    return Admission(home=settings.home, slots=slots, room=room, breaker=breaker)


def _probes(settings: Settings, house: House) -> Mapping[FaultKind, Probe]:
    async def model(fault: Fault) -> bool:
        return await is_answering(house.gateway, fault.model)

    async def forge(_fault: Fault) -> bool:
        await house.forge.pull_requests()
        return True

    async def disk(_fault: Fault) -> bool:
        return free_bytes(settings.home) >= settings.retention.min_free_mib << 20

    kinds = dict.fromkeys((FaultKind.KEY, FaultKind.PAYMENT, FaultKind.MODEL), model)
    return {**kinds, FaultKind.FORGE: forge, FaultKind.DISK: disk}


def _park_until(settings: Settings) -> Callable[[datetime], datetime]:
    zone = zone_named(settings.serve.zone)
    return lambda since: after_working_hours(since, settings.serve.park_hours, zone)


def limits_of(settings: Settings) -> Limits:
    """The installation's ceilings of one run."""
    ceilings = settings.limits
    return Limits(
        attempts=ceilings.attempts,
        turns=ceilings.turns,
        wall_seconds=ceilings.wall_minutes * 60,
        idle_seconds=ceilings.idle_seconds,
        cost_usd=ceilings.cost_usd,
        output_bytes=ceilings.output_mib << 20,
        disk_bytes=ceilings.disk_mib << 20,
    )


def _engine(home: Path, *, serves: bool) -> Engine:
    from honk.engine.dbos import DBOSEngine  # half of the start-up, and only work needs it

    return DBOSEngine(home / DATABASE_NAME, is_lasting=serves)


def _house(settings: Settings, store: SqlStore, upstream: Upstream, censor: Censor, gatekeeper: Gatekeeper) -> House:
    gateway = AnthropicGateway(
        upstream, store.ledger, packages=PackageDoor(REGISTRIES), prices=_prices(settings), gatekeeper=gatekeeper
    )
    source = adopt_porter(os.environ, settings.home) or LocalSource()
    backend = SANDBOXES[settings.sandbox]()
    judge = ClaudeJudge(
        open_model=through(gateway), model=settings.judge.model, timeout_seconds=settings.judge.timeout_seconds
    )
    has_model = bool(upstream.headers) or upstream.base_url != ANTHROPIC_URL
    return House(
        home=settings.home,
        sandbox=settings.sandbox,
        halt_free_bytes=settings.retention.halt_free_mib << 20,
        tasks=store.tasks,
        runs=store.runs,
        events=store.events,
        board=store.board,
        pull_requests=store.pull_requests,
        deployments=store.deployments,
        approvals=store.approvals,
        messages=store.messages,
        parking=store.parking,
        previews=store.previews,
        shipments=store.shipments,
        repositories=store.repositories,
        memo=store.memo,
        quotas=store.quotas,
        blobs=store.blobs,
        audit=store.audit,
        source=source,
        workspaces=OverlayWorkspaces(settings.home, source, backend, gateway, store.blobs.put),
        gateway=gateway,
        ledger=store.ledger,
        gate=_gate(store, backend),
        judge=judge if settings.judge.is_on and has_model else None,
        forge=LocalForge(settings.home / "forge", store.pull_requests, signer_of(settings)),
        agent_of=partial(agent_of, censor=censor, has_model=has_model, acp=settings.acp),
        identity=_identity(settings),
        queue_terms=settings.pull_requests.terms(),
        signer=signer_of(settings),
    )


def _identity(settings: Settings) -> Identity:
    wanted = settings.identity
    return Identity(
        author=None if wanted.author == "asker" else parse_person(wanted.author),
        committer=parse_person(wanted.committer),
        is_signed_off=wanted.sign_off,
    )


def signer_of(settings: Settings) -> Signer | None:
    """What signs commits; None where nothing does.

    Raises:
        UsageError: without a sandbox the agent could sign by itself.
    """
    wanted = settings.identity
    if wanted.signing == "off":
        return None
    if settings.sandbox == NoneBackend.name:
        raise UsageError(READABLE_SIGNING_KEY)
    key = wanted.signing_key
    if wanted.signing == "ssh":
        key = str(settings.home / Path(key).expanduser())
    return Signer(kind=wanted.signing, key=key)


def agent_of(words: str, *, censor: Censor, has_model: bool, acp: AcpSettings | None = None) -> Agent:
    """The adapter for "claude", "acp:PROGRAM ARGS" or "command:PROGRAM ARGS".

    Raises:
        UsageError: there is no such agent, or no model for it.
    """
    kind, _, rest = words.partition(":")
    rest = rest.strip()
    if not has_model and (words == "claude" or (kind == "acp" and rest)):
        raise UsageError(NO_MODEL)
    if words == "claude":
        return ClaudeAgent(censor=censor)
    try:
        if kind == "acp" and rest:
            words_of(rest)
            acp = acp or AcpSettings()
            return AcpAgent(rest, env=acp.env, folders=acp.folders, censor=censor)
        if kind == "command" and rest:
            invocation(rest, "")
            return CommandAgent(rest, censor=censor)
    except AgentError as error:
        raise UsageError(f"{error} Nothing was begun.") from error
    raise UsageError(
        f'There is no agent "{words}". Say "claude", "acp:PROGRAM ARGS" for a program of the Agent Client Protocol, or '
        '"command:PROGRAM ARGS" for any program. Nothing was begun.'
    )


def _gate(store: SqlStore, backend: SandboxBackend) -> Gate:
    """The clean rooms' gate; where they have no walls, with runs remembered apart and nothing ever proved."""
    own = "" if backend.is_isolating else f"{backend.name}-"
    runs = BaseRuns(
        load=lambda key: store.memo.load(own + key), save=lambda key, text: store.memo.save(own + key, text)
    )
    gate = CleanRoomGate(base_runs=runs, put_blob=store.blobs.put)
    return gate if backend.is_isolating else UnwalledGate(gate=gate)


def _upstream(settings: Settings, key: str) -> Upstream:
    own = {"x-api-key": key} if key else {}
    return Upstream(base_url=settings.model.base_url, headers={**own, **settings.model.headers})


def _prices(settings: Settings) -> Mapping[str, Price]:
    own = {
        model: Price(input_usd=price.input, output_usd=price.output) for model, price in settings.model.prices.items()
    }
    return {**PRICES, **own}


def machine_of(settings: Settings) -> Machine:
    """What `honk doctor` needs to know. It takes no lock and opens no database: it must work where those are broken."""

    async def ask_model() -> str:
        key = read_key(settings.home)
        return await try_upstream(_upstream(settings, key), settings.model.name)

    async def agent_version() -> str:
        agent = agent_of(settings.agent, censor=Censor(), has_model=True, acp=settings.acp)
        match agent:
            case AcpAgent():
                return await asyncio.to_thread(agent.told)
            case ClaudeAgent():
                return version()
        return f"{agent.name}, which is looked for in the sandbox when it is started"

    async def escapes() -> Sequence[str]:
        with tempfile.TemporaryDirectory(prefix="honk-probe-", dir=settings.home) as folder:
            results = await probe(SANDBOXES[settings.sandbox](), Path(folder) / "room")
        return [f"{one.name}: {one.detail}" for one in results if not one.passed]

    async def sign() -> str:
        signer = signer_of(settings)
        assert signer is not None
        await signer.check()
        return f"commits are signed with the {signer.kind} key {signer.key}"

    return Machine(
        home=settings.home,
        bounds_sandboxes=has_cgroup,
        bubblewrap=_bubblewrap(),
        sandbox=settings.sandbox,
        agent_version=agent_version,
        has_key=has_key(settings.home),
        anchor_elsewhere=anchor_place(settings),
        ask_model=ask_model,
        escapes=escapes,
        sign=sign if settings.identity.signing != "off" else None,
    )


def _bubblewrap() -> Path | None:
    try:
        return Path(bubblewrap_program())
    except SandboxUnavailable:
        return None
