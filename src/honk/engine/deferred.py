"""An engine that is loaded with the first work: reading verbs never pay for it."""

import asyncio
from collections.abc import Callable

from honk.engine import Engine, EngineError, Workflow, WorkflowStatus


class DeferredEngine:
    """Port `Engine` in front of the real one, which `start` makes in a thread and starts on the caller's loop."""

    def __init__(self, make: Callable[[], Engine]) -> None:
        self._make = make
        self._workflows: dict[str, Workflow] = {}
        self._real: Engine | None = None
        self._starting = asyncio.Lock()

    def register(self, name: str, workflow: Workflow) -> None:
        """Raises EngineError after `start`."""
        if self._real is not None:
            raise EngineError(f"The workflow {name} was registered after the engine's start.")
        self._workflows[name] = workflow

    async def start(self) -> None:
        """Launch; a second call does nothing."""
        async with self._starting:
            if self._real is None:
                real = await asyncio.to_thread(self._make)
                for name, workflow in self._workflows.items():
                    real.register(name, workflow)
                await real.start()
                self._real = real

    async def take_over(self) -> tuple[str, ...]:
        """See the port."""
        return await self._started().take_over()

    async def resume(self, workflow_id: str) -> None:
        """See the port."""
        await self._started().resume(workflow_id)

    async def stop(self) -> None:
        """See the port; nothing where nothing was started."""
        if self._real is not None:
            await self._real.stop()
            self._real = None

    def enlist(self, name: str, workflow_id: str, argument: str) -> Callable[[object], None]:
        """See the port."""
        return self._started().enlist(name, workflow_id, argument)

    async def wait(self, workflow_id: str) -> WorkflowStatus:
        """See the port."""
        return await self._started().wait(workflow_id)

    async def status(self, workflow_id: str) -> WorkflowStatus | None:
        """See the port."""
        return await self._started().status(workflow_id)

    async def cancel(self, workflow_id: str) -> None:
        """See the port."""
        await self._started().cancel(workflow_id)

    def _started(self) -> Engine:
        if self._real is None:
            raise EngineError("The engine was not started.")
        return self._real
