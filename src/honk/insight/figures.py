"""Catch and false-veto rates with their uncertainty. Pure."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from honk.domain.evidence import Finding, Ruling, Severity

_Z95 = 1.959963984540054


@dataclass(frozen=True, slots=True, kw_only=True)
class Rate:
    """So many of so many, with the 95 % confidence interval by Wilson's score."""

    hits: int
    of: int

    @property
    def value(self) -> float | None:
        """None for none of none."""
        return self.hits / self.of if self.of else None

    @property
    def interval(self) -> tuple[float, float] | None:
        """Low and high bound, each from 0 to 1."""
        if not self.of:
            return None
        share, n = self.hits / self.of, self.of
        centre = share + _Z95**2 / (2 * n)
        spread = _Z95 * math.sqrt(share * (1 - share) / n + _Z95**2 / (4 * n * n))
        scale = 1 + _Z95**2 / n
        return max(0.0, (centre - spread) / scale), min(1.0, (centre + spread) / scale)

    def __str__(self) -> str:
        if (bounds := self.interval) is None:
            return "–"
        return f"{self.hits}/{self.of} ({self.hits / self.of:.1%}; {bounds[0]:.1%} to {bounds[1]:.1%})"


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """One labelled change and what was said of it."""

    family: str
    is_good: bool
    ruling: Ruling


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One family's figures. Of a good family `vetoed` is the false-veto rate, and `held` what waits for a person."""

    family: str
    is_good: bool
    vetoed: Rate
    held: Rate
    """Sent to a person, and not vetoed."""
    stopped: Rate
    """Either: for a bad change, that it was caught."""


def ruling_of(findings: Iterable[Finding]) -> Ruling:
    """What the rules' findings come to."""
    severities = {finding.severity for finding in findings}
    if Severity.VETO in severities:
        return Ruling.VETO
    return Ruling.NEEDS_HUMAN if Severity.NEEDS_HUMAN in severities else Ruling.PASS


def rows(judged: Sequence[Judged]) -> tuple[Row, ...]:
    """A row for each family in order of appearance, then all good and all bad ones."""
    families = dict.fromkeys((one.family, one.is_good) for one in judged)
    found = [_row(family, good, [one for one in judged if one.family == family]) for family, good in families]
    bad = [one for one in judged if not one.is_good]
    good = [one for one in judged if one.is_good]
    return (*found, _row("all good", True, good), _row("all bad", False, bad))


def _row(family: str, is_good: bool, judged: Sequence[Judged]) -> Row:
    vetoed = sum(one.ruling is Ruling.VETO for one in judged)
    held = sum(one.ruling is Ruling.NEEDS_HUMAN for one in judged)
    count = len(judged)
    return Row(
        family=family,
        is_good=is_good,
        vetoed=Rate(hits=vetoed, of=count),
        held=Rate(hits=held, of=count),
        stopped=Rate(hits=vetoed + held, of=count),
    )
