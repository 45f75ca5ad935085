"""What runs beside somebody else's engine runs when it is waited for, with all that it enlists."""

import pytest

from honk.base.errors import OutOfSpace, UsageError
from honk.engine import EngineError, StepFailed, Steps, WorkflowStatus
from honk.engine.at_once import AtOnceEngine

pytestmark = pytest.mark.anyio


async def test_what_was_enlisted_runs_once_when_it_is_waited_for_and_so_does_what_it_enlists() -> None:
    engine, ran = AtOnceEngine(), list[str]()

    async def second(step: Steps, argument: str) -> None:
        ran.append(argument)

    async def first(step: Steps, argument: str) -> None:
        async def act() -> str:
            return argument

        ran.append(await step("act", str, act))
        engine.enlist("second", "w2", "then")(None)

    engine.register("first", first)
    engine.register("second", second)
    for _ in range(2):
        engine.enlist("first", "w1", "one")(None)
    assert (await engine.status("w1"), ran) == (WorkflowStatus.WAITING, [])
    assert await engine.wait("w1") is WorkflowStatus.DONE
    engine.enlist("first", "w1", "again")(None)
    assert await engine.wait("w2") is WorkflowStatus.DONE
    assert ran == ["one", "then"]


async def test_an_error_comes_out_as_it_would_of_a_record_and_a_full_disk_as_itself() -> None:
    engine, seen = AtOnceEngine(), list[str]()

    async def refuse() -> None:
        raise UsageError("No.")

    async def fill() -> None:
        raise OutOfSpace("Full.")

    async def one(step: Steps, argument: str) -> None:
        try:
            await step("act", None, refuse)
        except StepFailed as error:
            seen.append(f"{error.kind}: {error}")
        if argument == "full":
            await step("act", None, fill)
        raise ValueError("a fault")

    engine.register("one", one)
    engine.enlist("one", "w1", "")(None)
    with pytest.raises(EngineError, match="a fault"):
        await engine.wait("w1")
    assert await engine.status("w1") is WorkflowStatus.FAILED
    engine.enlist("one", "w2", "full")(None)
    with pytest.raises(OutOfSpace):
        await engine.wait("w2")
    assert seen == ["UsageError: No."] * 2


async def test_what_nobody_waited_for_is_left_to_whoever_looks_next() -> None:
    engine = AtOnceEngine()

    async def never(step: Steps, argument: str) -> None:
        raise AssertionError("it ran")

    engine.register("never", never)
    engine.enlist("never", "w1", "")(None)
    await engine.cancel("w1")
    assert await engine.wait("w1") is WorkflowStatus.CANCELLED
    engine.enlist("never", "w2", "")(None)
    await engine.stop()
    assert await engine.status("w2") is None
    with pytest.raises(EngineError, match="No workflow is called"):
        await engine.wait("w2")
    with pytest.raises(EngineError, match="No workflow is registered"):
        engine.enlist("unknown", "w3", "")
    assert await engine.take_over() == ()
