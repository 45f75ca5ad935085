"""The port of previews: what was shown of which commit, and where each stands."""

from collections.abc import Collection, Sequence
from typing import Protocol

from honk.domain.preview import Preview, PreviewState
from honk.store.conversation import Fact


class Previews(Protocol):
    """One row for each commit of a task that was shown, or was to be. One process writes them."""

    async def save(self, preview: Preview, facts: Sequence[Fact] = ()) -> None:
        """Insert or replace by its label, with the events that tell of it, in one transaction."""
        ...

    async def get(self, label: str) -> Preview | None: ...

    async def of_task(self, task_id: str) -> Sequence[Preview]:
        """In the order they were made."""
        ...

    async def standing(self, states: Collection[PreviewState]) -> Sequence[Preview]:
        """Those in one of the states, in the order they were made."""
        ...
