"""Follows a task to its end. Ctrl-C once stops it, twice leaves at once; other signals leave it to be resumed."""

import asyncio
import contextlib
import os
import signal
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from honk.cli import exit_codes
from honk.cli.facts import Line, Tone
from honk.cli.progress import View, choose_view
from honk.store import TaskEvent

if TYPE_CHECKING:
    from honk.app import RunResult
    from honk.client import TaskDesk


class Followed(Protocol):
    """What is asked of a desk by whoever follows a task."""

    def follow(self, task_id: str, after: int = 0) -> AsyncIterator[TaskEvent]: ...

    async def stop(self, task_id: str) -> None: ...

    async def result(self, task_id: str) -> "RunResult": ...


async def follow_to_end(desk: "Followed", task_id: str, view: View, *, on: str = "resume") -> "RunResult":
    """Show what happens until there is an outcome.

    Interrupted once, the task is stopped and ends as cancelled, its work kept; interrupted again, the program leaves
    at once and the task can be resumed. Where nobody asked for the task's end, as when the terminal is closed, the
    machine goes down or root's side is gone (SIGHUP, SIGTERM), we leave in good order and the task can be resumed; or,
    at a server's desk (`on="follow"`), it goes on there.

    Raises:
        SystemExit: left by a signal; its code is 128 and the signal's number.
    """
    with on_farewell() as farewell:
        try:
            return await _follow(desk, task_id, view, on)
        except asyncio.CancelledError:
            if farewell.number is None:
                raise
            with contextlib.suppress(OSError):
                view.tell(Line(text=f"left. Go on with: honk task {on} {task_id}", tone=Tone.UNSURE))
            raise SystemExit(exit_codes.of_signal(farewell.number)) from None


async def to_its_end(desk: "TaskDesk", task_id: str, *, as_json: bool) -> int:
    """The exit code of the outcome. Where this process does the work it must see to its end; at a server it only
    looks on.
    """
    from honk.cli.near_desk import NearDesk

    view = choose_view(as_json=as_json)
    if isinstance(desk, NearDesk):
        result = await follow_to_end(desk.app, task_id, view)
    else:
        result = await follow_to_end(desk, task_id, view, on="follow")
    view.finish(result)
    return exit_codes.of_outcome(result.outcome, result.verification)


async def _follow(desk: "Followed", task_id: str, view: View, on: str) -> "RunResult":
    async with asyncio.TaskGroup() as group:

        def stop() -> None:
            view.tell(Line(text="stopping; what was done is kept. Ctrl-C again leaves at once.", tone=Tone.UNSURE))
            group.create_task(desk.stop(task_id))

        def leave() -> None:
            view.__exit__(None, None, None)
            words = f"left before it was stopped. Have that finished by: honk task {on} {task_id}"
            view.tell(Line(text=words, tone=Tone.UNSURE))
            os._exit(exit_codes.CANCELLED)

        with view, on_interrupt(stop, leave):
            async for event in desk.follow(task_id):
                view.show(event)
    return await desk.result(task_id)


@dataclass(slots=True)
class Farewell:
    """The signal by which we were asked to leave."""

    number: int | None = None


@contextmanager
def on_farewell() -> Iterator[Farewell]:
    """Answer SIGTERM and SIGHUP by cancelling the task that asks, once."""
    loop, asking, farewell = asyncio.get_running_loop(), asyncio.current_task(), Farewell()

    def leave(number: int) -> None:
        if farewell.number is None and asking is not None:
            farewell.number = number
            asking.cancel()

    for number in (signal.SIGTERM, signal.SIGHUP):
        loop.add_signal_handler(number, leave, number)
    try:
        yield farewell
    finally:
        # Not undone after a farewell: a second signal must not break the good order.
        for number in (signal.SIGTERM, signal.SIGHUP) if farewell.number is None else ():
            loop.remove_signal_handler(number)


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
