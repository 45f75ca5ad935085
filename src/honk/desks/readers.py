"""How many long answers each person has open: a stream costs a little for as long as it lasts."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from honk.base.errors import UsageError

MOST_EACH = 200
"""More than anybody has pages; a program that follows as many tasks shares one session's."""


class Crowded(UsageError):
    """This person reads as many streams as one may; no other was opened."""


@dataclass(slots=True)
class Readers:
    """One per server."""

    most_each: int = MOST_EACH
    _open: Counter[str] = field(default_factory=Counter)

    def refuse_crowd(self, person_id: str) -> None:
        """Raises:
        Crowded: so many are open already.
        """
        if self._open[person_id] >= self.most_each:
            raise Crowded(
                f"You read {self.most_each} streams of events at once, which is the most. Close a page, or a program "
                "that follows tasks, then try again."
            )

    @contextmanager
    def one(self, person_id: str) -> Iterator[None]:
        """One more, for as long as it is read."""
        self._open[person_id] += 1
        try:
            yield
        finally:
            self._open[person_id] -= 1
            if self._open[person_id] <= 0:
                del self._open[person_id]
