"""What is measured, one function for each group of rows. Nothing here is asserted: a row says what it found."""

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import audit_entries
import processes
from figures import Measure, Row
from repositories import Measured, Repositories
from sides import HONK, Sides, Took, cpu_seconds

from honk.base.ids import new_id
from honk.domain.task import Repository
from honk.sandbox import SandboxSpec
from honk.sandbox.bubblewrap import BubblewrapBackend
from honk.testing.packages import PackageShelf
from honk.testing.sample.script import PROMPT
from honk.testing.scripted_model import ScriptedModel
from honk.testing.scripts import hang
from honk.testing.workspace_rules import Blobs
from honk.workspace.overlay import OverlayWorkspaces
from honk.workspace.source import LocalSource

AT_ONCE = 8
WORKSPACES_AT_ONCE = 50
LOOK_SECONDS = 0.1
_OPEN_MEMORY = (
    "import honk.base.privilege as rights; rights.hide_memory = lambda: None; "
    "from honk.cli.main import main; raise SystemExit(main())"
)
"""`honk` that lets its memory be measured, which else no process of its uid may do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bench:
    """What the rows are measured with."""

    place: Path
    repositories: Repositories
    sides: Sides
    rounds: int


Group = Callable[[Bench], AsyncIterator[Row]]


def told(what: str) -> None:
    """Progress, beside the figures."""
    print(f"{time.strftime('%H:%M:%S')}  {what}", file=sys.stderr, flush=True)


async def sandbox(bench: Bench) -> AsyncIterator[Row]:
    """A sandbox from nothing to ready, and a command in a ready one."""
    opening = Row(name="sandbox-open", title="a sandbox from nothing to ready", measure=Measure.SECONDS, bound=0.04)
    command = Row(name="sandbox-command", title="one command in a ready sandbox", measure=Measure.SECONDS)
    backend = BubblewrapBackend()
    for number in range(max(bench.rounds, 15)):
        begun = time.perf_counter()
        opened = await backend.open(SandboxSpec(name="bench", state=bench.place / f"box-{number}"))
        opening.ours.append(time.perf_counter() - begun)
        begun = time.perf_counter()
        await opened.run(["/bin/true"], timeout_seconds=10)
        command.ours.append(time.perf_counter() - begun)
        await opened.close()
    yield opening
    yield command


async def audit(bench: Bench) -> AsyncIterator[Row]:
    """What stands before each outward act."""
    async for row in audit_entries.entries(bench.place, bench.rounds):
        yield row


async def workspaces_at_once(bench: Bench) -> AsyncIterator[Row]:
    """Fifty workspaces of the many files, from the request to the last one ready."""
    title = f"{WORKSPACES_AT_ONCE} workspaces at once, of a repository of many files"
    row = Row(name="workspaces-50", title=title, measure=Measure.SECONDS, bound=1.5)
    repository, sha = await _found(await bench.repositories.flat())
    workspaces = _workspaces(bench)
    async with _workspace(workspaces, repository, sha):
        pass
    for number in range(bench.rounds):
        async with AsyncExitStack() as stack:
            begun = time.perf_counter()
            async with asyncio.TaskGroup() as group:
                for _ in range(WORKSPACES_AT_ONCE):
                    group.create_task(stack.enter_async_context(_workspace(workspaces, repository, sha)))
            row.ours.append(time.perf_counter() - begun)
            told(f"workspaces-50: round {number + 1} of {bench.rounds}, {row.ours[-1]:.2f} s")
    yield row


async def workspace_ready(bench: Bench) -> AsyncIterator[Row]:
    """A workspace with its dependencies, warm, against clone and install."""
    title = "a workspace with its dependencies, warm, against clone and install"
    row = Row(name="workspace-ready", title=title, measure=Measure.SPEEDUP, bound=100)
    repository = await bench.repositories.heavy()
    told("workspace-ready: the first run and the first install, which fill the caches")
    await bench.sides.by_honk(repository)
    await bench.sides.clone_and_install(repository, "first")
    workspaces, (found, sha) = _workspaces(bench), await _found(repository)
    async with _workspace(workspaces, found, sha):
        pass
    for number in range(bench.rounds):
        hand = await bench.sides.clone_and_install(repository, f"ready-{number}a")
        begun = time.perf_counter()
        async with _workspace(workspaces, found, sha):
            row.ours.append(time.perf_counter() - begun)
        row.by_hand.append(hand.seconds)
        row.again.append((await bench.sides.clone_and_install(repository, f"ready-{number}b")).seconds)
        told(
            f"workspace-ready: round {number + 1} of {bench.rounds}, {row.ours[-1]:.3f} s against {hand.seconds:.2f} s"
        )
    yield row


def _workspaces(bench: Bench) -> OverlayWorkspaces:
    home = bench.sides.honk_home
    home.mkdir(exist_ok=True)
    return OverlayWorkspaces(home, LocalSource(), BubblewrapBackend(), PackageShelf(), Blobs().put)


async def _found(measured: Measured) -> tuple[Repository, str]:
    """What a request knows of its repository before it gets a workspace: where it is, and which commit is meant."""
    facts = await LocalSource().describe(measured.person, None)
    repository = Repository(repository_id=facts.repository_id, name=facts.name, location=str(facts.root))
    return repository, facts.base_sha


@asynccontextmanager
async def _workspace(workspaces: OverlayWorkspaces, repository: Repository, sha: str) -> AsyncIterator[None]:
    """Mirror, template and environment are made by the first one, and found by all others."""
    template = await workspaces.template(repository, sha)
    environment = await workspaces.environment(template)
    if environment.problems:
        raise RuntimeError(f"The environment is not whole: {environment.problems}")
    name = f"bench-{new_id()}"
    async with workspaces.open(template, environment, name=name):
        yield
    await workspaces.discard(name)


async def sample(bench: Bench) -> AsyncIterator[Row]:
    """`honk run` on the sample: what it adds, and how long it takes to the first request."""
    adds = Row(
        name="sample", title="`honk run` without verification and judge, warm", measure=Measure.ADDED_SECONDS, bound=2.0
    )
    whole = Row(name="sample-whole", title="`honk run` as a whole, on the sample", measure=Measure.RATIO)
    first = Row(
        name="first-request", title="from the command to the first model request", measure=Measure.SECONDS, bound=2.5
    )
    await _pairs(bench, await bench.repositories.sample(), whole, adds, first)
    for row in (adds, whole, first):
        yield row


async def large_flat(bench: Bench) -> AsyncIterator[Row]:
    """The whole on many files, with next to no history."""
    row = Row(name="large-flat", title="the whole, on 25,000 files", measure=Measure.RATIO, bound=1.3)
    await _pairs(bench, await bench.repositories.flat(), row)
    yield row


async def history(bench: Bench) -> AsyncIterator[Row]:
    """The whole on a history as a large project has it."""
    repository = await bench.repositories.history()
    row = Row(name="history", title=f"the whole, on {repository.size}", measure=Measure.RATIO, bound=0.4)
    await _pairs(bench, repository, row)
    yield row


async def short_history(bench: Bench) -> AsyncIterator[Row]:
    """The whole on a history that is cloned in a second: nothing is promised of it."""
    repository = await bench.repositories.short_history()
    row = Row(name="history-short", title=f"the whole, on {repository.size}", measure=Measure.RATIO)
    await _pairs(bench, repository, row)
    yield row


async def dependencies(bench: Bench) -> AsyncIterator[Row]:
    """The whole with dependencies that by hand installs too, from a warm cache."""
    row = Row(name="dependencies", title="the whole, with heavy dependencies", measure=Measure.RATIO, bound=0.4)
    await _pairs(bench, await bench.repositories.heavy(), row)
    yield row


async def _pairs(
    bench: Bench, repository: Measured, whole: Row, adds: Row | None = None, first: Row | None = None
) -> None:
    """Rounds of by hand, Honk, by hand again; one of each before, for what is made once."""
    sides = bench.sides
    told(f"{whole.name}: one run and one by hand before it counts")
    await sides.by_honk(repository)
    await sides.by_hand(repository, f"{whole.name}-first")
    for number in range(bench.rounds):
        hand = await sides.by_hand(repository, f"{whole.name}-{number}a")
        run = await sides.by_honk(repository)
        again = await sides.by_hand(repository, f"{whole.name}-{number}b")
        own = run.seconds - run.parts.get("verify", 0.0) - run.parts.get("judge", 0.0)
        for row, ours in ((whole, run.seconds), (adds, own)):
            if row is not None:
                row.ours.append(ours)
                row.by_hand.append(hand.seconds)
                row.again.append(again.seconds)
                row.cpu.append(run.cpu_seconds)
                row.cpu_by_hand.append(hand.cpu_seconds)
                row.add_parts(run.parts)
        if first is not None:
            first.ours.append(run.first_request_seconds)
        told(f"{whole.name}: round {number + 1} of {bench.rounds}, {run.seconds:.2f} s, by hand {hand.seconds:.2f} s")


async def memory(bench: Bench) -> AsyncIterator[Row]:
    """The most that our own processes hold while an agent works beside them."""
    title = "our own processes beside the agent, at their most (PSS)"
    row = Row(name="memory", title=title, measure=Measure.MIB, bound=250)
    repository = await bench.repositories.sample()
    for number in range(max(3, bench.rounds // 3)):
        argv = [sys.executable, "-c", _OPEN_MEMORY, "run", PROMPT, "--repo", str(repository.person)]
        peak, parts = 0.0, {}
        async with bench.sides.begun_by_honk(argv) as process:
            while process.returncode is None:
                running = processes.family(process.pid)
                if any(one.is_agent for one in running):
                    held = {one: processes.proportional_mib(one) for one in processes.ours(running)}
                    if sum(held.values()) > peak:
                        peak, parts = sum(held.values()), _by_kind(held)
                await asyncio.sleep(LOOK_SECONDS)
        if process.returncode != 0:
            raise RuntimeError(f"honk run ended with {process.returncode}")
        row.ours.append(peak)
        row.add_parts(parts)
        told(f"memory: round {number + 1}, {peak:.0f} MiB")
    yield row


def _by_kind(held: dict[processes.Running, float]) -> dict[str, float]:
    """MiB by program."""
    kinds: dict[str, float] = {}
    for one, mib in held.items():
        kinds[one.kind] = kinds.get(one.kind, 0.0) + mib
    return kinds


async def ctrl_c(bench: Bench) -> AsyncIterator[Row]:
    """From the interrupt to the agent's last process gone, while the model is in the middle of an answer."""
    row = Row(name="ctrl-c", title="from Ctrl-C to the agent gone", measure=Measure.SECONDS, bound=2.0)
    repository = await bench.repositories.sample()
    async with ScriptedModel({"default": hang(), "judge": hang()}) as model:
        sides = Sides(place=bench.place, model=model)
        for number in range(bench.rounds):
            model.requests.clear()
            argv = [str(HONK), "run", PROMPT, "--repo", str(repository.person)]
            async with sides.begun_by_honk(argv) as process:
                while not sides.first_request_at():
                    await asyncio.sleep(LOOK_SECONDS)
                inside = processes.guests(processes.family(process.pid))
                if not any(one.is_agent for one in inside):
                    raise RuntimeError("no agent was found to be stopped")
                begun = time.perf_counter()
                os.killpg(process.pid, signal.SIGINT)
                while any(processes.is_there(one) for one in inside):
                    await asyncio.sleep(0.005)
                row.ours.append(time.perf_counter() - begun)
                await process.wait()
            told(f"ctrl-c: round {number + 1} of {bench.rounds}, {row.ours[-1]:.3f} s")
    yield row


