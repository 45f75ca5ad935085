"""The lookout: what people may see of the team's work. Only reads; what is not theirs is not there for them."""

from collections.abc import AsyncGenerator, AsyncIterator, Collection, Mapping, Sequence
from datetime import datetime

from honk.domain.board import Filters, Lane, Listed, Scored, Watcher
from honk.domain.people import EVERYWHERE, Act, Visitor, why_not
from honk.insight.sheet import Sheet
from honk.store import NotFound, TaskEvent
from honk.workflows.sights import Sights

PAGE = 50
"""Tasks on one page of a lane."""


class Lookout:
    """Handed out by the team's desk."""

    def __init__(self, sights: Sights) -> None:
        self._sights = sights

    async def sheet(self, visitor: Visitor, task_id: str) -> Sheet:
        """A task's whole story.

        Raises:
            NotFound: there is none, or none that this person may know of: both in the same words.
        """
        if not await self._sights.listed(watcher_of(visitor), {task_id}):
            raise NotFound(f"No task is called {task_id!r}.")
        return await self._sights.sheet(task_id)

    async def log(self, visitor: Visitor, task_id: str, key: str) -> bytes:
        """Raises NotFound."""
        return await self._sights.log(await self.sheet(visitor, task_id), key)

    async def page(
        self, visitor: Visitor, filters: Filters, lane: Lane, *, before: str | None = None
    ) -> Sequence[Listed]:
        """At most `PAGE` of a lane, the newest first; with `before`, those behind that task."""
        return await self._sights.page(watcher_of(visitor), filters, lane, before=before, limit=PAGE)

    async def counts(self, visitor: Visitor, filters: Filters) -> Mapping[Lane, int]:
        """How many there are in each lane."""
        return await self._sights.counts(watcher_of(visitor), filters)

    async def listed(self, visitor: Visitor, task_ids: Collection[str]) -> Sequence[Listed]:
        """Tasks as the board has them, without those that this person may not know of."""
        return await self._sights.listed(watcher_of(visitor), task_ids)

    async def people(self, visitor: Visitor) -> Mapping[str, str]:
        """Who asked for what this person sees: names by ids."""
        return await self._sights.people(watcher_of(visitor))

    async def asked(self, visitor: Visitor) -> Sequence[tuple[str, str]]:
        """What was asked where, as far as this person sees it."""
        return await self._sights.asked(watcher_of(visitor))

    async def scores(self, visitor: Visitor, since: datetime | None) -> Sequence[Scored]:
        """Tasks that were asked for since then, with what they came to."""
        return await self._sights.scores(watcher_of(visitor), since)

    def watch(self) -> AsyncIterator[frozenset[str]]:
        """Ids of tasks that may stand elsewhere on the board, whoever may see them: ask `listed` before you tell."""
        return self._sights.watch()

    def follow_on(self, sheet: Sheet) -> AsyncGenerator[TaskEvent]:
        """What happens to the task behind this state of it, also after its end."""
        return self._sights.follow_on(sheet.task.task_id, sheet.last)


def watcher_of(visitor: Visitor) -> Watcher:
    """What decides what is shown to this person, and where on the board."""
    member = visitor.member
    is_owner = why_not(visitor, Act.ADMINISTER, EVERYWHERE) is None
    approves = frozenset(place for place in member.grants if why_not(visitor, Act.APPROVE, place) is None)
    return Watcher(
        person_id=member.person_id,
        has_unsigned=is_owner,
        sees=member.readable(),
        approves=None if EVERYWHERE in approves else approves,
    )
