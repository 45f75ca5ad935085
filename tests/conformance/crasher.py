"""`crasher.py HOME PLAN FATAL`: a process that runs a workflow of three steps, and dies in the one named FATAL."""

import asyncio
import os
import signal
import sys
from pathlib import Path

from honk.engine import StepFailed, Steps
from honk.engine.dbos import DBOSEngine
from honk.store.database import Database, migrate

HOME, PLAN, FATAL = Path(sys.argv[1]), sys.argv[2], sys.argv[3]
in_two = asyncio.Event()


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
        in_two.set()
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


async def main() -> None:
    await migrate(HOME / "honk.db")
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
        note("status", str(await engine.status("id")))
    elif PLAN == "stop_in_two":
        await in_two.wait()
    else:
        await engine.wait("id")
    await engine.stop()
    await database.close()


asyncio.run(main())
