"""Port `Previews` in memory."""

from collections.abc import Collection, Sequence

from honk.domain.preview import Preview, PreviewState
from honk.store import Events
from honk.store.conversation import Fact


class FakePreviews:
    """Rows by their labels."""

    def __init__(self, events: Events) -> None:
        self._events = events
        self._rows: dict[str, Preview] = {}

    async def save(self, preview: Preview, facts: Sequence[Fact] = ()) -> None:
        self._rows[preview.label] = preview
        for fact in facts:
            await self._events.append(preview.task_id, fact.kind, fact.body, fact.key)

    async def get(self, label: str) -> Preview | None:
        return self._rows.get(label)

    async def of_task(self, task_id: str) -> Sequence[Preview]:
        return [one for one in self._in_order() if one.task_id == task_id]

    async def standing(self, states: Collection[PreviewState]) -> Sequence[Preview]:
        return [one for one in self._in_order() if one.state in states]

    def _in_order(self) -> list[Preview]:
        return sorted(self._rows.values(), key=lambda one: (one.created_at, one.label))
