"""Asking for health until it is there, or the time is over."""

from collections.abc import Iterator

import pytest

from honk.deploy import Answer
from honk.workflows.production import until_healthy

pytestmark = pytest.mark.anyio


class Far:
    def __init__(self, *answers: bool) -> None:
        self.asked = 0
        self._answers: Iterator[bool] = iter(answers)

    async def ask(self) -> Answer:
        self.asked += 1
        is_good = next(self._answers)
        return Answer(is_good=is_good, words=f"it answers {200 if is_good else 503}")


async def test_health_is_three_good_answers_in_a_row() -> None:
    far = Far(False, True, True, False, True, True, True)
    health = await until_healthy(far.ask, 60, 0)
    assert health.is_good
    assert far.asked == 7
    assert health.words == "it answers 200, 3 times in a row"


async def test_what_is_not_well_in_time_is_not_well() -> None:
    far = Far(True)
    health = await until_healthy(far.ask, 0, 0.1)
    assert health.is_good is False
    assert far.asked == 1
    assert "not well within 0 s" in health.words
