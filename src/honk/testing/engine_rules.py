"""What every engine must do. A rule takes a bench: an engine not yet started, and a way to commit what it enlists."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from honk.base.errors import OutOfSpace
from honk.engine import Engine, EngineError, StepFailed, Steps, WorkflowStatus
from honk.testing.refusal import refusal

Commit = Callable[[Callable[[object], None]], Awaitable[None]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Bench:
    """An engine, and a transaction of the store that its enlistments can join."""

    engine: Engine
    commit: Commit
    """Runs the enlistment inside a transaction, and commits that."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """A result as the rooms have them."""

    path: str
    at: datetime
    lines: tuple[int, ...] = ()


async def results_keep_their_type(bench: Bench) -> None:
    finding = Finding(path="caf\udce9.py", at=datetime(2026, 1, 2, tzinfo=UTC), lines=(1, 2))
    seen: list[object] = []

    async def find() -> Finding:
        return finding

    async def find_nothing() -> Finding | None:
        return None

    async def workflow(step: Steps, argument: str) -> None:
        seen.append(argument)
        seen.append(await step("find", Finding, find))
        seen.append(await step("nothing", Finding, find_nothing))

    await _run(bench, workflow)
    assert seen == ["argument", finding, None]


async def acts_run_on_the_loop_that_started_the_engine(bench: Bench) -> None:
    loops = [asyncio.get_running_loop()]

    async def act() -> None:
        loops.append(asyncio.get_running_loop())

    async def workflow(step: Steps, argument: str) -> None:
        await act()
        await step("act", None, act)

    await _run(bench, workflow)
    assert len(loops) == 3
    assert len(set(loops)) == 1


async def want_of_room_halts_where_it_is_and_a_resumption_goes_on_there(bench: Bench) -> None:
    done: list[str] = []

    async def first() -> None:
        done.append("first")

    async def second() -> None:
        done.append("second")
        if done.count("second") == 1:
            raise OutOfSpace("there is no room")

    async def workflow(step: Steps, argument: str) -> None:
        await step("first", None, first)
        await step("second", None, second)
        if done.count("between") == 0:
            done.append("between")
            raise OutOfSpace("there is none between the steps either")

    assert str(await refusal(OutOfSpace, _run(bench, workflow))) == "there is no room"
    assert await bench.engine.status("id") is WorkflowStatus.WAITING
    await bench.engine.resume("id")
    assert "between the steps" in str(await refusal(OutOfSpace, bench.engine.wait("id")))
    await bench.engine.resume("id")
    assert await bench.engine.wait("id") is WorkflowStatus.DONE
    assert done == ["first", "second", "second", "between"]


async def an_act_s_error_comes_in_its_own_words(bench: Bench) -> None:
    caught: list[StepFailed] = []

    async def act() -> None:
        raise EngineError("the forge is closed")

    async def workflow(step: Steps, argument: str) -> None:
        try:
            await step("act", None, act)
        except StepFailed as error:
            caught.append(error)

    assert await _run(bench, workflow) is WorkflowStatus.DONE
    assert (str(caught[0]), caught[0].kind) == ("the forge is closed", "EngineError")
    assert isinstance(caught[0].__cause__, EngineError)


async def a_broken_workflow_tells_whoever_waits(bench: Bench) -> None:
    async def workflow(step: Steps, argument: str) -> None:
        raise ValueError("no such thing")

    error = await refusal(EngineError, _run(bench, workflow))
    assert "no such thing" in str(error)
    assert error.__cause__ is not None
    assert await bench.engine.status("id") is WorkflowStatus.FAILED


async def a_known_id_does_not_run_twice(bench: Bench) -> None:
    runs: list[str] = []

    async def workflow(step: Steps, argument: str) -> None:
        runs.append(argument)

    await _run(bench, workflow)
    await bench.commit(bench.engine.enlist("workflow", "id", "again"))
    assert await bench.engine.wait("id") is WorkflowStatus.DONE
    assert runs == ["argument"]


async def a_cancelled_act_has_ended_and_nothing_follows(bench: Bench) -> None:
    begun, trace = asyncio.Event(), list[str]()

    async def endless() -> None:
        begun.set()
        try:
            await asyncio.Event().wait()
        finally:
            trace.append("ended")

    async def workflow(step: Steps, argument: str) -> None:
        await step("endless", None, endless)
        trace.append("went on")

    await _enlist(bench, workflow)
    await begun.wait()
    assert await bench.engine.status("id") is WorkflowStatus.RUNNING
    async with asyncio.timeout(2):
        await bench.engine.cancel("id")
        assert trace == ["ended"]
        assert await bench.engine.wait("id") is WorkflowStatus.CANCELLED
    await bench.engine.cancel("id")
    assert trace == ["ended"]


async def cancelling_one_leaves_the_others_alone(bench: Bench) -> None:
    begun, go = asyncio.Semaphore(0), asyncio.Event()

    async def act() -> None:
        begun.release()
        await go.wait()

    async def workflow(step: Steps, argument: str) -> None:
        await step("act", None, act)

    await _enlist(bench, workflow)
    await bench.commit(bench.engine.enlist("workflow", "other", "argument"))
    await begun.acquire()
    await begun.acquire()
    await bench.engine.cancel("id")
    go.set()
    assert await bench.engine.wait("other") is WorkflowStatus.DONE


async def an_ended_workflow_is_not_revived(bench: Bench) -> None:
    runs: list[str] = []

    async def workflow(step: Steps, argument: str) -> None:
        runs.append(argument)

    await _run(bench, workflow)
    await bench.engine.resume("id")
    await bench.engine.cancel("id")
    assert await bench.engine.take_over() == ()
    assert await bench.engine.wait("id") is WorkflowStatus.DONE
    assert runs == ["argument"]


async def an_unknown_id_is_said_to_be_unknown(bench: Bench) -> None:
    await bench.engine.start()
    assert await bench.engine.status("id") is None
    for act in (bench.engine.wait, bench.engine.cancel, bench.engine.resume):
        await refusal(EngineError, act("id"))


async def a_start_twice_is_one_start(bench: Bench) -> None:
    async def workflow(step: Steps, argument: str) -> None:
        return

    bench.engine.register("workflow", workflow)
    await bench.engine.start()
    await bench.engine.start()
    await bench.commit(bench.engine.enlist("workflow", "id", "argument"))
    assert await bench.engine.wait("id") is WorkflowStatus.DONE


async def _enlist(bench: Bench, workflow: Callable[[Steps, str], Awaitable[None]]) -> None:
    bench.engine.register("workflow", workflow)
    await bench.engine.start()
    await bench.commit(bench.engine.enlist("workflow", "id", "argument"))


async def _run(bench: Bench, workflow: Callable[[Steps, str], Awaitable[None]]) -> WorkflowStatus:
    await _enlist(bench, workflow)
    return await bench.engine.wait("id")


ENGINE_RULES: tuple[Callable[[Bench], Awaitable[None]], ...] = (
    results_keep_their_type,
    acts_run_on_the_loop_that_started_the_engine,
    want_of_room_halts_where_it_is_and_a_resumption_goes_on_there,
    an_act_s_error_comes_in_its_own_words,
    a_broken_workflow_tells_whoever_waits,
    a_known_id_does_not_run_twice,
    a_cancelled_act_has_ended_and_nothing_follows,
    cancelling_one_leaves_the_others_alone,
    an_ended_workflow_is_not_revived,
    an_unknown_id_is_said_to_be_unknown,
    a_start_twice_is_one_start,
)
