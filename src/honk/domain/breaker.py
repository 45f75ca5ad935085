"""What is broken for the whole installation, and not for one task. Pure."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

MANY = 5
LONG_SECONDS = 60.0
"""So many failures in a row, over so long, are no hiccup of the model's service."""
ENOUGH = 3
"""And so many are none where whoever asked has given up."""
_FIRST_PAUSE_SECONDS, _LONGEST_PAUSE_SECONDS = 5.0, 60.0
UNREACHABLE = 0
"""In the place of a status: there was no answer."""


class FaultKind(StrEnum):
    """What is broken."""

    KEY = "key"
    PAYMENT = "payment"
    MODEL = "model"
    FORGE = "forge"
    DISK = "disk"


_WORDS = {
    FaultKind.KEY: "the model's service refuses Honk's key: an administrator must give it a valid one "
    "(`honk doctor --online` checks it)",
    FaultKind.PAYMENT: "the model's service asks for payment: an administrator must put the account in order",
    FaultKind.MODEL: "the model's service does not answer, or is overloaded",
    FaultKind.FORGE: "the forge does not answer",
    FaultKind.DISK: "the disk is full: an administrator must make room (honk gc gives some back)",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """The open breaker."""

    kind: FaultKind
    since: datetime
    model: str = ""
    """That did not answer."""

    @property
    def words(self) -> str:
        """What everything waits for."""
        return f"{_WORDS[self.kind]} (since {self.since:%Y-%m-%d %H:%M} UTC)"


@dataclass(frozen=True, slots=True, kw_only=True)
class Streak:
    """Failures of the model's service with no answer between them."""

    failures: int = 0
    began_seconds: float = 0.0
    """Monotonic."""
    runs: frozenset[str] = frozenset()
    """Whose they were."""

    @property
    def is_of_several(self) -> bool:
        """Whether more than one run met them; of one alone the fault may be its own."""
        return len(self.runs) > 1


def kind_of(status: int) -> FaultKind | None:
    """What an answer of the model's service says is broken; None: it works, or the fault lies in the question."""
    if status == 401:
        return FaultKind.KEY
    if status == 402:
        return FaultKind.PAYMENT
    return FaultKind.MODEL if status in (UNREACHABLE, 408, 429) or status >= 500 else None


def after(streak: Streak, status: int, at_seconds: float, run_id: str = "") -> Streak:
    """The streak once this was answered too. What was wrong with a question says nothing."""
    if kind_of(status) is not None:
        began = streak.began_seconds if streak.failures else at_seconds
        return Streak(failures=streak.failures + 1, began_seconds=began, runs=streak.runs | {run_id})
    return Streak() if status < 400 else streak


def opened_by(streak: Streak, status: int, at_seconds: float) -> FaultKind | None:
    """What the breaker opens for: a refused key at once, silence and overload when they last."""
    kind = kind_of(status)
    if kind is FaultKind.MODEL and (streak.failures < MANY or at_seconds - streak.began_seconds < LONG_SECONDS):
        return None
    return kind


def pause_seconds(number: int) -> float:
    """Before the probe of this number, from 0."""
    return min(_LONGEST_PAUSE_SECONDS, _FIRST_PAUSE_SECONDS * 2.0 ** min(number, 8))
