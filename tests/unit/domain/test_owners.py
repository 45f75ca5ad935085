"""CODEOWNERS as GitHub documents it: the last match decides, and a hostile file costs nothing."""

import fnmatch
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from honk.domain.owners import MAX_OWNERS, owners_of, parse

DOCUMENTED = [
    ("*", "a.txt", True),
    ("*", "deep/down/a.txt", True),
    ("*.js", "a.js", True),
    ("*.js", "deep/down/a.js", True),
    ("*.js", "a.jsx", False),
    ("/build/logs/", "build/logs/today/a.log", True),
    ("/build/logs/", "other/build/logs/a.log", False),
    ("/build/logs/", "build/logs", False),
    ("docs/*", "docs/getting-started.md", True),
    ("docs/*", "docs/build-app/troubleshooting.md", False),
    ("docs/*", "other/docs/a.md", False),
    ("apps/", "apps/a", True),
    ("apps/", "deep/apps/down/a", True),
    ("apps/", "apps", False),
    ("/docs/", "docs/deep/a", True),
    ("/docs/", "more/docs/a", False),
    ("/scripts/", "scripts/a", True),
    ("**/logs", "build/logs/a", True),
    ("**/logs", "scripts/logs/deep/a", True),
    ("**/logs", "deeply/nested/logs", True),
    ("**/logs", "logs/a", True),
    ("**/logs", "catalogs/a", False),
    ("/apps/github", "apps/github", True),
    ("/apps/github", "apps/github/a", True),
    ("/apps/github", "apps/githubber", False),
    ("src/**/test.py", "src/test.py", True),
    ("src/**/test.py", "src/a/b/test.py", True),
    ("src/**", "src/a/b", True),
    ("src/**", "src", False),
    ("/*", "a", True),
    ("/*", "a/b", False),
    ("file?.txt", "a/file1.txt", True),
    ("file?.txt", "a/file12.txt", False),
    ("pages/[slug].tsx", "pages/[slug].tsx", True),
    ("pages/[slug].tsx", "pages/s.tsx", False),
    (r"a\ b.txt", "a b.txt", True),
    ("Docs/", "docs/a", False),
]  # fmt: skip


@pytest.mark.parametrize(("pattern", "path", "is_matched"), DOCUMENTED)
def test_a_pattern_means_what_the_documentation_says(pattern: str, path: str, is_matched: bool) -> None:
    assert owners_of(parse(f"{pattern} @owner"), [path]) == (("@owner",) if is_matched else ())


def test_the_last_match_decides_and_may_leave_a_path_to_nobody() -> None:
    rules = parse("* @all\n/apps/ @octocat # the boss\n/apps/github\n*.go @org/go-team docs@example.com\n")
    assert owners_of(rules, ["README.md"]) == ("@all",)
    assert owners_of(rules, ["apps/a"]) == ("@octocat",)
    assert owners_of(rules, ["apps/github/a"]) == ()
    assert owners_of(rules, ["apps/github/a.go"]) == ("@org/go-team", "docs@example.com")
    assert owners_of(rules, ["z.go", "apps/a", "b"]) == ("@octocat", "@all", "@org/go-team", "docs@example.com")


@pytest.mark.parametrize("line", ["", "# * @a", "!docs @a", "docs not-an-owner", "docs @a @", "/ @a", "docs @a, @b"])
def test_what_is_no_rule_is_passed_over(line: str) -> None:
    assert parse(f"{line}\n") == ()
    assert owners_of(parse(f"* @all\n{line}\n"), ["docs/a"]) == ("@all",)


NAMES = st.text("ab.", min_size=1, max_size=4)
PATHS = st.lists(NAMES, min_size=1, max_size=4).map("/".join)


@given(PATHS)
def test_a_path_is_matched_by_itself_and_by_its_directories(path: str) -> None:
    parts = path.split("/")
    assert owners_of(parse(f"/{path} @me"), [path]) == ("@me",)
    assert owners_of(parse(f"{parts[-1]} @me"), [path]) == ("@me",)
    for depth in range(1, len(parts)):
        assert owners_of(parse(f"/{'/'.join(parts[:depth])}/ @me"), [path]) == ("@me",)
    assert owners_of(parse(f"/{path}x @me"), [path]) == ()


@given(st.text("ab*?", min_size=1, max_size=6).filter(lambda text: "**" not in text), NAMES)
def test_within_a_name_the_wildcards_are_those_of_a_shell(pattern: str, name: str) -> None:
    assert (owners_of(parse(f"/{pattern} @me"), [name]) == ("@me",)) == fnmatch.fnmatchcase(name, pattern)


@given(st.text("ab/*?\\ #@!<>[].\r\n\0\u2028", max_size=300), st.lists(PATHS, max_size=5))
def test_any_text_is_read_and_no_owner_holds_more_than_its_name(text: str, paths: list[str]) -> None:
    for owner in owners_of(parse(text), paths):
        assert owner == owner.strip()
        assert not {"\n", " ", "<", ">"} & set(owner)


def test_a_hostile_file_costs_no_more_than_another() -> None:
    stars = "\n".join(["/**/" * 20 + "*a" * 100 + "b @a"] * 200)
    begun = time.process_time()
    assert owners_of(parse(stars), ["a" * 200 + "/" + "x/" * 50 + "a" * 200] * 3) == ()
    assert time.process_time() - begun < 5
    assert len(owners_of(parse("* " + " ".join(f"@o{number}" for number in range(1000))), ["a"])) == MAX_OWNERS
