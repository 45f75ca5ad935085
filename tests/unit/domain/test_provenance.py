"""What kind of file a path is, who did how much of each, and how that is said."""

import subprocess

import pytest

from honk.domain.change import ChangedFile, Edit
from honk.domain.provenance import Contribution, Part, Share, part_of, share_trailers, shares_of


@pytest.mark.parametrize(
    ("path", "part"),
    [
        ("src/honk/app.py", Part.CODE),
        ("web/index.html", Part.CODE),
        ("db/migrations/0001.sql", Part.CODE),
        ("latest.py", Part.CODE),
        ("src/contest.py", Part.CODE),
        ("src/docstring.py", Part.CODE),
        ("caf\udce9.rs", Part.CODE),
        ("", Part.CODE),
        ("tests/unit/test_app.py", Part.TESTS),
        ("tests/data/sample.json", Part.TESTS),
        ("pkg/thing_test.go", Part.TESTS),
        ("src/app.test.ts", Part.TESTS),
        ("src/app.spec.tsx", Part.TESTS),
        ("src/test/java/org/x/AppTest.java", Part.TESTS),
        ("x/AppIT.java", Part.TESTS),
        ("spec/models/user_spec.rb", Part.TESTS),
        ("README.md", Part.DOCS),
        ("docs/how-to/x.svg", Part.DOCS),
        ("LICENSE", Part.DOCS),
        ("notes.txt", Part.DOCS),
        ("pyproject.toml", Part.CONFIGURATION),
        (".github/workflows/ci.yml", Part.CONFIGURATION),
        (".github/CODEOWNERS", Part.CONFIGURATION),
        ("Dockerfile", Part.CONFIGURATION),
        ("requirements.txt", Part.CONFIGURATION),
        ("requirements/dev.txt", Part.CONFIGURATION),
        (".gitignore", Part.CONFIGURATION),
        ("package.json", Part.CONFIGURATION),
        ("package-lock.json", Part.GENERATED),
        ("web/yarn.lock", Part.GENERATED),
        ("Cargo.lock", Part.GENERATED),
        ("go.sum", Part.GENERATED),
        ("api/thing_pb2.py", Part.GENERATED),
        ("static/app.min.js", Part.GENERATED),
        ("vendor/x/y.go", Part.GENERATED),
        ("src/__snapshots__/a.snap", Part.GENERATED),
    ],
)
def test_a_file_is_what_its_path_says(path: str, part: Part) -> None:
    assert part_of(path) is part


def file(path: str, added: int | None, deleted: int | None) -> ChangedFile:
    return ChangedFile(path=path, edit=Edit.MODIFIED, added_lines=added, deleted_lines=deleted)


AGENT = "claude, sonnet"
SHARES = shares_of(
    [
        Contribution(author=AGENT, is_machine=True, files=(file("a.py", 10, 2), file("test_a.py", 5, 0))),
        Contribution(author="Ada", is_machine=False, files=(file("a.py", 1, 1), file("logo.png", None, None))),
        Contribution(author=AGENT, is_machine=True, files=(file("a.py", 3, 0), file("b.py", 1, 0))),
    ]
)


def test_shares_are_by_kind_and_author_machines_first() -> None:
    assert (
        Share(part=Part.CODE, author=AGENT, is_machine=True, files=2, added=14, deleted=2),
        Share(part=Part.CODE, author="Ada", is_machine=False, files=2, added=1, deleted=1),
        Share(part=Part.TESTS, author=AGENT, is_machine=True, files=1, added=5, deleted=0),
    ) == SHARES
    assert shares_of([Contribution(author="Ada", is_machine=False, files=())]) == ()


def test_git_reads_the_trailers_back() -> None:
    trailers = share_trailers(SHARES)
    message = "Subject\n\n" + "\n".join(f"{name}: {value}" for name, value in trailers) + "\n"
    done = subprocess.run(
        ["git", "interpret-trailers", "--parse"], input=message, capture_output=True, text=True, check=True
    )
    assert done.stdout.splitlines() == [
        "Honk-Made: code 2 +14 -2 by machine claude, sonnet",
        "Honk-Made: code 2 +1 -1 by person Ada",
        "Honk-Made: tests 1 +5 -0 by machine claude, sonnet",
    ]
