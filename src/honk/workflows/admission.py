"""Lets runs begin: as many at once as there are slots, in the order they were asked for."""

from pathlib import Path

from honk.domain.admission import Ticket


class Admission:
    """One per process."""

    def __init__(self, *, home: Path, slots: int) -> None:
        self.slots = slots
        self._home = home
        self._line: list[Ticket] = []
        self._at_work: dict[str, Ticket] = {}

    @property
    def running(self) -> int:
        """Runs that have a slot."""
        return len(self._at_work)

    @property
    def queued(self) -> int:
        """Runs that wait for one."""
        return len(self._line)

    @property
    def broken(self) -> str | None:
        """What the whole installation waits for."""
        return None

    def position(self, task_id: str) -> int | None:
        """Its place in line, from 1; None where it is in none."""
        return next((number for number, one in enumerate(self._line, 1) if one.task_id == task_id), None)

    async def look(self) -> None:
        """See at once whether anything holds everything, or does so no more."""
