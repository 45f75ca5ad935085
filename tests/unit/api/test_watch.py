"""A stream of events: it says that it lives, it ends, and it lets go."""

import asyncio
from collections.abc import AsyncGenerator

import pytest

from honk.api.watch import told
from honk.store import TaskEvent
from honk.testing.store_rules import NOON

pytestmark = pytest.mark.anyio
HOSTILE = "</script>\n\ndata: {}\x1b[31m\u202e caf\udce9"


def event(sequence: int, text: str = "x") -> TaskEvent:
    return TaskEvent(task_id="t1", sequence=sequence, kind="said", body={"text": text}, at=NOON)


class Source:
    """Tells what it has, then waits for ever; remembers that it was let go."""

    def __init__(self, *events: TaskEvent) -> None:
        self._events = events
        self.is_free = False

    async def follow(self) -> AsyncGenerator[TaskEvent, None]:
        try:
            for one in self._events:
                yield one
            await asyncio.Event().wait()
        finally:
            self.is_free = True


async def ended() -> AsyncGenerator[TaskEvent, None]:
    yield event(1, HOSTILE)


async def test_a_stream_ends_behind_its_last_event_and_cannot_be_broken_by_words() -> None:
    frames = [frame async for frame in told(ended(), 60)]
    assert [frame.split(b"\n")[0] for frame in frames] == [b"retry: 2000", b"id: 1", b"event: end"]
    assert frames[1].count(b"\n") == 4
    assert frames[1].isascii()


async def test_a_silent_stream_says_that_it_lives_and_lets_go_when_its_reader_does() -> None:
    source = Source(event(1))
    stream = told(source.follow(), 0.001)
    frames = [await anext(stream) for _ in range(4)]
    assert frames[1].startswith(b"id: 1\n")
    assert frames[2:] == [b": still here\n\n"] * 2
    assert not source.is_free
    await stream.aclose()
    assert source.is_free


async def test_a_reader_that_is_cut_off_lets_go_as_well() -> None:
    source = Source()
    stream = told(source.follow(), 60)
    await anext(stream)
    reading = asyncio.create_task(anext(stream))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    reading.cancel()
    await asyncio.wait({reading})
    assert source.is_free
