"""When one more pull request waits for a person."""

from datetime import UTC, datetime, timedelta

import pytest

from honk.domain.queue_filter import Earlier, QueueTerms, Wanted, narrowed, patch_of, why_held

NOON = datetime(2026, 3, 4, 12, tzinfo=UTC)
WANTED = Wanted(task_id="t9", tree_sha="tree", patch="patch")
TERMS = QueueTerms(most_open=3, repeat_days=14)


def earlier(number: int = 1, state: str = "open", days_ago: float | None = None, **more: str | None) -> Earlier:
    closed_at = None if days_ago is None else NOON - timedelta(days=days_ago)
    values: dict[str, str | None] = {"tree_sha": "other", "patch": "other", **more}
    return Earlier(number=number, state=state, closed_at=closed_at, **values)  # type: ignore[arg-type]


def held(*found: Earlier, wanted: Wanted = WANTED, terms: QueueTerms = TERMS) -> str | None:
    return why_held(wanted, found, terms, NOON)


def test_what_nobody_proposed_before_goes_through() -> None:
    assert held() is None
    assert held(earlier(), earlier(2)) is None
    assert held(earlier(patch=None), wanted=Wanted(task_id="t", tree_sha="x", patch=None)) is None


@pytest.mark.parametrize("same", [{"tree_sha": "tree"}, {"patch": "patch"}])
def test_the_same_change_as_an_open_or_lately_closed_one_is_held(same: dict[str, str]) -> None:
    words = held(earlier(7, **same))
    assert words is not None
    assert "#7 (open) has exactly this change" in words
    assert "honk task retry t9" in words
    assert held(earlier(state="closed", days_ago=13.9, **same)) is not None
    assert held(earlier(state="closed", days_ago=14.1, **same)) is None
    assert held(earlier(state="closed", **same)) is None, "nobody knows when"
    assert held(earlier(state="merged", **same)) is None


def test_whoever_was_told_and_goes_on_gets_it_within_the_limit() -> None:
    again = Wanted(task_id="t9", tree_sha="tree", patch="patch", is_wanted_again=True)
    assert held(earlier(tree_sha="tree"), wanted=again) is None
    words = held(*(earlier(number) for number in range(1, 4)), wanted=again)
    assert words is not None
    assert words.startswith("3 pull requests of Honk open here, and no more than 3 may be")


def test_an_installation_may_let_repeats_through() -> None:
    assert held(earlier(tree_sha="tree"), terms=QueueTerms(holds_repeats=False)) is None


def test_closed_and_merged_ones_do_not_count() -> None:
    others = [earlier(3, "closed", 1), earlier(4, "merged")]
    assert held(earlier(1), earlier(2), *others) is None
    assert held(earlier(1), earlier(2), earlier(5), *others) is not None


@pytest.mark.parametrize(
    ("text", "most"), [("", 20), ("[pull_requests]\nmost_open = 5", 5), ("[pull_requests]\nmost_open = 99", 20)]
)
def test_a_repository_only_lowers_it(text: str, most: int) -> None:
    terms = narrowed(QueueTerms(), text.encode())
    assert (terms.most_open, terms.problem) == (most, "")


@pytest.mark.parametrize(
    "text",
    ["[pull_requests", "pull_requests = 3", "[pull_requests]\nmost_open = -1", "[pull_requests]\nmost_open = true",
     "[pull_requests]\nmost_open = 1.5", "[pull_requests]\nmost_opened = 3", "[pull_requests]\nrepeat_days = 0"],
)  # fmt: skip
def test_what_is_not_understood_holds_everything(text: str) -> None:
    words = held(terms=narrowed(QueueTerms(), text.encode()))
    assert words is not None
    assert words.startswith(".honk.toml")


def diff(path: str = "a.py", start: int = 1, indent: str = "", index: str = "1..2", line: str = "x = 1") -> bytes:
    return (
        f"diff --git a/{path} b/{path}\nindex {index} 100644\n--- a/{path}\n+++ b/{path}\n@@ -{start},2 +{start},2 @@\n"
        f" context {start}\n-{indent}old\n+{indent}{line}\n"
    ).encode()


def test_the_same_lines_are_the_same_patch_wherever_they_stand() -> None:
    assert patch_of(diff()) == patch_of(diff(start=40, indent="    ", index="3..4"))
    assert patch_of(diff()) != patch_of(diff(line="x = 2"))
    assert patch_of(diff()) != patch_of(diff(path="b.py"))
    assert patch_of(b"") is None
    assert patch_of(diff() + b"Binary files a/x and b/x differ\n") is None
