"""Where the installation as a whole stands."""

from dataclasses import dataclass
from datetime import datetime

from honk.domain.quota import Budget

INSTALLATION = "installation"
"""The stream of events that belong to no task: freezing, the breaker, alerts. Administrators read it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Frost:
    """Why nothing goes out."""

    why: str
    since: datetime
    who: str
    is_restored: bool
    """After a restore the differences are told before it is lifted, and what was under way ends."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """For administrators and the health page."""

    frost: Frost | None
    breaker: str | None
    """What the whole installation waits for; None where nothing is broken."""
    slots: int
    running: int
    queued: int
    free_disk_bytes: int
    free_memory_bytes: int
    budget: Budget
    """Of the whole installation."""

    @property
    def is_frozen(self) -> bool:
        """Whether nothing goes out."""
        return self.frost is not None
