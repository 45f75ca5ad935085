"""The port of what is on its way to production, and back."""

from collections.abc import Callable, Sequence
from typing import Protocol

from honk.domain.deployment import Deployment, Undo
from honk.store import Enlist
from honk.store.conversation import Fact

Wake = Callable[[Deployment | Undo], Enlist]
"""Enqueues the newest leg of it."""


class Deployments(Protocol):
    """One at a time in each repository. Every act is one transaction, with the events that tell of it."""

    def joining(self, deployment: Deployment, facts: Sequence[Fact], enlist: Enlist) -> Enlist:
        """Joins somebody else's transaction: the row, behind those that were merged before, and its first leg. Known
        already: nothing."""
        ...

    async def add(self, deployment: Deployment, facts: Sequence[Fact], enlist: Enlist) -> None:
        """The same in a transaction of its own."""
        ...

    async def ask(self, undo: Undo, facts: Sequence[Fact], enlist: Enlist) -> bool:
        """The row, and its first leg. False, and nothing, where this undo was asked for before."""
        ...

    async def begin(self, one: Deployment | Undo, after: Deployment | Undo, facts: Sequence[Fact] = ()) -> bool:
        """Where it stands as `one`, its leg is the newest, and it is its turn. Also True, and nothing, where it stands
        as `after` but for the times: this leg began before, and died."""
        ...

    async def turn(
        self,
        before: Deployment | Undo,
        after: Deployment | Undo,
        facts: Sequence[Fact] = (),
        wake: Wake | None = None,
        enlist: Enlist | None = None,
    ) -> bool:
        """By compare and set: False, and nothing, where it does not stand as `before` any more. With `wake`, whoever is
        next is let go on, by its next leg; with `enlist`, a leg of its own is."""
        ...

    async def wake(self, repository_id: str, wake: Wake) -> None:
        """Let whoever is next go on, by its next leg."""
        ...

    async def deployment(self, deployment_id: str) -> Deployment:
        """Raises:
        NotFound: there is none.
        """
        ...

    async def undo(self, undo_id: str) -> Undo:
        """Raises:
        NotFound: there is none.
        """
        ...

    async def of(self, repository_id: str) -> Sequence[Deployment]:
        """Those of the repository, in the order of their merges."""
        ...

    async def undos(self, repository_id: str) -> Sequence[Undo]:
        """Those of the repository, in the order they were asked for."""
        ...

    async def of_task(self, task_id: str) -> tuple[Sequence[Deployment], Sequence[Undo]]:
        """What belongs to one task."""
        ...

    async def recent(self, limit: int) -> Sequence[Deployment]:
        """Of all repositories, the newest first."""
        ...

    async def unended(self) -> Sequence[Deployment | Undo]:
        """What has no end yet."""
        ...
