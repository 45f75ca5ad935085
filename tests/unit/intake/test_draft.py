"""From talk to a brief."""

from hypothesis import given
from hypothesis import strategies as st

from honk.intake.draft import draft_of

TALK = """The playlist page crashes on empty titles. Fix it, please.
- Only if the title is optional in the schema.
- Don't touch the API.
Leave the old tests alone. It should show "Untitled" instead.
Done when the new test passes.
"""


def test_sentences_are_sorted_by_what_they_plainly_are() -> None:
    terms = draft_of(TALK).terms
    assert terms.preconditions == ("Only if the title is optional in the schema.",)
    assert terms.out_of_bounds == ("Don't touch the API.", "Leave the old tests alone.")
    assert terms.done_when == ('It should show "Untitled" instead.', "Done when the new test passes.")


def test_few_words_do_not_say_what_is_to_be_done() -> None:
    assert draft_of("playlist page").is_vague
    assert not draft_of("Fix the playlist page").is_vague
    assert draft_of("").is_vague


@given(st.text(max_size=300))
def test_nothing_is_told_that_was_not_said(words: str) -> None:
    terms = draft_of(words).terms
    for line in (*terms.preconditions, *terms.out_of_bounds, *terms.done_when):
        assert line in words
