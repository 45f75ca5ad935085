"""`many.py begin|resume HOME REPO COUNT`: so many runs at once in one process, begun, or gone on with to their ends."""

import asyncio
import sys
from pathlib import Path

from desk import OLD, RIGHT, Desk, open_desk

from honk.app import RunRequest
from honk.domain.limits import Limits

AGENT = f"command:sh -c \"cat >/dev/null; sed -i 's/{OLD}/{RIGHT}/' calc.py\""


async def begin(desk: Desk, repo: Path, count: int) -> list[str]:
    asked = [
        RunRequest(prompt=f"Make add() add, {number}", repo=repo, agent=AGENT, model="sonnet", limits=Limits())
        for number in range(count)
    ]
    return [(await desk.app.submit(one)).task_id for one in asked]


async def resume(desk: Desk, repo: Path, count: int) -> list[str]:
    left = [task.task_id for task in await desk.app.interrupted()]
    for task_id in left:
        await desk.app.resume(task_id)
    return left


async def main(what: str, home: str, repo: str, count: str) -> None:
    async with open_desk(Path(home), {}) as desk:
        task_ids = await {"begin": begin, "resume": resume}[what](desk, Path(repo), int(count))
        print("all are begun", flush=True)

        async def follow(task_id: str) -> None:
            async for event in desk.app.follow(task_id):
                if event.kind == "outcome":
                    print(f"{task_id} ended: {event.body['outcome']}", flush=True)

        async with asyncio.TaskGroup() as group:
            for task_id in task_ids:
                group.create_task(follow(task_id))


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
