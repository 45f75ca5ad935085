"""Places that an answer names."""

import pytest

from honk.domain.citations import NAMES_NONE, citations_in, marked


def test_what_is_there_stays_as_it_is() -> None:
    text = "add() subtracts (calc.py:2), and src/page.py:10-12 shows it."
    assert marked(text, {"calc.py": 2, "src/page.py": 12}) == text


def test_what_is_not_there_is_marked_where_it_stands() -> None:
    told = marked("See calc.py:9 and gone.py:1, not calc.py:0.", {"calc.py": 2})
    assert told == (
        "See calc.py:9 (there is no such line: it has 2) and gone.py:1 (there is no such file), "
        "not calc.py:0 (there is no such line: it has 2)."
    )


def test_an_answer_that_names_nothing_says_so() -> None:
    assert marked("It is fine.", {}) == f"It is fine.\n{NAMES_NONE}"


@pytest.mark.parametrize("text", ["at 12:30", "http://example.org:80/x", "127.0.0.1:8300", "ratio 3:4", "a::b", "x: 3"])
def test_what_is_no_place_is_left_alone(text: str) -> None:
    assert citations_in(text) == ()
