"""A service's hours: everything that was begun goes on, and every run is seen to its end by somebody."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field

from honk.base.clock import monotonic_seconds
from honk.base.errors import HonkError
from honk.domain.listing import ALL, Listing
from honk.domain.task import Outcome, OutcomeName, Status
from honk.engine import Engine, WorkflowStatus
from honk.store import Run
from honk.workflows.house import House
from honk.workflows.keep import KEEP_SECONDS, finish_stopped
from honk.workflows.record import Record
from honk.workflows.watch import Watch

SWEEP_SECONDS = 10.0
"""How soon a task that lost its leg is found."""
STOPPED_SECONDS = KEEP_SECONDS + SWEEP_SECONDS
"""Whoever stops a run of ours has ended it by then."""
_LOST = Outcome(
    name=OutcomeName.FAILED,
    reason="Honk lost what it knew of this run's steps, so it cannot go on. The agent's work is kept with the task. "
    "Try it again.",
)
_log = logging.getLogger("honk.shift")


@dataclass(slots=True, kw_only=True)
class Shift:
    """While it is on, no run ends without an outcome."""

    house: House
    engine: Engine
    watch: Watch
    settle: Callable[[str], Awaitable[None]]
    """Waits for a leg's end, and gives the run an outcome where it broke."""
    look_after: Sequence[Callable[[], Awaitable[None]]] = ()
    """What else is done every few seconds."""
    at_leisure: Callable[[], Awaitable[object]] | None = None
    """What nobody waits for: done now and then, never at the start."""
    _watched: dict[str, asyncio.Task[None]] = field(default_factory=dict)
    _stopped: dict[str, float] = field(default_factory=dict)
    """Runs without an outcome whose workflow was cancelled, and since when that is known here."""
    _sweeping: asyncio.Task[None] | None = None

    async def begin(self) -> None:
        """Go on with what a process before this one left, and look again every few seconds."""
        await self.engine.start()
        await self.watch.admission.begin([run.workflow_id for run in await self._unended()])
        await self.engine.take_over()
        await self.sweep()
        self._sweeping = asyncio.create_task(self._sweep_on())

    async def end(self) -> None:
        """Watch nothing any more. What runs is taken over by the next start."""
        for task in (*self._watched.values(), *([self._sweeping] if self._sweeping else [])):
            task.cancel()
            with suppress(asyncio.CancelledError, HonkError):
                await task
        await self.watch.admission.end()

    async def sweep(self) -> None:
        """Watch every run that has begun and not ended; one whose workflow lies still is resumed, one whose workflow is
        nowhere ends with that as the reason, and one that was stopped ends so where nobody is at that."""
        for run in await self._unended():
            watching = self._watched.get(run.workflow_id)
            if watching is None or watching.done():
                await self._see_to(run)
        for look in self.look_after:
            await look()

    async def _see_to(self, run: Run) -> None:
        status = await self.engine.status(run.workflow_id)
        if status is None:
            await (await Record.load(self.house, run.run_id)).finish(_LOST)
        elif status is WorkflowStatus.CANCELLED:
            since = self._stopped.setdefault(run.workflow_id, monotonic_seconds())
            if self._sweeping is None or monotonic_seconds() - since > STOPPED_SECONDS:
                self._watched[run.workflow_id] = asyncio.create_task(self._end_stopped(run))
        else:
            await self.engine.resume(run.workflow_id)
            self._watched[run.workflow_id] = asyncio.create_task(self._watch(run.workflow_id))

    async def _end_stopped(self, run: Run) -> None:
        """Whoever stopped it died before its work was kept."""
        try:
            await finish_stopped(self.house, run.run_id)
        except HonkError as error:
            _log.warning("%s was stopped, and could not be ended: %s", run.workflow_id, error)
        finally:
            self._watched.pop(run.workflow_id, None)
            self._stopped.pop(run.workflow_id, None)

    async def _unended(self) -> list[Run]:
        """The runs of all tasks that have begun or wait in line."""
        return [
            await self.house.runs.latest_run(task.task_id)
            for status in (Status.QUEUED, Status.RUNNING)
            for task in await self.house.tasks.find(Listing(status=status, limit=ALL))
        ]

    async def _watch(self, workflow_id: str) -> None:
        try:
            await self.settle(workflow_id)
            await self.watch.purse.tell_alerts()
        except HonkError as error:
            _log.warning("%s halted: %s", workflow_id, error)
        finally:
            self._watched.pop(workflow_id, None)

    async def _sweep_on(self) -> None:
        while True:
            await asyncio.sleep(SWEEP_SECONDS)
            try:
                await self.sweep()
                if self.at_leisure is not None:
                    await self.at_leisure()
            except HonkError as error:
                _log.warning("the sweep could not look: %s", error)
            except Exception:  # noqa: BLE001 - a fault of ours in one sweep must not be the last one
                _log.exception("the sweep broke")
