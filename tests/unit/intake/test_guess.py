"""Which repository is meant: an order always, an answer only where it is sure."""

from hypothesis import given
from hypothesis import strategies as st

from honk.intake.guess import LONGEST, Candidate, guess

WEB = Candidate(repository_id="w", name="playlist-web", components=("Player", "queue-service"))
API = Candidate(repository_id="a", name="search-api")
LIB = Candidate(repository_id="l", name="test")
ALL = (WEB, API, LIB)


def best(words: str, *past: tuple[str, str]) -> tuple[str, bool]:
    found = guess(words, ALL, past)
    assert found.best is not None
    return found.best.candidate.repository_id, found.is_sure


def test_a_named_repository_or_component_is_sure() -> None:
    assert best("In search-api the sort order is wrong") == ("a", True)
    assert best("the player stops after one song") == ("w", True)
    found = guess("the Player stops", ALL)
    assert found.best is not None
    assert found.best.why == "has the component: Player"


def test_a_part_of_a_name_is_a_hint_and_not_sure() -> None:
    assert best("search is slow") == ("a", False)


def test_a_name_that_is_an_everyday_word_names_nothing() -> None:
    assert not guess("add a test", ALL).is_sure
    assert not guess("playlist-website is down", ALL).is_sure


def test_two_that_are_named_alike_are_asked_about() -> None:
    assert not guess("move the sorting from search-api to playlist-web", ALL).is_sure


def test_words_that_were_used_in_one_place_alone_point_there() -> None:
    past = [("w", "the equalizer flickers"), ("w", "equalizer presets are lost"), ("a", "ranking ignores typos")] * 3
    assert best("equalizer presets flicker", *past)[0] == "w"
    assert best("ranking of typos", *past)[0] == "a"


def test_the_only_one_is_meant() -> None:
    assert guess("anything", [API]).is_sure
    assert guess("anything", []).best is None


@given(st.text(max_size=80), st.lists(st.tuples(st.sampled_from("wal?"), st.text(max_size=40)), max_size=5))
def test_whatever_is_said_every_candidate_is_ranked_once(words: str, past: list[tuple[str, str]]) -> None:
    ranked = guess(words, ALL, past).ranked
    assert {one.candidate for one in ranked} == set(ALL)
    assert [one.score for one in ranked] == sorted((one.score for one in ranked), reverse=True)


def test_of_a_request_without_end_only_the_beginning_is_looked_at() -> None:
    past = [("a", "x" * LONGEST + " playlist"), ("b", "nothing")]
    found = guess("playlist", [Candidate(repository_id=one, name=one * 9) for one in "ab"], past)
    assert [one.score for one in found.ranked] == [0.0, 0.0]
