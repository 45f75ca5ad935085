"""The month's money."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from honk.domain.quota import Budget, Of, Quota, budget_of, month_of, next_month, reached, why_over

ADA = Quota(of=Of.PERSON, name="ada@example.org", limit_usd=20.0, emails=frozenset({"ada@example.org"}))
MIDDLE = datetime(2026, 6, 16, tzinfo=UTC)


@given(st.datetimes(timezones=st.just(UTC), min_value=datetime(2000, 1, 1), max_value=datetime(2099, 1, 1)))  # noqa: DTZ001
def test_every_moment_lies_in_its_month(moment: datetime) -> None:
    assert month_of(moment) <= moment < next_month(moment)
    assert month_of(next_month(moment) - timedelta(microseconds=1)) == month_of(moment)


def test_a_month_is_one_of_utc() -> None:
    east = datetime(2026, 7, 1, 1, tzinfo=timezone(timedelta(hours=9)))
    assert month_of(east) == datetime(2026, 6, 1, tzinfo=UTC)


def test_the_forecast_goes_on_at_the_same_pace() -> None:
    assert budget_of(ADA, 5.0, 0.0, MIDDLE).forecast_usd == 10.0
    assert budget_of(ADA, 1.0, 0.0, datetime(2026, 6, 1, 0, 5, tzinfo=UTC)).forecast_usd == 30.0


def test_a_task_begins_only_where_its_whole_cap_fits() -> None:
    budget = budget_of(ADA, 10.0, 5.0, MIDDLE)
    assert why_over(ADA, budget, 5.0, MIDDLE) is None
    refusal = why_over(ADA, budget, 5.01, MIDDLE) or ""
    assert "person ada@example.org" in refusal
    assert "$10.00 is spent, $5.00 is reserved" in refusal
    assert "until 1 July" in refusal


@pytest.mark.parametrize(("used", "marks"), [(4.99, ()), (5.0, (50,)), (8.5, (50, 80)), (11.0, (50, 80, 100))])
def test_alerts_are_due_at_their_marks(used: float, marks: tuple[int, ...]) -> None:
    assert reached(Budget(used_usd=used, reserved_usd=9.0, limit_usd=10.0, forecast_usd=0.0)) == marks
