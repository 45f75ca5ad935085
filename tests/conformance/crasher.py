"""`crasher.py HOME PLAN[:FATAL]...`: a process per plan, one after the other; it dies within the step named FATAL.

They are forked from one that has imported everything, which takes most of the time.
"""

import asyncio
import os
import signal
import sys
from contextlib import suppress
from pathlib import Path

from honk.engine import EngineError, StepFailed, Steps
from honk.engine.dbos import DBOSEngine
from honk.store.database import Database

HOME, PLAN, FATAL = Path(sys.argv[1]), "", ""


def note(name: str, text: str) -> None:
    with (HOME / name).open("a") as file:
        file.write(text)


async def act(name: str) -> str:
    note("acts", f"{name}\n")
    if name == FATAL:
        os.kill(os.getpid(), signal.SIGKILL)
    if name == "two" and "failing" in PLAN:
        raise KeyError(name)
    if name == "two" and PLAN == "stop_in_two":
        note("reached", "")
        await asyncio.Event().wait()
    return name


async def workflow(step: Steps, argument: str) -> None:
    results = []
    for name in ("one", "two", "three"):
        try:
            results.append(await step(name, str, lambda name=name: act(name)))
        except StepFailed as error:
            note("errors", f"{type(error).__name__} {error}\n")
    note("result", ",".join(results))
    if PLAN == "begin_broken":
        raise RuntimeError("a fault of ours")


async def main() -> None:
    database, engine = Database(HOME / "honk.db"), DBOSEngine(HOME / "honk.db")
    engine.register("workflow", workflow)
    await engine.start()
    if PLAN.startswith(("begin", "stop")):
        async with database.write() as connection:
            await connection.run_sync(engine.enlist("workflow", "id", "argument"))
    if PLAN.startswith("take_over"):
        assert await engine.take_over() == ("id",)
        assert await engine.take_over() == ()
    if PLAN == "resume":
        await engine.resume("id")
        await engine.resume("id")
    if PLAN == "start_only":
        await asyncio.sleep(0.3)  # that nothing happens needs time to be seen
        done = " ".join((HOME / "acts").read_text().split())
        note("status", f"{await engine.status('id')} after {done}")
    elif PLAN == "stop_in_two":
        while not (HOME / "reached").exists():
            await asyncio.sleep(0.01)
    elif PLAN == "begin_broken":
        with suppress(EngineError):
            await engine.wait("id")
    else:
        await engine.wait("id")
    await engine.stop()
    await database.close()


for plan in sys.argv[2:]:
    PLAN, _, FATAL = plan.partition(":")
    if (child := os.fork()) == 0:
        asyncio.run(main())
        os._exit(0)
    expected = -signal.SIGKILL if FATAL else 0
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    if code != expected:
        sys.exit(f"{plan} ended with {code}")
