"""Whatever somebody does to a log, the first wrong entry is named."""

import itertools
import json
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from honk.domain.audit import (
    DONE,
    HONK,
    Anchored,
    AuditEntry,
    Checked,
    Head,
    Row,
    Tampering,
    Who,
    canonical,
    chained,
    digest_of,
    entry_of,
    line_of,
    record_of,
)
from honk.domain.audit_check import ANNOUNCED, BEGINS, KEPT, RESTORED, anchor_line, read_anchor, verify_chain

NOON = datetime(2026, 3, 4, 12, tzinfo=UTC)
ADA = Who(person_id="p1", name="Ada", door="console")
LENGTH = 6


def log(length: int = LENGTH, *, word: str = "push", head: Head | None = None, step: int = 1) -> list[AuditEntry]:
    entries: list[AuditEntry] = []
    head = head or Head()
    for number in range(length):
        wanted = AuditEntry(
            sequence=0,
            at=NOON + timedelta(seconds=step * number),
            act=word,
            who=ADA if number % 2 else HONK,
            subject=f"task:{number}",
            body={"head_sha": f"{number}" * 40, "files": [number, "a.py"]},
            ends=number if number % 2 else None,
            came_of=DONE if number % 2 else "",
        )
        entries.append(chained(head, wanted))
        head = head_of(entries[-1])
    return entries


def head_of(entry: AuditEntry) -> Head:
    return Head(sequence=entry.sequence, digest=entry.digest)


def rows(entries: Sequence[AuditEntry]) -> list[Row]:
    return [Row(place=one.sequence, record=record_of(one), digest=one.digest) for one in entries]


def anchor(entries: Sequence[AuditEntry], *more: str) -> Anchored:
    lines = [anchor_line(head_of(one), kind) for one in entries for kind in (ANNOUNCED, KEPT)]
    return read_anchor([*lines, *more])


LOG = log()
ROWS = rows(LOG)
ANCHOR = anchor(LOG)


def check(found: Sequence[Row], known: Anchored | None = ANCHOR) -> Checked:
    return verify_chain(found, known)


def wrong(found: Sequence[Row], known: Anchored | None = ANCHOR) -> tuple[int, Tampering]:
    checked = check(found, known)
    assert checked.wrong is not None
    assert checked.wrong.words
    return checked.wrong.sequence, checked.wrong.kind


def test_a_whole_log_is_whole() -> None:
    checked = check(ROWS)
    assert checked == Checked(head=head_of(LOG[-1]), wrong=None)
    assert check([], anchor([])).wrong is None
    assert check([], None).wrong is None


def test_what_is_exported_is_what_was_digested() -> None:
    for entry in LOG:
        line = json.loads(line_of(entry))
        digest = line.pop("digest")
        assert digest_of(canonical(line)) == digest
        assert entry_of(canonical(line), digest) == entry


def edits() -> Iterator[tuple[str, int, Row]]:
    """Every field of every entry, changed in its record, with and without its own digest made anew."""
    for number, row in enumerate(ROWS):
        record = json.loads(str(row.record))
        for name in record:
            for value in ("2026-03-04T12:00:09.000000+00:00", 7, None, {"name": "Eve"}, [], "Eve", True):
                text = canonical({**record, name: value})
                if text != row.record:
                    yield f"{name}={value}", number, replace(row, record=text)
                    yield f"{name}={value}, digested", number, replace(row, record=text, digest=digest_of(text))
        for text in (" " + str(row.record), "", "{}", "[]", "null", "[" * 50_000, None, 3, b"{}", str(row.record)[:-1]):
            yield f"record {str(text)[:9]!r}", number, replace(row, record=text)
        for digest in ("", None, 3, str(row.digest).upper(), "0" * 64):
            yield f"digest {digest!r}", number, replace(row, digest=digest)
        for place in (None, "1", 1.5, -1, 0, 99):
            yield f"place {place!r}", number, replace(row, place=place)


