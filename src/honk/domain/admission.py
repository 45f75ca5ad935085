"""Who works next, and what keeps new work from beginning. Pure."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

GIB = 1 << 30
AGENTS_PER_CORE = 2
"""An agent waits for its model most of the time."""
BYTES_PER_AGENT = GIB
"""Its program, and the tests that it runs."""
BYTES_OF_THE_HOUSE = GIB


@dataclass(frozen=True, slots=True, kw_only=True)
class Ticket:
    """A run that wants a slot."""

    run_id: str
    task_id: str
    lane: str
    """One run at a time in each: the task that began what a branch carries, whoever goes on with it."""
    is_replay: bool
    created_at: datetime

    @property
    def rank(self) -> tuple[bool, datetime, str]:
        """The order of the line: people first, then by age."""
        return self.is_replay, self.created_at, self.run_id


@dataclass(frozen=True, slots=True, kw_only=True)
class Room:
    """What the machine has left, and below which new work waits."""

    free_disk_bytes: int
    free_memory_bytes: int
    least_disk_bytes: int
    least_memory_bytes: int


def slots_of(agents: int, cores: int, memory_bytes: int) -> int:
    """How many agents work at once: as many as were set, else two a core, as far as each finds a GiB of memory."""
    if agents > 0:
        return agents
    by_memory = (memory_bytes - BYTES_OF_THE_HOUSE) // BYTES_PER_AGENT
    return max(1, min(AGENTS_PER_CORE * cores, by_memory))


def in_line(tickets: Iterable[Ticket]) -> Sequence[Ticket]:
    """First come, first served; replays and campaigns behind everybody's own requests."""
    return sorted(tickets, key=lambda ticket: ticket.rank)


def next_of(line: Iterable[Ticket], busy_lanes: Collection[str]) -> Ticket | None:
    """The first whose lane is free."""
    return next((ticket for ticket in line if ticket.lane not in busy_lanes), None)


def why_wait(room: Room) -> str | None:
    """What new work waits for; None where there is room. The words change with no byte: they are told once."""
    if room.free_disk_bytes < room.least_disk_bytes:
        least = room.least_disk_bytes >> 20
        return f"room on the disk: below {least} MiB nothing new begins (honk gc gives some back)"
    if room.free_memory_bytes < room.least_memory_bytes:
        return f"memory: below {room.least_memory_bytes >> 20} MiB nothing new begins"
    return None
