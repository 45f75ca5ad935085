"""Runs in line: who begins when, and what becomes of them while everything stands still."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest

from honk.base.errors import HonkError, OutOfSpace
from honk.domain.admission import Room
from honk.domain.breaker import ENOUGH, LONG_SECONDS, MANY, Fault, FaultKind
from honk.domain.standing import INSTALLATION
from honk.domain.task import Status
from honk.engine import Steps
from honk.forge import ForgeDown
from honk.testing.store import FakeStore
from honk.testing.store_rules import a_run, a_task, accept
from honk.workflows.admission import Admission, admitted
from honk.workflows.attempt import Worked
from honk.workflows.breaker import Breaker
from honk.workflows.frost import freeze, melt
from honk.workflows.house import House

pytestmark = pytest.mark.anyio
ROOMY = Room(free_disk_bytes=2, free_memory_bytes=2, least_disk_bytes=1, least_memory_bytes=1)
Act = Callable[[], Awaitable[object]]


async def straight(_name: str, _returns: object, act: Act) -> object:
    return await act()


@dataclass
class Yard:
    """An admission with a fake house, and runs in it that do what they are told."""

    home: Path
    slots: int = 1
    store: FakeStore = field(default_factory=FakeStore)
    room: Room = ROOMY
    mended: asyncio.Event = field(default_factory=asyncio.Event)
    began: list[str] = field(default_factory=list)
    stopped: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.breaker = Breaker(memo=self.store.memo, events=self.store.events, pause=lambda _: 0.0)
        self.breaker.probes = dict.fromkeys(FaultKind, self.probe)
        self.admission = Admission(home=self.home, slots=self.slots, room=lambda: self.room, breaker=self.breaker)
        tasks, runs, events = self.store.tasks, self.store.runs, self.store.events
        house: object = SimpleNamespace(home=self.home, tasks=tasks, runs=runs, events=events, pauses={})
        self.house = cast(House, house)

    async def probe(self, _fault: Fault) -> bool:
        await asyncio.sleep(0)
        return self.mended.is_set()

    async def ask(self, name: str, *acts: Act, after: int = 0, follows: str | None = None) -> "asyncio.Task[None]":
        """Enlist a task; its run does these acts, each as a step "agent"."""
        at = datetime(2026, 1, 1, 12, 0, after, tzinfo=UTC)
        await accept(self.store, replace(a_task(name, at), follows=follows), a_run(f"{name}-1", name, at), name)

        async def story(_house: House, step: Steps, _workflow_id: str) -> None:
            self.began.append(name)
            for number, act in enumerate(acts):
                await step(f"agent {number}", None, act)

        return asyncio.create_task(_run(admitted(self.house, self.admission, story), f"{name}-1"))

    def works_until(self, done: asyncio.Event, name: str) -> Act:
        async def act() -> None:
            try:
                await done.wait()
            except asyncio.CancelledError:
                self.stopped.append(name)
                raise

        return act

    async def told(self, name: str) -> list[str]:
        return [event.kind for event in await self.store.events.read(name)]


async def _run(workflow: Callable[[Steps, str], Awaitable[None]], workflow_id: str) -> None:
    await workflow(cast(Steps, straight), workflow_id)


async def until(holds: Callable[[], bool]) -> None:
    async with asyncio.timeout(5):
        while not holds():
            await asyncio.sleep(0)


async def test_as_many_as_there_are_slots_in_the_order_they_were_asked_for(tmp_path: Path) -> None:
    yard, done = Yard(tmp_path), asyncio.Event()
    runs = [await yard.ask(name, yard.works_until(done, name), after=after) for name, after in
            [("late", 9), ("first", 1), ("second", 2)]]  # fmt: skip
    await until(lambda: yard.admission.queued == 3)
    assert yard.began == []
    await yard.admission.begin()
    await until(lambda: yard.began == ["first"])
    assert (yard.admission.position("second"), yard.admission.position("late")) == (1, 2)
    assert yard.admission.position("first") is None
    assert yard.admission.waits_for("late") == "its turn: 1 of 1 agents are at work"
    done.set()
    await asyncio.wait(runs)
    assert yard.began == ["first", "second", "late"]
    assert (yard.admission.running, yard.admission.queued) == (0, 0)
    await yard.admission.end()


async def test_those_that_were_under_way_are_waited_for_a_moment_after_a_start(tmp_path: Path) -> None:
    yard, done = Yard(tmp_path), asyncio.Event()
    await yard.admission.begin(["old-1"])
    young = await yard.ask("young", after=9)
    await until(lambda: yard.admission.queued == 1)
    old = await yard.ask("old", yard.works_until(done, "old"))
    await until(lambda: yard.began == ["old"])
    done.set()
    await asyncio.wait({young, old})
    await yard.admission.end()


async def test_one_run_per_branch(tmp_path: Path) -> None:
    yard, done = Yard(tmp_path, slots=5), asyncio.Event()
    await yard.admission.begin()
    first = await yard.ask("first", yard.works_until(done, "first"))
    await until(lambda: yard.began == ["first"])
    reply = await yard.ask("reply", follows="first", after=1)
    await until(lambda: yard.admission.queued == 1)
    assert yard.admission.waits_for("reply") == "the task before it on the same branch"
    done.set()
    await asyncio.wait({first, reply})
    assert yard.began == ["first", "reply"]
    await yard.admission.end()


async def test_low_disk_begins_nothing_new_and_says_so_once(tmp_path: Path) -> None:
    yard = Yard(tmp_path)
    yard.room = replace(ROOMY, free_disk_bytes=0)
    await yard.admission.begin()
    run = await yard.ask("t")
    await until(lambda: yard.admission.queued == 1)
    for free in range(3):
        yard.room = replace(yard.room, free_disk_bytes=free, least_disk_bytes=10)
        yard.admission.look()
        await asyncio.sleep(0)
    assert await yard.told("t") == ["waits"]
    yard.room = ROOMY
    yard.admission.look()
    await run
    await yard.admission.end()


async def test_a_stopped_run_leaves_the_line(tmp_path: Path) -> None:
    yard, done = Yard(tmp_path), asyncio.Event()
    await yard.admission.begin()
    runs = [await yard.ask("a", yard.works_until(done, "a")), await yard.ask("b", after=1)]
    await until(lambda: yard.admission.queued == 1)
    for run in reversed(runs):
        run.cancel()
        await asyncio.wait({run})
    assert (yard.admission.running, yard.admission.queued) == (0, 0)
    await yard.admission.end()


async def test_a_freezing_stops_what_runs_and_a_thaw_does_it_again(tmp_path: Path) -> None:
    yard, done = Yard(tmp_path), asyncio.Event()
    await yard.admission.begin()
    run = await yard.ask("t", yard.works_until(done, "t"))
    await until(lambda: yard.began == ["t"])
    assert yard.admission.objection() is None
    freeze(tmp_path, "a leak", "Ada")
    assert "frozen" in (yard.admission.objection() or "")
    await until(lambda: yard.admission.queued == 1)
    assert yard.stopped == ["t"]
    assert (await yard.store.tasks.task("t")).status is Status.QUEUED
    assert "a leak" in (yard.admission.waits_for("t") or "")
    melt(tmp_path)
    done.set()
    yard.admission.look()
    await run
    assert await yard.told("t") == ["parked", "resumed"]
    assert yard.admission.breaker.fault is None
    await yard.admission.end()


async def test_a_push_that_began_may_end(tmp_path: Path) -> None:
    yard, done = Yard(tmp_path), asyncio.Event()
    await accept(yard.store, a_task("t"), a_run("t-1", "t"), "t")
    await yard.admission.begin()

    async def story(_house: House, step: Steps, _workflow_id: str) -> None:
        yard.began.append("t")
        await step("push", None, yard.works_until(done, "t"))

    run = asyncio.create_task(_run(admitted(yard.house, yard.admission, story), "t-1"))
    await until(lambda: yard.began == ["t"])
    freeze(tmp_path, "", "Ada")
    yard.admission.look()
    done.set()
    await run
    assert yard.stopped == []
    melt(tmp_path)
    await yard.admission.end()


@pytest.mark.parametrize(
    ("error", "kind"), [(OutOfSpace("full"), FaultKind.DISK), (ForgeDown("down"), FaultKind.FORGE)]
)
async def test_what_is_broken_for_everybody_is_nobody_s_failure(
    tmp_path: Path, error: HonkError, kind: FaultKind
) -> None:
    yard, failing = Yard(tmp_path), [error]
    await yard.admission.begin()

    async def act() -> None:
        if failing:
            raise failing.pop()

    run = await yard.ask("t", act)
    await until(lambda: yard.breaker.fault is not None and yard.admission.queued == 1)
    assert yard.breaker.fault is not None
    assert yard.breaker.fault.kind is kind
    yard.mended.set()
    await run
    told = [event.body["state"] for event in await yard.store.events.read(INSTALLATION)]
    assert told == ["open", "closed"]
    await yard.admission.end()


async def test_a_refused_key_parks_every_run_and_tells_administrators_once(tmp_path: Path) -> None:
    yard, done = Yard(tmp_path, slots=3), asyncio.Event()
    await yard.admission.begin()
    runs = [await yard.ask(name, yard.works_until(done, name)) for name in "abcd"]
    await until(lambda: len(yard.began) == 3)
    for _ in range(3):
        yard.admission.answered(401, "a-model", "a-1")
    await until(lambda: yard.admission.queued == 4)
    assert sorted(yard.stopped) == ["a", "b", "c"]
    assert "refuses Honk's key" in (yard.admission.waits_for("d") or "")
    done.set()
    yard.mended.set()
    await asyncio.wait(runs)
    assert [event.kind for event in await yard.store.events.read(INSTALLATION)] == ["breaker", "breaker"]
    await yard.admission.end()


async def test_an_open_breaker_outlives_the_process(tmp_path: Path) -> None:
    yard = Yard(tmp_path)
    await yard.admission.begin()
    yard.admission.answered(402, "a-model", "a-1")
    while not await yard.store.events.read(INSTALLATION):
        await asyncio.sleep(0)
    await yard.admission.end()
    after = Yard(tmp_path, store=yard.store)
    await after.admission.begin()
    run = await after.ask("t")
    await until(lambda: after.admission.queued == 1)
    assert "asks for payment" in (after.admission.waits_for("t") or "")
    after.mended.set()
    await run
    await after.admission.end()


async def test_a_fault_of_the_run_itself_is_its_own(tmp_path: Path) -> None:
    yard, worked = Yard(tmp_path), Worked(turns=1, fault="It crashed.")
    await yard.admission.begin()
    found: list[object] = []

    async def act() -> Worked:
        found.append(worked)
        return worked

    await (await yard.ask("t", act))
    assert found == [worked]
    assert yard.breaker.fault is None
    await yard.admission.end()


async def test_where_the_model_s_service_fails_all_the_while_its_model_is_what_the_probe_asks(tmp_path: Path) -> None:
    yard, failing = Yard(tmp_path), [Worked(turns=1, fault="The model's service failed.")]
    await yard.admission.begin()

    async def act() -> Worked:
        for _ in range(ENOUGH):
            yard.admission.answered(529, "a-model", "t-1")
        return failing.pop() if failing else Worked(turns=1)

    run = await yard.ask("t", act)
    await until(lambda: yard.breaker.fault is not None)
    assert yard.breaker.fault is not None
    assert (yard.breaker.fault.kind, yard.breaker.fault.model) == (FaultKind.MODEL, "a-model")
    yard.mended.set()
    await run
    await yard.admission.end()


async def test_what_fails_for_one_run_alone_is_tried_before_everybody_waits(tmp_path: Path) -> None:
    yard, worked = Yard(tmp_path), Worked(turns=1, fault="The model's service failed.")
    yard.mended.set()  # it works, for anybody else
    await yard.admission.begin()
    found: list[object] = []

    async def act() -> Worked:
        for _ in range(MANY):
            yard.admission.answered(429, "a-model", "t-1")
        found.append(worked)
        return worked

    await (await yard.ask("t", act))
    assert (found, yard.breaker.fault) == ([worked], None)
    assert await yard.store.events.read(INSTALLATION) == []
    await yard.admission.end()


async def test_one_run_s_long_overload_is_tried_and_two_runs_open_at_once(tmp_path: Path) -> None:
    at, asked = [0.0], list[str]()

    async def works(fault: Fault) -> bool:
        asked.append(fault.model)
        return True

    store = FakeStore()
    breaker = Breaker(memo=store.memo, events=store.events, pause=lambda _: 60.0, clock=lambda: at[0])
    breaker.probes = dict.fromkeys(FaultKind, works)
    for runs, is_open in ((["a"], False), (["a", "b"], True)):
        for number in range(MANY + 1):
            at[0] += LONG_SECONDS / MANY
            breaker.answered(429, "a-model", runs[number % len(runs)])
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        assert (breaker.fault is not None) is is_open
    assert asked == ["a-model"]
    await breaker.end()


async def test_a_step_that_fails_whenever_all_is_mended_fails_in_the_end(tmp_path: Path) -> None:
    yard = Yard(tmp_path)
    yard.mended.set()
    await yard.admission.begin()

    async def act() -> None:
        raise ForgeDown("down")

    with pytest.raises(ForgeDown):
        await (await yard.ask("t", act))
    await yard.admission.end()
