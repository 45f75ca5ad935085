"""honk task follow, say, stop, retry: a task that is there, at a server or here."""

import sys
from typing import Annotated

import typer

from honk.cli.exit_codes import OK

OfServer = Annotated[
    str | None,
    typer.Option("--server", help="The server's address (HONK_SERVER); a token comes from HONK_TOKEN or its file."),
]
TaskName = Annotated[str, typer.Argument(help="The task's id, or its beginning.")]
AsJson = Annotated[bool, typer.Option("--json", help="One JSON object a line; the last is the result.")]


def follow(task: TaskName, as_json: AsJson = False, server: OfServer = None) -> None:
    """Show what happens to a task, from its beginning to its end. Ctrl-C leaves; the task goes on.

    Exit codes as of `honk run`; 130 where you left.
    """
    from honk.cli.desk import run_async

    raise typer.Exit(run_async(_follow(server, task, as_json=as_json)))


def say(
    task: TaskName,
    text: Annotated[str, typer.Argument(help="In quotes; - reads standard input.")],
    server: OfServer = None,
) -> None:
    """Say something to the agent: it is handed over at once, or when the task goes on. After the task's end it begins
    a linked one, with the old request and the kept work.

    Exit codes: 0 taken; where it began a task in the state folder itself, those of `honk run`.
    """
    from honk.cli.desk import run_async
    from honk.cli.run import read_prompt

    raise typer.Exit(run_async(_say(server, task, read_prompt(text, sys.stdin.buffer))))


def stop(task: TaskName, server: OfServer = None) -> None:
    """End a task as cancelled: the agent is gone within 2 s, its work is kept. Ended already: nothing.

    Exit codes: 0 it has ended, 2 refused.
    """
    from honk.cli.desk import run_async

    run_async(_stop(server, task))


def retry(task: TaskName, as_json: AsJson = False, server: OfServer = None) -> None:
    """Do an ended task again, as a linked one, and follow it. Exit codes as of `honk run`."""
    from honk.cli.desk import run_async

    raise typer.Exit(run_async(_retry(server, task, as_json=as_json)))


async def _follow(server: str | None, task_id: str, *, as_json: bool) -> int:
    from honk.cli.desk import task_desk
    from honk.cli.exit_codes import of_outcome
    from honk.cli.progress import choose_view

    view = choose_view(as_json=as_json)
    async with task_desk(server) as desk:
        task = await desk.task(task_id)
        with view:
            async for event in desk.follow(task.task_id):
                view.show(event)
        result = await desk.result(task.task_id)
        view.finish(result)
    return of_outcome(result.outcome, result.verification)


async def _say(server: str | None, task_id: str, text: str) -> int:
    from honk.cli.desk import task_desk
    from honk.cli.facts import Line
    from honk.cli.following import to_its_end
    from honk.cli.near_desk import NearDesk
    from honk.cli.progress import print_lines

    async with task_desk(server, works=True) as desk:
        is_near = isinstance(desk, NearDesk)
        said = await desk.say((await desk.task(task_id)).task_id, text)
        if not said.has_begun:
            on = f" It is heard when the task goes on: honk task resume {said.task_id}" if is_near else ""
            print_lines([Line(text=f"Said to task {said.task_id}.{on}")])
            return OK
        print_lines([Line(text=f"The task had ended; task {said.task_id} goes on with its work.")])
        if not is_near:
            print_lines([Line(text=f"See it: honk task follow {said.task_id}")])
            return OK
        return await to_its_end(desk, said.task_id, as_json=False)


async def _stop(server: str | None, task_id: str) -> None:
    from honk.cli.desk import task_desk
    from honk.cli.facts import Line
    from honk.cli.progress import print_lines

    async with task_desk(server, works=True) as desk:
        task = await desk.task(task_id)
        await desk.stop(task.task_id)
        task = await desk.task(task.task_id)
    reason = f" {task.outcome.reason}" if task.outcome else ""
    print_lines([Line(text=f"Task {task.task_id}: {task.outcome.name if task.outcome else task.status}.{reason}")])


async def _retry(server: str | None, task_id: str, *, as_json: bool) -> int:
    from honk.cli.desk import task_desk
    from honk.cli.following import to_its_end

    async with task_desk(server, works=True) as desk:
        again = await desk.retry((await desk.task(task_id)).task_id)
        return await to_its_end(desk, again.task_id, as_json=as_json)
