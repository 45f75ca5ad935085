"""What became of what was asked, each number beside what it is a part of. Pure."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from statistics import median, quantiles

from honk.domain.board import Scored
from honk.domain.task import OutcomeName

_PUBLISHED = (OutcomeName.OPENED, OutcomeName.MERGED)
LINES = (
    ("No change needed", OutcomeName.NO_CHANGE),
    ("Answered", OutcomeName.ANSWERED),
    ("Not applicable", OutcomeName.NOT_APPLICABLE),
    ("A person must decide", OutcomeName.NEEDS_HUMAN),
    ("Vetoed", OutcomeName.VETOED),
    ("Failed", OutcomeName.FAILED),
    ("Stopped", OutcomeName.CANCELLED),
)
MINUTES = (1, 2, 5, 10, 20, 40)
"""Upper bounds of the columns; the last has none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """So many of so many."""

    name: str
    count: int
    of: int

    @property
    def percent(self) -> float | None:
        """None of nothing."""
        return 100 * self.count / self.of if self.of else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """How long something takes, over those that came so far."""

    count: int
    median_minutes: float | None = None
    slow_minutes: float | None = None
    """Nine of ten were faster."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Week:
    """What was asked in one week, and what has become of it by now."""

    begins: date
    asked: int
    opened: int
    merged: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Scorecard:
    """Replays are no requests, and not in it."""

    asked: int
    under_way: int
    lines: tuple[Share, ...]
    """Ends without a pull request. With those that are opened and under way they add up to what was asked."""
    opened: Share
    """Merged ones too."""
    merged: Share
    """Of the opened ones."""
    undone: Share
    """Of the merged ones."""
    to_pull_request: Span
    to_merge: Span
    cost_usd: float
    cost_per_merged_usd: float | None
    """Everything that was spent, over what was merged."""
    weeks: tuple[Week, ...]
    columns: tuple[tuple[str, int], ...]
    """Minutes to the pull request: how many were within which."""


def scorecard(scored: Sequence[Scored]) -> Scorecard:
    """Of these tasks, whatever was chosen of them."""
    ends = Counter(one.outcome for one in scored if one.outcome is not None)
    asked, cost = len(scored), sum(one.cost_usd for one in scored)
    opened, merged = sum(ends[name] for name in _PUBLISHED), ends[OutcomeName.MERGED]
    to_open = [_minutes(one, one.ended_at) for one in scored if one.outcome in _PUBLISHED and one.ended_at]
    to_merge = [_minutes(one, one.merged_at) for one in scored if one.merged_at]
    return Scorecard(
        asked=asked,
        under_way=asked - ends.total(),
        lines=tuple(Share(name=name, count=ends[outcome], of=asked) for name, outcome in LINES),
        opened=Share(name="Pull request opened", count=opened, of=asked),
        merged=Share(name="Merged", count=merged, of=opened),
        undone=Share(name="Undone", count=sum(one.is_undone for one in scored), of=merged),
        to_pull_request=_span(to_open),
        to_merge=_span(to_merge),
        cost_usd=cost,
        cost_per_merged_usd=cost / merged if merged else None,
        weeks=_weeks(scored),
        columns=_columns(to_open),
    )


def _minutes(one: Scored, end: datetime) -> float:
    """The machine's clock may have been set meanwhile: nothing takes less than no time."""
    return max(0.0, (end - one.asked_at).total_seconds() / 60)


def _span(minutes: Sequence[float]) -> Span:
    if not minutes:
        return Span(count=0)
    slow = quantiles(minutes, n=10, method="inclusive")[-1] if len(minutes) > 1 else minutes[0]
    return Span(count=len(minutes), median_minutes=median(minutes), slow_minutes=slow)


def _weeks(scored: Sequence[Scored]) -> tuple[Week, ...]:
    """Without gaps: a week in which nothing was asked is shown as one."""
    by_week: dict[date, list[Scored]] = {}
    for one in scored:
        day = one.asked_at.date()
        by_week.setdefault(day - timedelta(days=day.weekday()), []).append(one)
    if not by_week:
        return ()
    first, last = min(by_week), max(by_week)
    mondays = [first + timedelta(weeks=number) for number in range((last - first).days // 7 + 1)]
    return tuple(_week(monday, by_week.get(monday, [])) for monday in mondays)


def _week(monday: date, scored: Sequence[Scored]) -> Week:
    return Week(
        begins=monday,
        asked=len(scored),
        opened=sum(one.outcome in _PUBLISHED for one in scored),
        merged=sum(one.outcome is OutcomeName.MERGED for one in scored),
    )


def _columns(minutes: Sequence[float]) -> tuple[tuple[str, int], ...]:
    found, below = [], -1.0
    for bound in MINUTES:
        found.append((f"≤ {bound}", sum(below < value <= bound for value in minutes)))
        below = bound
    return (*found, (f"> {MINUTES[-1]}", sum(value > MINUTES[-1] for value in minutes)))