@pytest.mark.parametrize("known", [ANCHOR, read_anchor([anchor_line(head_of(LOG[-1]), KEPT)])], ids=["all", "head"])
def test_every_edit_of_every_field_is_found(known: Anchored) -> None:
    for what, number, row in edits():
        found = [*ROWS[:number], row, *ROWS[number + 1 :]]
        checked = verify_chain(found, known)
        assert checked.wrong is not None, what
        assert checked.wrong.sequence <= number + 2, what
        if known is ANCHOR and row.place == number + 1:
            assert checked.wrong.sequence == number + 1, what


def test_every_subset_that_is_taken_out_is_found() -> None:
    for size in range(LENGTH):
        for left in itertools.combinations(range(LENGTH), size):
            first = next(number for number in range(LENGTH) if number not in left)
            kind = Tampering.TRUNCATED if left == tuple(range(size)) else Tampering.DELETED
            assert wrong([ROWS[number] for number in left]) == (first + 1, kind)


def test_every_other_order_is_found() -> None:
    for order in itertools.permutations(range(LENGTH)):
        if order == tuple(range(LENGTH)):
            continue
        moved = [replace(ROWS[number], place=place + 1) for place, number in enumerate(order)]
        first = next(place for place, number in enumerate(order) if place != number)
        assert wrong(moved) == (first + 1, Tampering.REORDERED)


@pytest.mark.parametrize("at", range(LENGTH + 1))
def test_an_entry_that_is_put_in_is_found_however_well_it_is_chained(at: int) -> None:
    """Nobody needs a secret to chain an entry: that it was never announced tells."""
    forged = log(1, word="merge", head=head_of(LOG[at - 1]) if at else Head())
    behind = log(LENGTH - at, head=head_of(forged[0]))
    sequence, kind = wrong(rows([*LOG[:at], *forged, *behind]))
    assert sequence == at + 1
    assert kind is (Tampering.INSERTED if at == LENGTH else Tampering.EDITED)


@pytest.mark.parametrize("at", range(LENGTH))
def test_a_log_that_was_written_anew_from_somewhere_is_found(at: int) -> None:
    anew = rows([*LOG[:at], *log(LENGTH - at, word="merge", head=head_of(LOG[at - 1]) if at else Head())])
    assert wrong(anew) == (at + 1, Tampering.EDITED)
    heads_alone = read_anchor([anchor_line(head_of(LOG[-1]), KEPT)])
    found = verify_chain(anew, heads_alone).wrong
    assert found is not None
    assert found.kind is Tampering.EDITED


@pytest.mark.parametrize("left", range(LENGTH))
def test_a_cut_end_is_found_and_without_the_anchor_nothing_is_called_whole(left: int) -> None:
    assert wrong(ROWS[:left]) == (left + 1, Tampering.TRUNCATED)
    if left:
        assert wrong(ROWS[:left], None) == (left, Tampering.UNANCHORED)


def test_an_end_that_was_cut_and_grown_again_is_found() -> None:
    again = log(3, word="read", head=head_of(LOG[2]))
    known = anchor([*LOG, *again])
    assert wrong(rows([*LOG[:3], *again]), known) == (4, Tampering.EDITED)


def test_an_entry_that_was_announced_and_never_written_is_no_loss() -> None:
    """Honk died, or the disk was full, between the two: its act was not done."""
    never = log(1, word="merge", head=head_of(LOG[-1]))
    assert check(ROWS, anchor(LOG, anchor_line(head_of(never[0]), ANNOUNCED))).wrong is None


def test_a_log_from_a_backup_says_what_it_lacks_and_goes_on() -> None:
    after = log(2, word="push", head=head_of(LOG[2]))
    restored = anchor_line(head_of(LOG[2]), RESTORED)
    lines = [anchor_line(head_of(one), kind) for one in after for kind in (ANNOUNCED, KEPT)]
    known = anchor(LOG, restored, *lines)
    checked = check(rows([*LOG[:3], *after]), known)
    assert checked.wrong is None
    assert "entries 4 to 6" in checked.notes[-1]
    assert wrong(rows(LOG[:3]), known) == (4, Tampering.TRUNCATED)
    assert wrong(ROWS, known) == (4, Tampering.EDITED)
    assert check(rows(LOG[:3]), read_anchor([restored])).wrong is None, "on another machine"


