"""What is broken for everybody."""

import pytest

from honk.domain.breaker import LONG_SECONDS, MANY, FaultKind, Streak, after, opened_by, pause_seconds


def said(*answers: tuple[float, int]) -> FaultKind | None:
    """What the breaker opens for by the last of these answers."""
    streak, opened = Streak(), None
    for at, status in answers:
        streak = after(streak, status, at)
        opened = opened_by(streak, status, at)
    return opened


@pytest.mark.parametrize(("status", "kind"), [(401, FaultKind.KEY), (402, FaultKind.PAYMENT)])
def test_a_refused_key_opens_it_at_once(status: int, kind: FaultKind) -> None:
    assert said((0, 200), (1, status)) is kind


@pytest.mark.parametrize("status", [0, 429, 500, 503, 529])
def test_overload_opens_it_when_it_lasts(status: int) -> None:
    answers = [(number * LONG_SECONDS / MANY, status) for number in range(MANY + 1)]
    assert said(*answers) is FaultKind.MODEL
    assert said(*answers[:-1]) is None
    assert said(*[(0.0, status)] * 50) is None


def test_one_answer_between_begins_anew_and_a_wrong_question_says_nothing() -> None:
    failures = [(number * 20.0, 529) for number in range(5)]
    assert said(*failures) is FaultKind.MODEL
    assert said(*failures[:4], (79.0, 400), failures[4]) is FaultKind.MODEL
    assert said(*failures[:4], (79.0, 200), failures[4]) is None
    assert said((0, 403)) is None


def test_probes_come_slower_and_slower() -> None:
    assert [pause_seconds(number) for number in range(6)] == [5, 10, 20, 40, 60, 60]
