"""A task is watched to its end; Ctrl-C stops it and keeps the work."""

import asyncio
import io
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from typing import cast

import pytest

from honk.app import App, RunResult
from honk.cli.facts import Line
from honk.cli.following import follow_to_end
from honk.cli.progress import PlainView
from honk.domain.task import OutcomeName
from honk.store import TaskEvent

pytestmark = pytest.mark.anyio


class Desk:
    """A front desk whose task runs until somebody stops it."""

    def __init__(self, outcome: TaskEvent, result: Callable[..., RunResult]) -> None:
        self.stopped = asyncio.Event()
        self._outcome = outcome
        self._result = result

    async def follow(self, task_id: str, after: int = 0) -> AsyncIterator[TaskEvent]:
        os.kill(os.getpid(), signal.SIGINT)
        await self.stopped.wait()
        yield self._outcome

    async def stop(self, task_id: str) -> None:
        self.stopped.set()

    async def result(self, task_id: str) -> RunResult:
        return self._result(outcome=OutcomeName.CANCELLED)


class Recorder(PlainView):
    """Remembers what was told."""

    def __init__(self) -> None:
        super().__init__(io.StringIO())
        self.told: list[str] = []

    def tell(self, line: Line) -> None:
        self.told.append(line.text)


async def test_one_interrupt_stops_the_task_and_waits_for_its_end(
    event: Callable[..., TaskEvent], result: Callable[..., RunResult]
) -> None:
    desk = Desk(event("outcome", outcome="cancelled", verification="unverified"), result)
    view = Recorder()
    ended = await follow_to_end(cast(App, desk), "abc234", view)
    assert ended.outcome is OutcomeName.CANCELLED
    assert view.told == [
        "stopping; what was done is kept. Ctrl-C again leaves at once.",
        "ended: cancelled, verification unverified",
    ]


async def test_afterwards_interrupts_are_as_before(
    event: Callable[..., TaskEvent], result: Callable[..., RunResult]
) -> None:
    before = signal.getsignal(signal.SIGINT)
    await follow_to_end(cast(App, Desk(event("outcome"), result)), "abc234", Recorder())
    assert signal.getsignal(signal.SIGINT) == before or before is not signal.SIG_IGN


STUBBORN = """
import asyncio, os, signal, sys
from honk.cli.following import follow_to_end
from honk.cli.progress import PlainView

class Desk:
    async def follow(self, task_id, after=0):
        os.kill(os.getpid(), signal.SIGINT)
        await asyncio.sleep(0)
        os.kill(os.getpid(), signal.SIGINT)
        await asyncio.Event().wait()
        yield
    async def stop(self, task_id):
        await asyncio.Event().wait()

asyncio.run(follow_to_end(Desk(), "abc234", PlainView(sys.stdout)))
"""


def test_a_second_interrupt_leaves_at_once() -> None:
    done = subprocess.run([sys.executable, "-c", STUBBORN], capture_output=True, text=True, timeout=30)
    assert done.returncode == 130
    assert done.stdout.splitlines()[-1] == "left before it was stopped. Have that finished by: honk task resume abc234"
