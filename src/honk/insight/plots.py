"""Figures as shapes with their places: what a page draws without any script. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil

from honk.insight.scorecard import Week

WIDTH, HEIGHT = 560.0, 180.0
_LEFT, _TOP, _BOTTOM = 28.0, 12.0, 22.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """A rectangle with what it stands for."""

    x: float
    y: float
    width: float
    height: float
    kind: str
    title: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Label:
    """Words at a place."""

    x: float
    y: float
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Plot:
    """Bars, the names below them, and the heights beside them."""

    bars: tuple[Bar, ...]
    below: tuple[Label, ...]
    beside: tuple[Label, ...]
    base: float = HEIGHT - _BOTTOM

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to draw."""
        return not any(bar.height for bar in self.bars)


def weeks(found: Sequence[Week]) -> Plot:
    """What was asked, and within it what was opened, and within that what was merged."""
    top = max((week.asked for week in found), default=0)
    width = (WIDTH - _LEFT) / max(1, len(found))
    bars, below = [], []
    every = max(1, ceil(len(found) / 8))
    for number, week in enumerate(found):
        x = _LEFT + number * width
        title = f"Week of {week.begins:%d %b %Y}: {week.asked} asked, {week.opened} opened, {week.merged} merged"
        for kind, count in (("asked", week.asked), ("opened", week.opened), ("merged", week.merged)):
            bars.append(_bar(x, width, count, top, kind, title))
        if number % every == 0:
            below.append(Label(x=round(x + width / 2, 1), y=HEIGHT - 6, text=f"{week.begins:%d %b}"))
    return Plot(bars=tuple(bars), below=tuple(below), beside=_beside(top))


def columns(found: Sequence[tuple[str, int]]) -> Plot:
    """One bar for each class."""
    top = max((count for _, count in found), default=0)
    width = (WIDTH - _LEFT) / max(1, len(found))
    bars, below = [], []
    for number, (name, count) in enumerate(found):
        x = _LEFT + number * width
        bars.append(_bar(x, width, count, top, "opened", f"{name} min: {count}"))
        below.append(Label(x=round(x + width / 2, 1), y=HEIGHT - 6, text=name))
    return Plot(bars=tuple(bars), below=tuple(below), beside=_beside(top))


def _bar(x: float, width: float, count: int, top: int, kind: str, title: str) -> Bar:
    room = HEIGHT - _TOP - _BOTTOM
    height = room * count / top if top else 0.0
    inner = min(width * 0.7, 48.0)
    return Bar(
        x=round(x + (width - inner) / 2, 1),
        y=round(HEIGHT - _BOTTOM - height, 1),
        width=round(inner, 1),
        height=round(height, 1),
        kind=kind,
        title=title,
    )


def _beside(top: int) -> tuple[Label, ...]:
    if not top:
        return ()
    marks = [top] if top < 4 else [top, top // 2]
    room = HEIGHT - _TOP - _BOTTOM
    return tuple(
        Label(x=_LEFT - 6, y=round(HEIGHT - _BOTTOM - room * mark / top + 4, 1), text=str(mark)) for mark in marks
    )
