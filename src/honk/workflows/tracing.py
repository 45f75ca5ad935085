"""Tells a collector of each task that has ended. No run waits for it, and no fault of it reaches one."""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass

from honk.base.errors import HonkError
from honk.insight.collector import CollectorDown
from honk.insight.kept import Kept
from honk.insight.otlp import trace_document

PAUSES_SECONDS = (1.0, 5.0)
"""Between the tries."""
_log = logging.getLogger("honk.tracing")


@dataclass(frozen=True, slots=True, kw_only=True)
class Tracing:
    """While it is on, the trace of each task that ends goes out, one after the other."""

    endings: Callable[[], AsyncIterator[frozenset[str]]]
    """Ids of tasks that have ended since the last look."""
    kept: Callable[[str], Awaitable[Kept]]
    push: Callable[[str], Awaitable[None]]
    """Raises CollectorDown."""
    clean: Callable[[str], str]
    """Strikes out what looks like a secret."""
    has_words: bool = False
    pauses: tuple[float, ...] = PAUSES_SECONDS

    @asynccontextmanager
    async def on(self) -> AsyncIterator[None]:
        """What has not gone out at its end is dropped: `honk task export --otlp` has it."""
        telling = asyncio.create_task(self._tell_on())
        try:
            yield
        finally:
            telling.cancel()
            await asyncio.wait({telling})

    async def _tell_on(self) -> None:
        async for ended in self.endings():
            for task_id in sorted(ended):
                try:
                    await self._tell(task_id)
                except HonkError as error:
                    _log.warning("the trace of task %s was not told: %s", task_id, error)
                except Exception:  # noqa: BLE001 - a fault of ours in one trace must not be the last one
                    _log.exception("the trace of task %s could not be told", task_id)

    async def _tell(self, task_id: str) -> None:
        document = self.clean(trace_document(await self.kept(task_id), has_words=self.has_words))
        for pause in self.pauses:
            try:
                return await self.push(document)
            except CollectorDown as error:
                if not error.may_try_again:
                    raise
                await asyncio.sleep(pause)
        await self.push(document)
