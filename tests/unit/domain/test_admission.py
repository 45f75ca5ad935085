"""Who works next."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from honk.domain.admission import GIB, Room, Ticket, in_line, next_of, slots_of, why_wait

NOON = datetime(2026, 1, 2, 12, tzinfo=UTC)


def a_ticket(name: str, *, after: int = 0, is_replay: bool = False, lane: str | None = None) -> Ticket:
    at = NOON + timedelta(seconds=after)
    return Ticket(run_id=f"{name}-1", task_id=name, lane=lane or name, is_replay=is_replay, created_at=at)


def test_first_come_first_served_and_replays_behind_people() -> None:
    late, early = a_ticket("late", after=9), a_ticket("early")
    replay = a_ticket("replay", after=-60, is_replay=True)
    assert in_line([replay, late, early]) == [early, late, replay]


def test_one_run_at_a_time_in_a_lane() -> None:
    first, follows, other = a_ticket("a", lane="x"), a_ticket("b", after=1, lane="x"), a_ticket("c", after=2)
    assert next_of([first, follows, other], set()) == first
    assert next_of([follows, other], {"x"}) == other
    assert next_of([follows], {"x"}) is None


@pytest.mark.parametrize(
    ("agents", "cores", "gib", "slots"), [(0, 2, 16, 4), (0, 8, 4, 3), (0, 1, 1, 1), (50, 2, 4, 50), (0, 64, 256, 128)]
)
def test_slots_are_two_a_core_as_far_as_memory_lets(agents: int, cores: int, gib: int, slots: int) -> None:
    assert slots_of(agents, cores, gib * GIB) == slots


def test_what_is_short_is_named() -> None:
    room = Room(free_disk_bytes=5 * GIB, free_memory_bytes=GIB, least_disk_bytes=GIB, least_memory_bytes=GIB)
    assert why_wait(room) is None
    assert "room on the disk" in (why_wait(replace(room, free_disk_bytes=GIB - 1)) or "")
    assert "memory" in (why_wait(replace(room, free_memory_bytes=GIB - 1)) or "")
