"""Nothing that an agent, a tool or a file name says can steer the terminal or fool the eye."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from honk.domain.plain import block, clean, one_line

nasty = st.text(alphabet=st.one_of(st.characters(), st.sampled_from("\x1b[]0;m\x07\x9b\u202e\u2066\r\n\t\x00")))


@given(nasty)
def test_clean_text_holds_no_character_that_steers(text: str) -> None:
    for character in clean(text):
        assert character == "\n" or character in "\u200c\u200d" or unicodedata.category(character)[0] != "C"
        assert character not in "\u2028\u2029"


@given(nasty)
def test_cleaning_twice_is_cleaning_once(text: str) -> None:
    assert clean(clean(text)) == clean(text)


@given(st.text(alphabet=st.characters(categories=["L", "N", "P", "S"])))
def test_visible_text_stays_as_it_is(text: str) -> None:
    assert clean(text) == text


@given(nasty, st.integers(1, 80))
def test_one_line_is_one_line_and_fits(text: str, width: int) -> None:
    line = one_line(text, width)
    assert "\n" not in line
    assert len(line) <= width


@given(nasty, st.integers(1, 20))
def test_a_block_is_never_taller_than_allowed(text: str, most: int) -> None:
    assert 1 <= len(block(text, max_lines=most)) <= most


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("\x1b[31mred\x1b[0m", "red"),
        ("\x1b]0;title\x07after", "after"),
        ("\x1b]8;;http://evil.example\x1b\\link\x1b]8;;\x1b\\", "link"),
        ("safe\u202egnp.exe", "safegnp.exe"),
        ("over\rwritten", "over\nwritten"),
        ("a\x08\x7fb", "ab"),
        ("name\udcff", "name\ufffd"),
        ("می\u200cخواهم", "می\u200cخواهم"),
    ],
)
def test_known_tricks_are_shown_as_plain_text(text: str, shown: str) -> None:
    assert clean(text) == shown


def test_a_block_says_how_much_it_left_out() -> None:
    assert block("a\nb\nc\nd", max_lines=3) == ["a", "b", "… 2 more lines"]
