"""Whatever was begun is seen to its end by somebody."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import cast

import pytest

from honk.domain.task import Brief, OutcomeName, Status
from honk.engine import Steps
from honk.store import Delivery
from honk.testing.engine import FakeEngine
from honk.testing.store import FakeStore
from honk.testing.store_rules import a_run, a_task
from honk.workflows import shift as shifts
from honk.workflows.house import House
from honk.workflows.shift import Shift
from honk.workflows.watch import Watch

pytestmark = pytest.mark.anyio
NOON = datetime(2026, 3, 4, 12, tzinfo=UTC)


class Admission:
    async def begin(self, expected: object) -> None: ...

    async def end(self) -> None: ...


@dataclass
class Yard:
    """A shift over one task whose run waits for ever."""

    store: FakeStore = field(default_factory=FakeStore)
    engine: FakeEngine = field(default_factory=FakeEngine)

    async def begun(self, *look_after: Callable[[], Awaitable[None]]) -> Shift:
        async def wait(_steps: Steps, _argument: str) -> None:
            await asyncio.Event().wait()

        async def settle(workflow_id: str) -> None:
            await self.engine.wait(workflow_id)

        async def tell() -> None: ...

        self.engine.register("task", wait)
        await self.engine.start()
        await self.store.tasks.accept(
            Delivery(delivery_id="d", door="cli", received_at=NOON, body="x"), a_task("t1", NOON),
            Brief(version=1, goal="x"), a_run("t1-1", "t1", NOON), self.engine.enlist("task", "t1-1", "t1-1"),
        )  # fmt: skip
        await self.store.tasks.set_status("t1", Status.RUNNING)
        store = self.store
        house = SimpleNamespace(
            tasks=store.tasks, runs=store.runs, events=store.events, messages=store.messages,
            board=store.board, pauses={}, ledger=store.ledger,
        )  # fmt: skip
        watch = SimpleNamespace(admission=Admission(), purse=SimpleNamespace(tell_alerts=tell))
        return Shift(
            house=cast(House, house), engine=self.engine, watch=cast(Watch, watch), settle=settle, look_after=look_after
        )


async def until(holds: Callable[[], Awaitable[bool]]) -> None:
    async with asyncio.timeout(5):
        while not await holds():
            await asyncio.sleep(0)


async def test_a_run_whose_stopper_died_before_it_ended_is_ended_by_the_next_start() -> None:
    yard = Yard()
    shift = await yard.begun()
    await yard.engine.cancel("t1-1")
    await shift.begin()

    async def is_over() -> bool:
        return (await yard.store.tasks.task("t1")).outcome is not None

    await until(is_over)
    outcome = (await yard.store.tasks.task("t1")).outcome
    assert outcome is not None
    assert outcome.name is OutcomeName.CANCELLED
    await shift.end()


async def test_a_run_that_is_being_stopped_is_left_to_who_stops_it(monkeypatch: pytest.MonkeyPatch) -> None:
    yard = Yard()
    shift = await yard.begun()
    await shift.begin()
    await yard.engine.cancel("t1-1")
    for _ in range(20):
        await asyncio.sleep(0)
    await shift.sweep()
    await asyncio.sleep(0)
    assert (await yard.store.tasks.task("t1")).outcome is None
    monkeypatch.setattr(shifts, "STOPPED_SECONDS", -1.0)
    await shift.sweep()

    async def is_over() -> bool:
        return (await yard.store.tasks.task("t1")).outcome is not None

    await until(is_over)
    await shift.end()


async def test_a_sweep_that_breaks_is_not_the_last_one(monkeypatch: pytest.MonkeyPatch) -> None:
    looks = 0

    async def look() -> None:
        nonlocal looks
        looks += 1
        if looks == 2:
            raise KeyError("a fault")

    monkeypatch.setattr(shifts, "SWEEP_SECONDS", 0.0)
    shift = await Yard().begun(look)
    await shift.begin()

    async def has_gone_on() -> bool:
        return looks > 3

    await until(has_gone_on)
    await shift.end()
