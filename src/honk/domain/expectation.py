"""What a task will probably take, from those before it in the same repository. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

from honk.domain.task import OutcomeName

NEWEST = 50
"""Of so many tasks at most: what was long ago tells little."""
_COUNTED = frozenset(OutcomeName) - {OutcomeName.CANCELLED, OutcomeName.REPLAYED}


@dataclass(frozen=True, slots=True, kw_only=True)
class Past:
    """A task that ended."""

    outcome: OutcomeName
    seconds: float
    """That it was worked on."""
    usd: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Expectation:
    """The price before the start: medians, and how often it came to something."""

    seconds: float
    usd: float
    merged: int
    opened: int
    """Open still."""
    of: int
    """How many tasks this rests on; with 0 the medians say nothing."""
    cap_usd: float

    @property
    def words(self) -> str:
        """For the person who is about to ask."""
        cap = f"cap ${self.cap_usd:.2f}"
        if self.of == 0:
            return f"no similar task yet; {cap}"
        came = f"{self.merged} of {self.of} merged" + (f", {self.opened} open" if self.opened else "")
        return f"similar tasks here: {in_words(self.seconds)}, ${self.usd:.2f}, {came}; {cap}"


def expect(past: Sequence[Past], cap_usd: float) -> Expectation:
    """What was stopped by a person says nothing about the price, and is left out."""
    counted = [one for one in past if one.outcome in _COUNTED]
    return Expectation(
        seconds=median([one.seconds for one in counted]) if counted else 0.0,
        usd=median([one.usd for one in counted]) if counted else 0.0,
        merged=sum(one.outcome is OutcomeName.MERGED for one in counted),
        opened=sum(one.outcome is OutcomeName.OPENED for one in counted),
        of=len(counted),
        cap_usd=cap_usd,
    )


def in_words(seconds: float) -> str:
    """As a person would say it: "40 s", "7 min", "1.5 h"."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 90 * 60 else f"{seconds / 3600:.1f} h"
