"""Coverage is compared where a repository measures it."""

import pytest

from honk.domain.evidence import Severity
from honk.verifier.coverage import drop, total_of
from honk.verifier.results import Run

LOG = "Name    Stmts   Miss  Cover\n---\napp.py     10      1    90%\n---\nTOTAL      10      1  {}%\n\n3 passed\n"


def run(percent: float | None, *, has_ended: bool = True) -> Run:
    return Run(exit_code=0, seconds=1.0, has_ended=has_ended, coverage=percent)


@pytest.mark.parametrize(
    ("log", "total"),
    [
        (LOG.format(90), 90.0),
        (LOG.format("87.52"), 87.52),
        ("All files | 81.2 | 70 | 90 | 81 |\n", 81.2),
        ("ok a 0.1s coverage: 80.0% of statements\nok b 0.1s coverage: 60.0% of statements\n", 70.0),
        ("3 passed\n", None),
    ],
)
def test_the_total_is_read_as_each_tool_prints_it(log: str, total: float | None) -> None:
    assert total_of(log) == total


@pytest.mark.parametrize(
    ("before", "after", "is_told"),
    [(90, 85, False), (90, 84.9, True), (90, None, True), (None, 10, False), (80, 90, False)],
)
def test_more_than_five_points_lost_wait_for_a_person(before: float | None, after: float | None, is_told: bool) -> None:
    found = drop(run(before), run(after), "pyproject.toml")
    assert [(one.rule, one.severity) for one in found] == [("coverage drop", Severity.NEEDS_HUMAN)] * is_told


def test_a_run_that_broke_off_says_nothing_of_coverage() -> None:
    assert drop(run(90), run(None, has_ended=False), "x") == ()
