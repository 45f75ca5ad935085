"""What was measured, as figures: medians, paired ratios, and whether they keep what was promised. Pure."""

import json
import re
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import Any


class Measure(StrEnum):
    """How a row's figure is made of its rounds, and in which direction it is good."""

    RATIO = "ratio"
    """Median of ours / by hand of the same round; at most."""
    SPEEDUP = "speed-up"
    """Median of by hand / ours of the same round; at least."""
    ADDED_SECONDS = "added seconds"
    """Median of ours - by hand of the same round; at most."""
    SECONDS = "seconds"
    """Median of ours; at most."""
    MIB = "MiB"
    """Median of ours; at most."""


_UNITS = {
    Measure.RATIO: ("x", 2, ""),
    Measure.SPEEDUP: ("x", 0, " faster"),
    Measure.ADDED_SECONDS: ("+", 2, " s"),
    Measure.SECONDS: ("", 3, " s"),
    Measure.MIB: ("", 0, " MiB"),
}


@dataclass(kw_only=True)
class Row:
    """One measure, round by round; the sides of one round stand at the same index."""

    name: str
    title: str
    measure: Measure
    bound: float | None = None
    """What is promised; None where the figure only informs."""
    ours: list[float] = field(default_factory=list)
    by_hand: list[float] = field(default_factory=list)
    again: list[float] = field(default_factory=list)
    """By hand a second time in the same round: the null row."""
    cpu: list[float] = field(default_factory=list)
    """CPU seconds of ours, which a busy machine distorts less than the clock."""
    cpu_by_hand: list[float] = field(default_factory=list)
    parts: dict[str, list[float]] = field(default_factory=dict)
    """Where our seconds went, by stage."""

    def add_parts(self, parts: Mapping[str, float]) -> None:
        """One more round's stages; a stage that a round had not took no time in it."""
        rounds = len(self.ours)
        for name in {*self.parts, *parts}:
            self.parts.setdefault(name, [0.0] * (rounds - 1)).append(parts.get(name, 0.0))

    @property
    def figure(self) -> float:
        return _figure(self.measure, self.ours, self.by_hand)

    @property
    def null(self) -> float | None:
        """The same figure of by hand against itself: a difference as small as this is noise."""
        return _figure(self.measure, self.again, self.by_hand) if self.again else None

    @property
    def halves(self) -> tuple[float, float] | None:
        """The figure of the first and of the second half of the rounds: what slows down over time shows here."""
        middle = len(self.ours) // 2
        if middle == 0:
            return None
        first = _figure(self.measure, self.ours[:middle], self.by_hand[:middle])
        return first, _figure(self.measure, self.ours[middle:], self.by_hand[middle:])

    @property
    def is_met(self) -> bool | None:
        if self.bound is None:
            return None
        return self.figure >= self.bound if self.measure is Measure.SPEEDUP else self.figure <= self.bound

    @property
    def spread(self) -> tuple[float, float]:
        """Between which values the middle half of the rounds lies."""
        each = sorted(_figure(self.measure, self.ours[i : i + 1], self.by_hand[i : i + 1]) for i in self._rounds)
        return each[len(each) // 4], each[(3 * len(each)) // 4]

    @property
    def worst(self) -> float:
        each = [_figure(self.measure, self.ours[i : i + 1], self.by_hand[i : i + 1]) for i in self._rounds]
        return min(each) if self.measure is Measure.SPEEDUP else max(each)

    @property
    def _rounds(self) -> range:
        return range(len(self.ours))

    def shown(self, value: float | None) -> str:
        """A value of this row, in words."""
        if value is None:
            return "–"
        before, digits, after = _UNITS[self.measure]
        sign = before if before != "+" else ("+" if value >= 0 else "")
        return f"{sign}{value:.{digits}f}{after}"

    @property
    def target(self) -> str:
        if self.bound is None:
            return "–"
        return ("≥ " if self.measure is Measure.SPEEDUP else "≤ ") + self.shown(self.bound).replace("+", "")

    @property
    def verdict(self) -> str:
        return {None: "–", True: "met", False: "not met"}[self.is_met]


def _figure(measure: Measure, ours: Sequence[float], by_hand: Sequence[float]) -> float:
    if measure in (Measure.SECONDS, Measure.MIB):
        return statistics.median(ours)
    pairs = list(zip(ours, by_hand, strict=True))
    if measure is Measure.ADDED_SECONDS:
        return statistics.median(a - b for a, b in pairs)
    return statistics.median(a / b if measure is Measure.RATIO else b / a for a, b in pairs)


def lines(row: Row) -> str:
    """The row for a terminal: the figure and what was promised, then the sides, then where the time went."""
    low, high = row.spread
    out = [f"{row.name:<16} {row.shown(row.figure):>12}  {row.target:>14}  {row.verdict:<8} {row.title}"]
    sides = f"n {len(row.ours)}, half of them {row.shown(low)} to {row.shown(high)}, worst {row.shown(row.worst)}"
    if row.again:
        sides += f", null {row.shown(row.null)}"
    if (halves := row.halves) is not None:
        sides += f", first half {row.shown(halves[0])}, second {row.shown(halves[1])}"
    if row.by_hand:
        sides += f"; ours {statistics.median(row.ours):.3f} s, by hand {statistics.median(row.by_hand):.3f} s"
    if row.cpu and row.cpu_by_hand:
        sides += f"; CPU {statistics.median(row.cpu):.2f} s against {statistics.median(row.cpu_by_hand):.2f} s"
    out.append(f"{'':16} {sides}")
    if row.parts:
        split = ", ".join(f"{name} {statistics.median(each):.2f}" for name, each in row.parts.items())
        out.append(f"{'':16} of ours: {split}")
    return "\n".join(out)


def dump(rows: Sequence[Row], about: Mapping[str, object]) -> str:
    """The results file: every round of every row, with the figures made of them."""
    told = [
        {
            **asdict(row),
            "figure": row.figure,
            "null": row.null,
            "halves": row.halves,
            "is_met": row.is_met,
            "n": len(row.ours),
        }
        for row in rows
    ]
    return json.dumps({"about": dict(about), "rows": told}, indent=1)


def load(text: str) -> tuple[list[Row], dict[str, Any]]:
    """What `dump` wrote; the figures are made anew from the rounds."""
    found = json.loads(text)
    names = ("name", "title", "bound", "ours", "by_hand", "again", "cpu", "cpu_by_hand", "parts")
    rows = [Row(measure=Measure(one["measure"]), **{name: one[name] for name in names}) for one in found["rows"]]
    return rows, found["about"]


BEGIN, END = "<!-- figures -->", "<!-- end of the figures -->"


def filled(page: str, rows: Sequence[Row], about: Mapping[str, object]) -> str:
    """The page with the table between its two marks made anew; rows of it that were not measured now stay.

    Raises:
        ValueError: the page has not both marks.
    """
    before, begin, rest = page.partition(BEGIN)
    old, end, after = rest.partition(END)
    if not begin or not end:
        raise ValueError(f"The page has no {BEGIN} and {END} for the table to stand between.")
    there = {found.group(1): line for line in old.splitlines() if (found := _ROW.match(line))}
    return f"{before}{BEGIN}\n{table(rows, about, there)}{END}{after}"


_ROW = re.compile(r"\| `([\w-]+)` \|")


def table(rows: Sequence[Row], about: Mapping[str, object], there: Mapping[str, str]) -> str:
    """The figures as a Markdown table, in the order of what is there, and the circumstances of the last."""
    out = ["| Row | What | Figure | Promised | | By hand against itself | First and second half | n | On |"]
    out.append("|---|---|---|---|---|---|---|---|---|")
    lines = {**there, **{row.name: _line(row, about) for row in rows}}
    circumstances = "; ".join(f"{name} {value}" for name, value in about.items())
    return "\n".join([*out, *lines.values()]) + f"\n\nMeasured last: {circumstances}.\n"


def _line(row: Row, about: Mapping[str, object]) -> str:
    halves = " · ".join(row.shown(half) for half in row.halves) if row.halves else "–"
    return (
        f"| `{row.name}` | {row.title} | {row.shown(row.figure)} | {row.target} | {row.verdict} "
        f"| {row.shown(row.null)} | {halves} | {len(row.ours)} | {about.get('on', '–')} |"
    )
