"""Port `Deployments` in memory, as the database keeps it."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import replace
from typing import TypeVar

from honk.domain.deployment import Deployment, Undo, next_of
from honk.store import Enlist, NotFound
from honk.store.conversation import Fact
from honk.store.production import Wake

Append = Callable[[str, str, Mapping[str, object], str | None], Awaitable[None]]

One = TypeVar("One", Deployment, Undo)
_Any = Deployment | Undo


class FakeDeployments:
    """Rows by their ids."""

    def __init__(self, append: Append) -> None:
        self.rows: dict[str, _Any] = {}
        self._told: list[tuple[str, Fact]] = []
        self._append_event = append

    def joining(self, deployment: Deployment, facts: Sequence[Fact], enlist: Enlist) -> Enlist:
        def join(connection: object) -> None:
            if deployment.deployment_id not in self.rows:
                places = [one.place for one in self._of(Deployment, deployment.repository_id)]
                self.rows[deployment.deployment_id] = replace(deployment, place=max(places, default=0) + 1)
                self._told += [(deployment.task_id, fact) for fact in facts]
                enlist(connection)

        return join

    async def add(self, deployment: Deployment, facts: Sequence[Fact], enlist: Enlist) -> None:
        self.joining(deployment, facts, enlist)(None)
        await self._append(deployment.task_id, ())

    async def ask(self, undo: Undo, facts: Sequence[Fact], enlist: Enlist) -> bool:
        if undo.undo_id in self.rows:
            return False
        self.rows[undo.undo_id] = undo
        await self._append(undo.task_id, facts)
        enlist(None)
        return True

    async def begin(self, one: _Any, after: _Any, facts: Sequence[Fact] = ()) -> bool:
        standing = self.rows.get(_id_of(one))
        if standing is None or standing.leg != one.leg:
            return False
        if standing.state == after.state:
            return True
        if standing != one or self._next(one.repository_id) != one:
            return False
        self.rows[_id_of(one)] = after
        await self._append(after.task_id, facts)
        return True

    async def turn(
        self,
        before: _Any,
        after: _Any,
        facts: Sequence[Fact] = (),
        wake: Wake | None = None,
        enlist: Enlist | None = None,
    ) -> bool:
        if self.rows.get(_id_of(before)) != before:
            return False
        self.rows[_id_of(before)] = after
        await self._append(after.task_id, facts)
        if wake is not None:
            await self.wake(after.repository_id, wake)
        if enlist is not None:
            enlist(None)
        return True

    async def wake(self, repository_id: str, wake: Wake) -> None:
        if (found := self._next(repository_id)) is not None:
            onward = replace(found, leg=found.leg + 1)
            self.rows[_id_of(found)] = onward
            wake(onward)(None)

    async def deployment(self, deployment_id: str) -> Deployment:
        found = self.rows.get(deployment_id)
        if not isinstance(found, Deployment):
            raise NotFound(f"No deployment is called {deployment_id!r}.")
        return found

    async def undo(self, undo_id: str) -> Undo:
        found = self.rows.get(undo_id)
        if not isinstance(found, Undo):
            raise NotFound(f"No undo is called {undo_id!r}.")
        return found

    async def of(self, repository_id: str) -> Sequence[Deployment]:
        return sorted(self._of(Deployment, repository_id), key=lambda one: one.place)

    async def undos(self, repository_id: str) -> Sequence[Undo]:
        return sorted(self._of(Undo, repository_id), key=lambda one: (one.created_at, one.undo_id))

    async def of_task(self, task_id: str) -> tuple[Sequence[Deployment], Sequence[Undo]]:
        mine = [one for one in self.rows.values() if one.task_id == task_id]
        deployments = [one for one in mine if isinstance(one, Deployment)]
        return sorted(deployments, key=lambda one: one.place), [one for one in mine if isinstance(one, Undo)]

    async def recent(self, limit: int) -> Sequence[Deployment]:
        found = [one for one in self.rows.values() if isinstance(one, Deployment)]
        return sorted(found, key=lambda one: one.created_at, reverse=True)[:limit]

    async def unended(self) -> Sequence[_Any]:
        return [one for one in self.rows.values() if not one.is_over]

    def _of(self, kind: type[One], repository_id: str) -> list[One]:
        return [one for one in self.rows.values() if isinstance(one, kind) and one.repository_id == repository_id]

    def _next(self, repository_id: str) -> _Any | None:
        return next_of(self._of(Deployment, repository_id), self._of(Undo, repository_id))

    async def _append(self, task_id: str, facts: Sequence[Fact]) -> None:
        for owner, fact in (*self._told, *((task_id, fact) for fact in facts)):
            await self._append_event(owner, fact.kind, fact.body, fact.key)
        self._told.clear()


def _id_of(one: _Any) -> str:
    return one.deployment_id if isinstance(one, Deployment) else one.undo_id
