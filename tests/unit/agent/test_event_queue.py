"""Events in order, up to the end, whenever somebody comes to read."""

import pytest

from honk.agent import Ended, Said
from honk.agent.event_queue import EventQueue

pytestmark = pytest.mark.anyio
END = Ended(turns=1)


async def test_what_was_told_before_anybody_reads_is_read_up_to_the_end() -> None:
    queue = EventQueue()
    for word in ("one", "two"):
        queue.tell(Said(text=word))
    assert not queue.is_over
    queue.tell(END)
    assert queue.is_over
    assert [event async for event in queue.events()] == [Said(text="one"), Said(text="two"), END]


async def test_who_leaves_early_goes_on_where_they_left_and_who_comes_after_the_end_hears_nothing() -> None:
    queue = EventQueue()
    queue.tell(Said(text="one"))
    queue.tell(END)
    async for event in queue.events():
        assert event == Said(text="one")
        break
    assert [event async for event in queue.events()] == [END]
    assert [event async for event in queue.events()] == []
