"""What is said of the price before a start."""

import pytest

from honk.domain.expectation import Past, expect, in_words
from honk.domain.task import OutcomeName


def past(outcome: OutcomeName, minutes: float = 7, usd: float = 1.1) -> Past:
    return Past(outcome=outcome, seconds=minutes * 60, usd=usd)


def test_the_price_is_what_similar_tasks_took() -> None:
    merged, failed = OutcomeName.MERGED, OutcomeName.FAILED
    seen = expect([*[past(merged)] * 8, past(failed, 30, 5.0), past(failed, 1, 0.1)], 5.0)
    assert seen.words == "similar tasks here: 7 min, $1.10, 8 of 10 merged; cap $5.00"


def test_what_a_person_stopped_says_nothing() -> None:
    seen = expect([past(OutcomeName.CANCELLED), past(OutcomeName.REPLAYED), past(OutcomeName.OPENED)], 2.0)
    assert (seen.of, seen.merged, seen.opened) == (1, 0, 1)
    assert expect([past(OutcomeName.CANCELLED)], 2.0).words == "no similar task yet; cap $2.00"


@pytest.mark.parametrize(("seconds", "words"), [(40, "40 s"), (420, "7 min"), (5400, "1.5 h")])
def test_times_are_said_as_a_person_would(seconds: float, words: str) -> None:
    assert in_words(seconds) == words
