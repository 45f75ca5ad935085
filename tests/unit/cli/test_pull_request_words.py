"""What a person reads before and after a merge, and what they must type."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from honk.cli import asking, pr
from honk.domain.change import PullRequest
from honk.workflows.tapping import MergeResult
from honk.workspace import Advance


@pytest.fixture
def answer(monkeypatch: pytest.MonkeyPatch) -> Callable[[str | type[BaseException]], None]:
    """Sets what the person types next."""

    def set_answer(text: str | type[BaseException]) -> None:
        def typed(question: str) -> str:
            if isinstance(text, str):
                return text
            raise text

        monkeypatch.setattr("builtins.input", typed)

    return set_answer


@pytest.mark.parametrize(("text", "is_yes"), [("y", True), ("YES ", True), ("", False), ("n", False), ("maybe", False)])
def test_only_a_clear_yes_is_one(answer: Callable[[str], None], text: str, is_yes: bool) -> None:
    answer(text)
    assert asking.is_agreed("Merge?") is is_yes


@pytest.mark.parametrize("leaving", [EOFError, KeyboardInterrupt])
def test_going_away_is_no(answer: Callable[[type[BaseException]], None], leaving: type[BaseException]) -> None:
    answer(leaving)
    assert asking.is_agreed("Merge?") is False


def test_an_unverified_one_needs_a_sentence_and_not_a_yes(
    answer: Callable[[str], None], pull_request: PullRequest
) -> None:
    draft = replace(pull_request, is_draft=True)
    answer("")
    assert pr.wants_merge(draft, None) == (False, None)
    answer("I tried it on my phone.")
    assert pr.wants_merge(draft, None) == (True, "I tried it on my phone.")


def test_a_headline_says_when_it_is_not_verified(pull_request: PullRequest) -> None:
    assert pr.headline(pull_request).text == "#7 open: Stop the crash [honk/abc234-stop-the-crash -> main]"
    assert "not verified" in pr.headline(replace(pull_request, is_draft=True)).text


def test_a_headline_in_a_list_says_whose_it_is(pull_request: PullRequest) -> None:
    told = pr.headline(pull_request, "tonearm").text
    assert told == "#7 open: Stop the crash [tonearm: honk/abc234-stop-the-crash -> main]"


def test_the_owners_are_named_and_many_of_them_counted(pull_request: PullRequest) -> None:
    def told(*owners: str) -> list[str]:
        return [line.text for line in pr.reviewers(replace(pull_request, reviewers=owners))]

    assert told() == []
    assert told("@org/team", "ada@example.org\x1b[2J") == ["Reviewers @org/team, ada@example.org"]
    assert told(*(f"@o{number}" for number in range(12)))[0].endswith("@o9, and 2 more")


def test_a_branch_that_could_not_be_moved_comes_with_advice(pull_request: PullRequest) -> None:
    merged = replace(pull_request, state="merged", merged_sha="c" * 40)
    stuck = MergeResult(pull_request=merged, advance=Advance(has_moved=False, advice="Run:\n  git merge honk/x"))
    assert [line.text for line in pr.merged_lines(stuck)] == [
        "✓ merged #7 as cccccccccc",
        "  Run:",
        "    git merge honk/x",
    ]
    moved = MergeResult(pull_request=merged, advance=Advance(has_moved=True))
    assert pr.merged_lines(moved)[-1].text == "  your branch main is there now"
