"""What people and a run say to each other, and what a run waits for. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta, tzinfo
from enum import StrEnum

from honk.domain.change import Change
from honk.domain.limits import LimitName, Limits

FEWEST_CHOICES, MOST_CHOICES = 2, 5
WORK_BEGINS, WORK_ENDS = 9, 18
"""Hours of a working day, Monday to Friday, in the installation's zone."""
EXTENDABLE = frozenset({LimitName.ATTEMPTS, LimitName.TURNS, LimitName.WALL, LimitName.MONEY})
"""What one tap can grant once more. The others tell of a fault, not of work that takes longer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What the agent itself wants to know of a person."""

    question_id: str
    text: str
    choices: tuple[str, ...]
    recommended: str
    """One of the choices: what the agent would do by itself."""


class ParkKind(StrEnum):
    """Why a run waits."""

    QUESTION = "question"
    LIMIT = "limit"
    FAULT = "fault"
    """Something that all runs need is down: it goes on by itself."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Leg:
    """One stretch of a run, from its start, or from where it was parked, to its end or to where it is parked."""

    number: int = 1
    attempt: int = 1
    """Which it begins with, or goes on with in the same session."""
    feedback: str = ""
    """Why the attempt before was sent back."""
    words: str = ""
    """For the agent as it goes on: the answer to its question."""
    uncounted: int = 0
    """Rounds so far that a message asked for: they are no failed attempts."""
    is_extended: bool = False
    """Whether a limit was granted once more: that is done once."""

    def workflow_of(self, run_id: str) -> str:
        """The id of the workflow that carries it, and its argument."""
        return run_id if self.number == 1 else f"{run_id}:{self.number}"


def run_of(workflow_id: str) -> tuple[str, int]:
    """The run, and the number of its leg, that a workflow carries."""
    run_id, _, number = workflow_id.partition(":")
    return run_id, int(number or 1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Parked:
    """A run that waits: a row, no process, no memory."""

    run_id: str
    task_id: str
    kind: ParkKind
    attempt: int
    """Which goes on, or begins, when it is let go."""
    question: Question | None = None
    limit: LimitName | None = None
    words: str
    """For people: what it waits for."""
    leg: int = 1
    """The number of the leg that ended here."""
    feedback: str = ""
    uncounted: int = 0
    since: datetime
    until: datetime | None = None
    """When it ends as `needs_human`; None waits without end."""


def gist(words: str) -> str:
    """What a run waits for, short: of a limit's words the limit, then what was wrong, without the log between."""
    lines = [line.strip() for line in words.splitlines() if line.strip()]
    return words if len(lines) < 3 else f"{lines[-1]} {lines[0].rstrip(':')}."


@dataclass(frozen=True, slots=True, kw_only=True)
class Restored:
    """A merged pull request that is taken back."""

    number: int
    before_sha: str
    """The commit before its merge: what stands again as it stood there was proved and merged before."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TakenUp:
    """What a linked task goes on with: the kept work of the one before."""

    change: Change
    """Base to what was kept, whole."""
    pull_request: int | None = None
    """The open one whose branch it goes on with."""
    given: Change | None = None
    """A person's own work over it, whole from the base: it takes the place of the first attempt."""
    restores: Restored | None = None
    """What `given` takes back, where it is an undo."""
    is_held: bool = False
    """Whether it was ready, and waited for a person's word to be published."""


def extended(limits: Limits, limit: LimitName) -> Limits:
    """As much again of what was reached.

    Raises:
        ValueError: no tap grants more of this one.
    """
    match limit:
        case LimitName.ATTEMPTS:
            return replace(limits, attempts=limits.attempts * 2)
        case LimitName.TURNS:
            return replace(limits, turns=limits.turns * 2)
        case LimitName.WALL:
            return replace(limits, wall_seconds=limits.wall_seconds * 2)
        case LimitName.MONEY:
            return replace(limits, cost_usd=limits.cost_usd * 2)
    raise ValueError(f"{limit} is not granted once more")


def after_working_hours(since: datetime, hours: float, zone: tzinfo) -> datetime:
    """When so many working hours are over: Monday to Friday, nine to six in the zone, also where clocks are put on."""
    left, day = timedelta(hours=hours), since.astimezone(zone).date()
    while True:
        begins = datetime(day.year, day.month, day.day, WORK_BEGINS, tzinfo=zone).astimezone(UTC)
        ends = datetime(day.year, day.month, day.day, WORK_ENDS, tzinfo=zone).astimezone(UTC)
        begins = max(begins, since.astimezone(UTC))
        if day.weekday() < 5 and begins < ends:
            if ends - begins >= left:
                return begins + left
            left -= ends - begins
        day += timedelta(days=1)


def question_of(question_id: str, text: object, choices: object, recommended: object) -> Question:
    """What an agent asks, made sure of.

    Raises:
        ValueError: it cannot be asked so; says why, for the agent.
    """
    if not isinstance(text, str) or not text.strip():
        raise ValueError("`text` is the question in words")
    if not isinstance(choices, Sequence) or isinstance(choices, str):
        raise ValueError(f"`choices` are {FEWEST_CHOICES} to {MOST_CHOICES} short answers")
    offered = tuple(dict.fromkeys(one.strip()[:200] for one in choices if isinstance(one, str) and one.strip()))
    if not FEWEST_CHOICES <= len(offered) <= MOST_CHOICES:
        raise ValueError(f"`choices` are {FEWEST_CHOICES} to {MOST_CHOICES} short answers, each another")
    if not isinstance(recommended, str) or recommended.strip()[:200] not in offered:
        raise ValueError("`recommended` is the one of `choices` that you would take yourself")
    return Question(
        question_id=question_id, text=text.strip()[:2000], choices=offered, recommended=recommended.strip()[:200]
    )
