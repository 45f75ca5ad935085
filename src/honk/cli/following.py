"""Follows a task to its end. Ctrl-C once stops the task, twice leaves at once."""

import asyncio
import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from honk.cli import exit_codes
from honk.cli.facts import Line, Tone
from honk.cli.progress import View

if TYPE_CHECKING:
    from honk.app import App, RunResult


async def follow_to_end(app: "App", task_id: str, view: View) -> "RunResult":
    """Show what happens until there is an outcome.

    Interrupted once, the task is stopped and ends as cancelled, its work kept; interrupted again, the program leaves
    at once and the task can be resumed.
    """
    async with asyncio.TaskGroup() as group:

        def stop() -> None:
            view.tell(Line(text="stopping; what was done is kept. Ctrl-C again leaves at once.", tone=Tone.UNSURE))
            group.create_task(app.stop(task_id))

        def leave() -> None:
            view.__exit__(None, None, None)
            view.tell(Line(text=f"left. Go on with: honk task resume {task_id}", tone=Tone.UNSURE))
            os._exit(exit_codes.CANCELLED)

        with view, on_interrupt(stop, leave):
            async for event in app.follow(task_id):
                view.show(event)
    return await app.result(task_id)


@contextmanager
def on_interrupt(first: Callable[[], None], second: Callable[[], None]) -> Iterator[None]:
    """Answer Ctrl-C inside the running loop: the first time with `first`, from then on with `second`."""
    loop = asyncio.get_running_loop()
    waiting = iter((first,))

    def interrupted() -> None:
        next(waiting, second)()

    loop.add_signal_handler(signal.SIGINT, interrupted)
    try:
        yield
    finally:
        loop.remove_signal_handler(signal.SIGINT)
