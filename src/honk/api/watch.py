"""A task's events as server-sent events: from where the reader was, to the outcome."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import suppress

from anyio import CancelScope
from starlette.responses import StreamingResponse
from starlette.types import Send

from honk.base.records import dump
from honk.store import TaskEvent

MEDIA_TYPE = "text/event-stream"
HEARTBEAT_SECONDS = 15.0
"""Well below the minute after which proxies close a silent connection."""
_HEARTBEAT = b": still here\n\n"
_END = b"event: end\ndata: {}\n\n"
_BEGIN = b"retry: 2000\n\n"


class EventStream(StreamingResponse):
    """Closes what it reads from as soon as the reader is gone."""

    media_type = MEDIA_TYPE

    def __init__(
        self, events: AsyncGenerator[TaskEvent, None], *, heartbeat_seconds: float = HEARTBEAT_SECONDS
    ) -> None:
        self._told = told(events, heartbeat_seconds)
        super().__init__(self._told, headers={"cache-control": "no-store", "x-accel-buffering": "no"})

    async def stream_response(self, send: Send) -> None:
        try:
            await super().stream_response(send)
        finally:
            with CancelScope(shield=True):
                await self._told.aclose()


async def told(events: AsyncGenerator[TaskEvent, None], heartbeat_seconds: float) -> AsyncGenerator[bytes, None]:
    """The stream, byte for byte. Nothing that follows the events outlives it."""
    coming: asyncio.Task[TaskEvent | None] | None = None
    try:
        yield _BEGIN
        while True:
            coming = coming or asyncio.create_task(_next(events))
            done, _ = await asyncio.wait({coming}, timeout=heartbeat_seconds)
            if not done:
                yield _HEARTBEAT
                continue
            event, coming = coming.result(), None
            if event is None:
                break
            yield _frame(event)
        yield _END
    finally:
        with CancelScope(shield=True):  # a reader that goes away cancels us here, again and again
            if coming is not None:
                coming.cancel()
                with suppress(asyncio.CancelledError, Exception):
                    await coming
            await events.aclose()


async def _next(events: AsyncIterator[TaskEvent]) -> TaskEvent | None:
    return await anext(events, None)


def _frame(event: TaskEvent) -> bytes:
    """One line of data: JSON has no line breaks, and ASCII no way to feign one. It is an `EventOut`."""
    data = dump(TaskEvent, event)
    return f"id: {event.sequence}\nevent: {event.kind}\ndata: {data}\n\n".encode()
