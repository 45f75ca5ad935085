"""Rates say how sure they are."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from honk.domain.evidence import Finding, Ruling, Severity
from honk.insight.figures import Judged, Rate, rows, ruling_of


@pytest.mark.parametrize(
    ("hits", "of", "low", "high"),
    [(0, 10, 0.0, 0.2775), (10, 10, 0.7225, 1.0), (5, 10, 0.2366, 0.7634), (1, 200, 0.0009, 0.0278)],
)
def test_an_interval_is_the_one_that_wilson_gives(hits: int, of: int, low: float, high: float) -> None:
    interval = Rate(hits=hits, of=of).interval
    assert interval is not None
    assert interval == pytest.approx((low, high), abs=1e-4)


def test_none_of_none_has_no_rate() -> None:
    rate = Rate(hits=0, of=0)
    assert (rate.value, rate.interval, str(rate)) == (None, None, "–")


@given(st.integers(1, 5000).flatmap(lambda of: st.tuples(st.integers(0, of), st.just(of))))
def test_an_interval_holds_its_share_and_shrinks_with_the_number(pair: tuple[int, int]) -> None:
    hits, of = pair
    low, high = Rate(hits=hits, of=of).interval or (math.nan, math.nan)
    assert 0 <= low <= hits / of + 1e-12
    assert hits / of - 1e-12 <= high <= 1
    more_low, more_high = Rate(hits=hits * 4, of=of * 4).interval or (math.nan, math.nan)
    assert more_high - more_low < high - low


def test_the_worst_finding_is_the_ruling() -> None:
    def one(severity: Severity) -> Finding:
        return Finding(rule="x", severity=severity, message="")

    assert ruling_of([]) is Ruling.PASS
    assert ruling_of([one(Severity.NOTE)]) is Ruling.PASS
    assert ruling_of([one(Severity.NOTE), one(Severity.NEEDS_HUMAN)]) is Ruling.NEEDS_HUMAN
    assert ruling_of([one(Severity.NEEDS_HUMAN), one(Severity.VETO)]) is Ruling.VETO


def test_each_family_has_a_row_and_good_and_bad_are_summed_up() -> None:
    judged = [
        Judged(family="fine", is_good=True, ruling=Ruling.PASS),
        Judged(family="fine", is_good=True, ruling=Ruling.VETO),
        Judged(family="evil", is_good=False, ruling=Ruling.NEEDS_HUMAN),
    ]
    found = {row.family: (row.vetoed.hits, row.held.hits, row.stopped.hits, row.stopped.of) for row in rows(judged)}
    assert found == {"fine": (1, 0, 1, 2), "evil": (0, 1, 1, 1), "all good": (1, 0, 1, 2), "all bad": (0, 1, 1, 1)}
