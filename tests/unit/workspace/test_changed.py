"""Reading what git says about a change, and wording what git is told."""

from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from honk.domain.change import ChangedFile, Edit
from honk.domain.task import Person
from honk.workspace import CommitMessage
from honk.workspace.changed import identity, message_text, new_blobs, parse_changed, shown
from honk.workspace.setup import exclude_patterns

A, B = b"a" * 40, b"b" * 40
ADA = Person(name="Ada", email="ada@example.org")


def message(subject: str, value: str, who: Person = ADA) -> CommitMessage:
    at = datetime(2026, 1, 1, tzinfo=UTC)
    return CommitMessage(subject=subject, body="", author=who, committer=who, at=at, trailers=(("Honk-Task", value),))


def test_renames_binaries_and_odd_names_are_read() -> None:
    raw = b":100644 100755 %b %b R090\0old\tname\0:new\nname\0:100644 000000 %b %b D\0-x\0" % (A, B, A, B)
    counts = b"1\t2\t\0old\tname\0:new\nname\0-\t-\t-x\0"
    assert parse_changed(raw + counts) == (
        ChangedFile(path="-x", edit=Edit.DELETED, new_mode="000000"),
        ChangedFile(
            path=":new\nname",
            edit=Edit.RENAMED,
            old_path="old\tname",
            added_lines=1,
            deleted_lines=2,
            new_mode="100755",
        ),
    )


def test_only_new_content_is_weighed() -> None:
    raw = b":000000 100644 %b %b A\0new\0:100644 000000 %b %b D\0gone\0:000000 160000 %b %b A\0module\0" % (
        A,
        B,
        A,
        A,
        A,
        A,
    )
    assert new_blobs(raw) == {B.decode(): "new"}


@given(st.text(), st.text())
def test_a_commit_s_text_has_one_subject_and_one_line_for_each_trailer(subject: str, value: str) -> None:
    lines = message_text(message(subject, value)).split("\n")
    assert len(lines) == 4
    assert lines[0].strip()
    assert lines[2].startswith("Honk-Task:")


@given(st.text(), st.text())
def test_nobody_s_name_can_break_out_of_its_place(name: str, email: str) -> None:
    who = identity(message("s", "v", Person(name=name, email=email)))
    for field in (who["GIT_AUTHOR_NAME"], who["GIT_AUTHOR_EMAIL"]):
        assert field
        assert not set(field) & set("<>\n\0")


def test_a_path_in_a_message_is_one_plain_line() -> None:
    assert shown("a\nb\x1b[31m\udce9") == "a\\nb\\x1b[31m\\\\xe9"


def test_what_cargo_built_is_one_pattern_and_another_target_is_none() -> None:
    assert exclude_patterns(b"target/CACHEDIR.TAG\0Cargo.lock\0target/debug/a\0") == b"/target/\n/Cargo.lock\n"
    assert exclude_patterns(b"target/debug/a\0") == b"/target/debug/a\n"


def test_exclude_patterns_match_the_paths_themselves() -> None:
    assert exclude_patterns(b"a.egg-info/x\0*.c\0!b \0new\nline\0") == b"/a.egg-info/x\n/\\*.c\n/!b\\ \n"
    assert exclude_patterns(b"node_modules/a/b\0node_modules/c\0w/node_modules/x\0my_node_modules/y\0") == (
        b"/node_modules/\n/w/node_modules/\n/my_node_modules/y\n"
    )
