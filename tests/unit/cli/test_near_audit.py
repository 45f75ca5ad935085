"""Rows of the audit log as lines for people and for programs, whatever somebody put into them."""

import json
from datetime import UTC, datetime

from honk.cli.facts import Tone
from honk.cli.near_audit import export_line, line_of_row
from honk.domain.audit import DONE, HONK, AuditEntry, Head, Row, Who, chained, digest_of, record_of

NOON = datetime(2026, 3, 4, 12, tzinfo=UTC)


def row(**more: object) -> Row:
    values: dict[str, object] = {"act": "push", "who": HONK, "subject": "task:x", **more}
    entry = chained(Head(), AuditEntry(sequence=0, at=NOON, **values))  # type: ignore[arg-type]
    return Row(place=1, record=record_of(entry), digest=entry.digest)


def test_a_line_commands_no_terminal() -> None:
    evil = Who(name="\x1b[2JAda\u202e", person_id="p", door="console")
    line = line_of_row(row(who=evil, came_of="refused: \x1b]0;owned\x07no"), "", "")
    assert line is not None
    assert (
        line.text
        == "     1  2026-03-04 12:00:00  push                 task:x                    Ada (console)  refused: no"
    )
    assert line.tone is Tone.UNSURE


def test_only_what_is_asked_for_is_shown() -> None:
    assert line_of_row(row(), "task:x", "push") is not None
    assert line_of_row(row(), "task:y", "") is None
    assert line_of_row(row(), "", "merge") is None


def test_an_announced_act_and_an_end_are_told_apart() -> None:
    announced, ended = line_of_row(row(), "", ""), line_of_row(row(came_of=DONE, ends=1), "", "")
    assert announced is not None
    assert ended is not None
    assert (announced.text[-1], ended.text[-9:]) == ("…", "done of 1")


def test_an_export_is_what_was_digested_and_never_stops() -> None:
    told = json.loads(export_line(row()))
    digest = told.pop("digest")
    assert digest_of(json.dumps(told, sort_keys=True, separators=(",", ":"))) == digest
    broken = Row(place=2, record="{", digest=None)
    assert json.loads(export_line(broken)) == {"sequence": 2, "digest": "None", "unreadable": "{"}
    line = line_of_row(broken, "", "")
    assert line is not None
    assert line.tone is Tone.BAD
