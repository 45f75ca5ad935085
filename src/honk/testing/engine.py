"""An engine in memory: the rules of the port without the crash."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import TypeVar

from honk.base.errors import OutOfSpace
from honk.engine import EngineError, Workflow, WorkflowStatus
from honk.engine.steps import Act, Halted

T = TypeVar("T")


@dataclass(slots=True)
class _Known:
    name: str
    argument: str
    status: WorkflowStatus = WorkflowStatus.WAITING
    task: asyncio.Task[None] | None = None
    error: Exception | None = None
    halted: str | None = None
    records: list[str] = field(default_factory=list)
    """Of steps, in their order."""


class FakeEngine:
    """Port `Engine`. Enlisted workflows start at once; there is no transaction to join, so any connection will do."""

    def __init__(self) -> None:
        self._workflows: dict[str, Workflow] = {}
        self._known: dict[str, _Known] = {}
        self._is_started = False

    def register(self, name: str, workflow: Workflow) -> None:
        if self._is_started:
            raise EngineError(f"The workflow {name} was registered after the engine's start.")
        self._workflows[name] = workflow

    async def start(self) -> None:
        self._is_started = True

    async def take_over(self) -> tuple[str, ...]:
        return ()

    async def resume(self, workflow_id: str) -> None:
        known = self._of(workflow_id)
        if known.halted is not None:
            known.halted = None
            known.task = asyncio.create_task(self._run(known))

    async def stop(self) -> None:
        self._is_started = False
        for known in self._known.values():
            if known.task is not None:
                known.task.cancel()
                await asyncio.wait({known.task})

    def enlist(self, name: str, workflow_id: str, argument: str) -> Callable[[object], None]:
        if not self._is_started:
            raise EngineError("The engine is not started.")
        if name not in self._workflows:
            raise EngineError(f"No workflow is registered as {name}.")

        def join(_connection: object) -> None:
            if workflow_id not in self._known:
                known = self._known[workflow_id] = _Known(name, argument)
                known.task = asyncio.create_task(self._run(known))

        return join

    async def wait(self, workflow_id: str) -> WorkflowStatus:
        known = self._of(workflow_id)
        if known.task is not None:
            await asyncio.wait({known.task})
        if known.halted is not None:
            raise OutOfSpace(known.halted)
        if known.error is not None:
            raise EngineError(f"The workflow {workflow_id} broke: {known.error}") from known.error
        return known.status

    async def status(self, workflow_id: str) -> WorkflowStatus | None:
        known = self._known.get(workflow_id)
        return None if known is None else known.status

    async def cancel(self, workflow_id: str) -> None:
        known = self._of(workflow_id)
        if known.status in (WorkflowStatus.WAITING, WorkflowStatus.RUNNING):
            known.status = WorkflowStatus.CANCELLED
            if known.task is not None:
                known.task.cancel()
                await asyncio.wait({known.task})

    def _of(self, workflow_id: str) -> _Known:
        if workflow_id not in self._known:
            raise EngineError(f"No workflow is called {workflow_id}.")
        return self._known[workflow_id]

    async def _run(self, known: _Known) -> None:
        known.status = WorkflowStatus.RUNNING
        try:
            await self._workflows[known.name](_Steps(known.records), known.argument)
        except (Halted, OutOfSpace) as halt:
            known.status, known.halted = WorkflowStatus.WAITING, str(halt)
        except Exception as error:  # noqa: BLE001 - whatever a workflow raises is how it ended
            known.status, known.error = WorkflowStatus.FAILED, error
        else:
            known.status = WorkflowStatus.DONE


class _Steps:
    """Port `Steps`: results go through JSON as in the real one, so that what would not survive shows."""

    def __init__(self, records: list[str]) -> None:
        self._records = records
        self._at = 0

    async def __call__(self, name: str, returns: type[object] | None, act: Callable[[], Awaitable[T]]) -> T:
        step = Act(returns, act)
        if self._at == len(self._records):
            self._records.append(await step.record())
        self._at += 1
        result: T = step.replay(self._records[self._at - 1])
        return result
