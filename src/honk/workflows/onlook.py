"""A task's events for somebody who only looks, while somebody else sees to the run's end."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing, suppress

from honk.domain.task import Status, Task
from honk.store import TaskEvent
from honk.workflows.house import House

LAST = "outcome"
"""The kind behind which nothing comes."""


async def look_on(house: House, task: Task, after: int = 0) -> AsyncGenerator[TaskEvent, None]:
    """Those after the number as they come, to the outcome. Where that was told before the number, none."""
    if task.status is Status.FINISHED:
        told = await house.events.read(task.task_id)
        if any(event.kind == LAST for event in told):
            for event in told:
                if event.sequence > after:
                    yield event
            return
    async with aclosing(house.events.follow(task.task_id, after)) as coming:
        async for event in coming:
            yield event
            if event.kind == LAST:
                return


async def unless_failed(events: AsyncIterator[TaskEvent], settling: "asyncio.Task[None]") -> AsyncIterator[TaskEvent]:
    """The events, until the settling fails: its error ends them."""
    while True:
        coming = asyncio.ensure_future(anext(events))
        try:
            await asyncio.wait({coming, settling}, return_when=asyncio.FIRST_COMPLETED)
            if settling.done() and settling.exception() is not None:
                settling.result()
            yield await coming
        finally:
            coming.cancel()
            with suppress(asyncio.CancelledError, StopAsyncIteration):
                await coming
