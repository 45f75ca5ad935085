"""What people and runs say to each other, and how long one waits for the other."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from honk.domain.conversation import (
    EXTENDABLE,
    WORK_BEGINS,
    WORK_ENDS,
    Leg,
    after_working_hours,
    extended,
    gist,
    question_of,
    run_of,
)
from honk.domain.limits import LimitName, Limits
from honk.domain.task import Brief, Saying

STOCKHOLM = ZoneInfo("Europe/Stockholm")


def at(*parts: int, zone: ZoneInfo = STOCKHOLM) -> datetime:
    return datetime(*parts, tzinfo=zone)  # type: ignore[misc,arg-type]


@pytest.mark.parametrize(
    ("since", "hours", "until"),
    [
        (at(2026, 11, 25, 10), 3, at(2026, 11, 25, 13)),
        (at(2026, 11, 25, 16), 3, at(2026, 11, 26, 10)),
        (at(2026, 11, 25, 7), 9, at(2026, 11, 25, 18)),
        (at(2026, 11, 25, 22), 1, at(2026, 11, 26, 10)),
        (at(2026, 11, 27, 17), 2, at(2026, 11, 30, 10)),  # over a weekend
        (at(2026, 11, 28, 12), 1, at(2026, 11, 30, 10)),  # asked on a Saturday
        (at(2026, 3, 27, 17), 10, at(2026, 3, 30, 18)),  # the clocks are put on between
        (at(2026, 10, 23, 17), 10, at(2026, 10, 26, 18)),  # and back
        (at(2026, 11, 25, 8, zone=ZoneInfo("America/New_York")), 5, at(2026, 11, 26, 10)),
    ],
)  # fmt: skip
def test_it_waits_for_working_hours_only(since: datetime, hours: float, until: datetime) -> None:
    assert after_working_hours(since, hours, STOCKHOLM) == until


@given(st.datetimes(datetime(2026, 1, 1), datetime(2027, 1, 1)), st.floats(0.1, 100))  # noqa: DTZ001 - made aware below
def test_the_end_is_at_work_and_never_sooner(since: datetime, hours: float) -> None:
    begun = since.replace(tzinfo=UTC)
    until = after_working_hours(begun, hours, STOCKHOLM)
    assert until - begun >= timedelta(hours=hours) - timedelta(milliseconds=1)
    local = until.astimezone(STOCKHOLM)
    assert local.weekday() < 5
    assert (
        timedelta(hours=WORK_BEGINS) <= timedelta(hours=local.hour, minutes=local.minute) <= timedelta(hours=WORK_ENDS)
    )


def test_a_limit_is_granted_as_much_again() -> None:
    limits = Limits(attempts=3, turns=60, wall_seconds=100, cost_usd=5)
    assert extended(limits, LimitName.MONEY) == Limits(attempts=3, turns=60, wall_seconds=100, cost_usd=10)
    assert extended(limits, LimitName.ATTEMPTS).attempts == 6
    for limit in LimitName:
        if limit not in EXTENDABLE:
            with pytest.raises(ValueError, match="not granted"):
                extended(limits, limit)


def test_a_leg_knows_its_run() -> None:
    for number in (1, 2, 17):
        assert run_of(Leg(number=number).workflow_of("t1-1")) == ("t1-1", number)


@pytest.mark.parametrize(
    ("text", "choices", "recommended"),
    [
        ("", ["a", "b"], "a"), (3, ["a", "b"], "a"), ("?", ["a"], "a"), ("?", ["a", "a"], "a"), ("?", "ab", "a"),
        ("?", list("abcdef"), "a"), ("?", ["a", "b"], "c"), ("?", ["a", "b"], None), ("?", [1, 2], 1), ("?", None, "a"),
    ],
)  # fmt: skip
def test_what_is_no_question_is_refused(text: object, choices: object, recommended: object) -> None:
    with pytest.raises(ValueError, match="`"):
        question_of("q", text, choices, recommended)


def test_only_people_ask_and_each_is_named() -> None:
    answer = Saying(person="Ada\nLovelace", text="no", question="Shall I delete the test?")
    brief = Brief(version=1, goal="Fix it", said=(answer,), before=(Saying(person="Bob", text="Add it"),))
    assert brief.asked == ("Add it", "Fix it", "no")
    assert answer.words == "Ada Lovelace answers 'Shall I delete the test?': no"
    assert brief.before[0].words == "Bob says: Add it"


def test_what_a_run_waits_for_is_short() -> None:
    log = "unittest failed:\n1 test failed\nTraceback\n\nThe attempts limit of this run was reached: 3 of 3."
    assert gist(log) == "The attempts limit of this run was reached: 3 of 3. unittest failed."
    assert gist("The turns limit was reached.") == "The turns limit was reached."
