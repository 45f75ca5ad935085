"""What becomes of a change that a person wants to ship: who said yes, what it waits for, how it ended."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from honk.domain.evidence import Examination
from honk.domain.task import Person


@dataclass(frozen=True, slots=True, kw_only=True)
class Approval:
    """A person's yes to one commit of a pull request."""

    approval_id: str
    number: int
    """Of the pull request."""
    person: Person
    head_sha: str
    sentence: str
    """What the person typed, where more than a tap was asked; else empty."""
    at: datetime
    person_id: str | None = None
    """None of those that were given before people signed in."""
    role: str = ""
    """The person's there, at that moment."""
    door: str = ""
    """Where they came in."""


class ShipmentState(StrEnum):
    """Where it stands."""

    ARMED = "armed"
    """It waits for somebody else's yes."""
    DELIVERING = "delivering"
    MERGED = "merged"
    ENDED = "ended"
    """Without a merge; the reason says why."""


REST, LONGEST_REST = timedelta(seconds=5), timedelta(minutes=10)
LIVE = frozenset({ShipmentState.ARMED, ShipmentState.DELIVERING})
"""A pull request has at most one such shipment."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """The base moved after the change was verified: what the gate says of the two merged."""

    base_sha: str
    tree_sha: str
    examination: Examination


@dataclass(frozen=True, slots=True, kw_only=True)
class Shipment:
    """One commit on its way, from the first yes on."""

    shipment_id: str
    number: int
    """Of the pull request."""
    task_id: str
    repository_id: str
    head_sha: str
    """What was looked at. Nothing else ships by it."""
    state: ShipmentState
    person: Person
    """Whose tap began it, and who may take it back while it waits."""
    person_id: str
    since: datetime
    approvals: tuple[str, ...] = ()
    """Ids of those that count."""
    leg: int = 1
    tried_at: datetime | None = None
    """When its newest leg ended in vain, for something that may take long."""
    until: datetime | None = None
    """When an armed one ends."""
    asked: tuple[str, ...] = ()
    """Ids of the people whose yes it waits for."""
    names: str = ""
    """Theirs, in words."""
    words: str = ""
    """What it waits for, why it stands still, or why it ended."""
    proof: Proof | None = None
    merged_sha: str | None = None
    has_moved: bool = False
    """Whether the person's own base branch is there now."""
    advice: str = ""
    """What to do where it is not."""

    @property
    def workflow_id(self) -> str:
        """Of its newest leg."""
        return self.workflow_ids[-1]

    @property
    def workflow_ids(self) -> tuple[str, ...]:
        """Of all its legs."""
        return tuple(f"deliver-{self.shipment_id}-{number}" for number in range(1, self.leg + 1))

    @property
    def rests_until(self) -> datetime | None:
        """Before that no further leg begins: each waits twice as long as the one before."""
        if self.tried_at is None:
            return None
        return self.tried_at + min(REST * (1 << (self.leg - 1)), LONGEST_REST)

    @property
    def is_live(self) -> bool:
        """Whether it may still merge."""
        return self.state in LIVE