def test_an_anchor_that_was_set_up_later_stands_for_what_was_before() -> None:
    begins = anchor_line(head_of(LOG[2]), BEGINS)
    lines = [anchor_line(head_of(one), kind) for one in LOG[3:] for kind in (ANNOUNCED, KEPT)]
    known = read_anchor([begins, *lines])
    assert check(ROWS, known).wrong is None
    assert check(ROWS, known).notes == ("The anchor was set up behind entry 3.",)
    anew = rows([*log(3, word="merge"), *LOG[3:]])
    assert wrong(anew, known) == (3, Tampering.EDITED)
    assert wrong(ROWS, read_anchor([*lines, begins])) == (1, Tampering.INSERTED), "only as the first line"


def test_a_clock_that_goes_back_is_noted() -> None:
    back = log(2, step=-5)
    checked = check(rows(back), anchor(back))
    assert checked.wrong is None
    assert checked.notes == ("The clock went back between entries 1 and 2.",)


def test_acts_without_an_end_are_named() -> None:
    assert check(rows(LOG[:5]), anchor(LOG[:5])).unended == (LOG[4],)


@pytest.mark.parametrize("left", range(LENGTH))
def test_an_anchor_of_ours_that_was_emptied_calls_nothing_whole(left: int) -> None:
    lines = [anchor_line(head_of(one), kind) for one in LOG for kind in (ANNOUNCED, KEPT)]
    for emptied in ([], lines[: left * 2], [line for line in lines if "kept" in line], lines[2:]):
        assert verify_chain(ROWS, read_anchor(emptied), is_ours=True).wrong is not None
    assert verify_chain(ROWS, read_anchor([])).wrong is not None


def test_heads_of_somebody_s_own_say_what_they_do_not_prove() -> None:
    checked = verify_chain(ROWS, read_anchor([anchor_line(head_of(LOG[3]), KEPT)]))
    assert checked.wrong is None
    assert checked.notes == ("The anchor ends with entry 4: it proves nothing of the 2 behind it.",)


def test_torn_lines_of_an_anchor_are_told_and_hide_nothing() -> None:
    torn = anchor(LOG, f"7 {LOG[0].digest[:9]}", "\n", "x y kept\n", "-1 a kept\n")
    assert torn.unread == 3
    assert check(ROWS, torn).notes == ("The anchor has 3 lines that cannot be read.",)
    assert wrong(ROWS[:4], torn) == (5, Tampering.TRUNCATED)


def test_after_a_restore_behind_which_an_anchor_began_later_nothing_that_was_put_in_passes() -> None:
    """The log had eight entries when the anchor was set up; the backup that came back had four."""
    before = log(10)
    kept = before[:4]
    grown = log(2, word="merge", head=head_of(kept[-1]))
    forged = log(1, word="grant", head=head_of(grown[-1]))
    lines = [anchor_line(head_of(before[7]), BEGINS)]
    lines += [anchor_line(head_of(one), kind) for one in before[8:] for kind in (ANNOUNCED, KEPT)]
    lines += [anchor_line(head_of(kept[-1]), RESTORED)]
    lines += [anchor_line(head_of(one), kind) for one in grown for kind in (ANNOUNCED, KEPT)]
    known = read_anchor(lines)
    assert verify_chain(rows([*kept, *grown]), known, is_ours=True).wrong is None
    checked = verify_chain(rows([*kept, *grown, *forged]), known, is_ours=True)
    assert checked.wrong is not None
    assert (checked.wrong.sequence, checked.wrong.kind) == (7, Tampering.INSERTED)


def test_a_number_in_an_anchor_that_is_none_is_a_line_that_cannot_be_read() -> None:
    for number in ("9" * 5000, "9" * 30, "\u0663", "-1", "1e3"):
        assert anchor(LOG, f"{number} {'0' * 64} announced\n").unread == 1, number
        assert read_anchor([f"{number} {'0' * 64} begins\n"]).unread == 1, number