async def eight(bench: Bench) -> AsyncIterator[Row]:
    """Eight runs at once in one process, against eight scripts at once."""
    title = f"{AT_ONCE} runs at once, of one process that is up, against {AT_ONCE} by hand at once"
    row = Row(name="eight", title=title, measure=Measure.RATIO, bound=1.3)
    repository = await bench.repositories.sample()
    sides = bench.sides
    many = await asyncio.create_subprocess_exec(
        sys.executable, str(Path(__file__).with_name("many.py")), str(repository.person), str(AT_ONCE),
        env=sides.honk_env(), cwd="/", stdin=subprocess.PIPE, stdout=subprocess.PIPE,
    )  # fmt: skip
    assert many.stdin is not None
    try:
        await _hear(many, b"ready")
        for number in range(max(3, bench.rounds // 3)):
            hand = await _all_at_once(sides, repository, f"{number}a")
            begun, cpu = time.perf_counter(), processes.cpu_seconds(many.pid)
            many.stdin.write(b"go\n")
            await _hear(many, b"done")
            row.ours.append(time.perf_counter() - begun)
            row.cpu.append(processes.cpu_seconds(many.pid) - cpu)
            row.by_hand.append(hand.seconds)
            row.cpu_by_hand.append(hand.cpu_seconds)
            row.again.append((await _all_at_once(sides, repository, f"{number}b")).seconds)
            told(f"eight: round {number + 1}, {row.ours[-1]:.2f} s, by hand {hand.seconds:.2f} s")
    finally:
        many.stdin.close()
        await many.wait()
    yield row


async def _all_at_once(sides: Sides, repository: Measured, number: str) -> Took:
    begun, cpu = time.perf_counter(), cpu_seconds()
    async with asyncio.TaskGroup() as group:
        for one in range(AT_ONCE):
            group.create_task(sides.by_hand(repository, f"eight-{number}-{one}"))
    return Took(time.perf_counter() - begun, cpu_seconds() - cpu)


async def _hear(process: asyncio.subprocess.Process, word: bytes) -> None:
    assert process.stdout is not None
    if (line := await process.stdout.readline()).strip() != word:
        raise RuntimeError(f"many.py said {line!r}, not {word!r}")


GROUPS: dict[str, tuple[Group, Sequence[str]]] = {
    "sandbox": (sandbox, ("sandbox-open", "sandbox-command")),
    "audit-entry": (audit, ("audit-entry",)),
    "sample": (sample, ("sample", "sample-whole", "first-request")),
    "memory": (memory, ("memory",)),
    "ctrl-c": (ctrl_c, ("ctrl-c",)),
    "eight": (eight, ("eight",)),
    "history": (history, ("history",)),
    "history-short": (short_history, ("history-short",)),
    "large-flat": (large_flat, ("large-flat",)),
    "workspaces-50": (workspaces_at_once, ("workspaces-50",)),
    "dependencies": (dependencies, ("dependencies",)),
    "workspace-ready": (workspace_ready, ("workspace-ready",)),
}
"""By the name of a group, and the rows that it makes."""
