"""`many.py REPOSITORY COUNT`: so many runs at once in one process that is already up, as a service has them.

Prints "ready", waits for a line, submits all, prints "done" when the last has ended well. The state folder has one
owner, so many runs at once are many tasks of one process.
"""

import asyncio
import gc
import sys
from pathlib import Path

from honk.app import App, RunRequest
from honk.bootstrap import open_app
from honk.config import read_settings
from honk.domain.evidence import Verification
from honk.domain.limits import Limits
from honk.testing.sample.script import PROMPT


async def one(app: App, repository: Path) -> None:
    """A request, followed to its end."""
    settings = read_settings()
    request = RunRequest(
        prompt=PROMPT, repo=repository, agent=settings.agent, model=settings.model.name, limits=Limits()
    )
    task = await app.submit(request)
    async for _ in app.follow(task.task_id):
        pass
    result = await app.result(task.task_id)
    if result.verification is not Verification.PASSED:
        raise RuntimeError(f"{task.task_id} came to {result.outcome}: {result.reason}")


async def main() -> None:
    """One first, so that everything is warm; then all at once."""
    repository, count = Path(sys.argv[1]), int(sys.argv[2])
    gc.set_threshold(50_000)  # as `honk` itself has it
    async with open_app(read_settings()) as app:
        await one(app, repository)
        print("ready", flush=True)
        while await asyncio.to_thread(sys.stdin.readline):
            async with asyncio.TaskGroup() as group:
                for _ in range(count):
                    group.create_task(one(app, repository))
            print("done", flush=True)


if __name__ == "__main__":
    asyncio.run(main())
