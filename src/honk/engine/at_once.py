"""An engine that records nothing, for one act beside somebody else's engine: of that there is one a database.

What it runs must be safe to be begun anew, and a row must tell that it is owed: after a death whoever looks next goes
on.
"""

from collections.abc import Awaitable, Callable
from typing import TypeVar

from honk.base.errors import OutOfSpace
from honk.engine import EngineError, StepFailed, Workflow, WorkflowStatus
from honk.engine.steps import words_of

T = TypeVar("T")


class AtOnceEngine:
    """Port `Engine`: what is enlisted runs when it is waited for, in the caller's own task."""

    def __init__(self) -> None:
        self._workflows: dict[str, Workflow] = {}
        self._due: dict[str, tuple[str, str]] = {}
        self._ended: dict[str, WorkflowStatus] = {}

    def register(self, name: str, workflow: Workflow) -> None:
        """At any time."""
        self._workflows[name] = workflow

    async def start(self) -> None:
        """Nothing is to be started."""

    async def take_over(self) -> tuple[str, ...]:
        """What others left is not ours."""
        return ()

    async def resume(self, workflow_id: str) -> None:
        """What others began is not ours."""

    async def stop(self) -> None:
        """What was enlisted and not waited for is left to whoever looks next."""
        self._due.clear()

    def enlist(self, name: str, workflow_id: str, argument: str) -> Callable[[object], None]:
        """Raises EngineError for a workflow that it does not know."""
        if name not in self._workflows:
            raise EngineError(f"No workflow is registered as {name}.")

        def join(_connection: object) -> None:
            if workflow_id not in self._ended:
                self._due.setdefault(workflow_id, (name, argument))

        return join

    async def wait(self, workflow_id: str) -> WorkflowStatus:
        """Run it, and what it enlists.

        Raises:
            EngineError: it is unknown, or it broke.
            OutOfSpace: the disk is full.
        """
        while self._due:
            one = next(iter(self._due))
            name, argument = self._due.pop(one)
            await self._run(one, name, argument)
        if workflow_id not in self._ended:
            raise EngineError(f"No workflow is called {workflow_id}.")
        return self._ended[workflow_id]

    async def status(self, workflow_id: str) -> WorkflowStatus | None:
        """None for what was never enlisted here."""
        return WorkflowStatus.WAITING if workflow_id in self._due else self._ended.get(workflow_id)

    async def cancel(self, workflow_id: str) -> None:
        """Nothing runs while nobody waits."""
        if self._due.pop(workflow_id, None) is not None:
            self._ended[workflow_id] = WorkflowStatus.CANCELLED

    async def _run(self, workflow_id: str, name: str, argument: str) -> None:
        try:
            await self._workflows[name](_unrecorded, argument)
        except OutOfSpace:
            raise
        except Exception as error:
            self._ended[workflow_id] = WorkflowStatus.FAILED
            raise EngineError(f"The workflow {workflow_id} broke: {error}") from error
        self._ended[workflow_id] = WorkflowStatus.DONE


async def _unrecorded(name: str, returns: type[object] | None, act: Callable[[], Awaitable[T]]) -> T:
    """Port `Steps`: the act, and its errors as they would be after a record."""
    try:
        return await act()
    except OutOfSpace:
        raise
    except Exception as error:
        raise StepFailed(words_of(error), type(error).__name__) from error
