"""What a session tells, in order, for whoever follows it."""

import asyncio
from collections.abc import AsyncIterator

from honk.agent import Ended, Event


class EventQueue:
    """One session's events. It is over with `Ended`, which comes last and once."""

    def __init__(self) -> None:
        self._waiting: asyncio.Queue[Event] = asyncio.Queue()
        self._is_over = False

    @property
    def is_over(self) -> bool:
        """Whether the end was told, be it read or not."""
        return self._is_over

    def tell(self, event: Event) -> None:
        """Add it; never waits."""
        self._is_over = self._is_over or isinstance(event, Ended)
        self._waiting.put_nowait(event)

    async def events(self) -> AsyncIterator[Event]:
        """As they come, up to the end; nothing for who comes after that was read."""
        while not (self._is_over and self._waiting.empty()):
            event = await self._waiting.get()
            yield event
            if isinstance(event, Ended):
                return
