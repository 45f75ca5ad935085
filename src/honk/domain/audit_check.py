"""Looks at a whole audit log, and names the first entry that is not as it was written. Pure."""

import re
from collections.abc import Iterable, Sequence

from honk.domain.audit import (
    Anchored,
    AuditEntry,
    Checked,
    Head,
    Row,
    Tampering,
    Wrong,
    digest_of,
    entry_of,
)

ANNOUNCED, KEPT, RESTORED, BEGINS = "announced", "kept", "restored", "begins"
"""Kinds of an anchor's lines."""
_NUMBER = re.compile("[0-9]{1,18}")


def anchor_line(head: Head, kind: str) -> str:
    """As an anchor keeps it, with its end."""
    return f"{head.sequence} {head.digest} {kind}\n"


def read_anchor(lines: Iterable[str]) -> Anchored:
    """What the lines of an anchor say, in their order."""
    announced: dict[int, frozenset[str]] = {}
    kept: dict[int, frozenset[str]] = {}
    restored, begins, lost, unread = None, None, 0, 0
    for place, line in enumerate(lines):
        match line.split():
            case [number, digest, ("announced" | "kept" | "restored") as kind] if _NUMBER.fullmatch(number):
                head = Head(sequence=int(number), digest=digest)
            case [number, digest, "begins"] if _NUMBER.fullmatch(number) and place == 0:
                begins = Head(sequence=int(number), digest=digest)
                kept[begins.sequence] = frozenset({digest})
                continue
            case []:
                continue
            case _:
                unread += 1
                continue
        if kind == ANNOUNCED:
            announced[head.sequence] = announced.get(head.sequence, frozenset()) | {head.digest}
        elif kind == KEPT:
            kept[head.sequence] = kept.get(head.sequence, frozenset()) | {head.digest}
        else:
            lost = max((lost, *(number for number in kept if number > head.sequence)))
            announced = {number: those for number, those in announced.items() if number <= head.sequence}
            kept = {number: one for number, one in kept.items() if number < head.sequence}
            kept[head.sequence], restored = frozenset({head.digest}), head
            if begins is not None and begins.sequence > head.sequence:
                begins = None  # it stood for entries that the log of the backup does not have
    return Anchored(announced=announced, kept=kept, restored=restored, begins=begins, lost=lost, unread=unread)


def verify_chain(rows: Iterable[Row], anchored: Anchored | None, *, is_ours: bool = False) -> Checked:
    """The rows in the order of their places. `anchored` is None where nothing is kept outside. `is_ours`: Honk itself
    writes that anchor, so that it knows of every entry. One of somebody's own may know heads alone: it proves nothing
    of the entries behind its last one."""
    look = _Look(anchored, knows_all=is_ours or (anchored is not None and bool(anchored.announced)))
    for row in rows:
        if (wrong := look.at(row)) is not None:
            return look.checked(wrong)
    return look.checked(look.behind_the_end())


class _Look:
    """From the first entry to the last."""

    def __init__(self, anchored: Anchored | None, *, knows_all: bool) -> None:
        self._anchored, self._knows_all = anchored, knows_all
        self._head = Head()
        self._newest: AuditEntry | None = None
        self._open: dict[int, AuditEntry] = {}
        self._notes: list[str] = []

    def at(self, row: Row) -> Wrong | None:
        number = self._head.sequence + 1
        if (wrong := _wrong_place(row.place, number)) is not None:
            return wrong
        try:
            entry = entry_of(str(row.record), str(row.digest))
        except ValueError as error:
            return _edited(number, f"it cannot be read: {error}")
        if digest_of(str(row.record)) != row.digest:
            return _edited(number, "its words are not those that its digest was made of")
        if entry.sequence != number:
            words = f"in the place of entry {number} stands one that was written as entry {entry.sequence}"
            return Wrong(sequence=number, kind=Tampering.REORDERED, words=words)
        if entry.previous != self._head.digest:
            before = f"the entry {number - 1} that is here" if number > 1 else "the beginning of a log"
            return _edited(number, f"it was not written behind {before}: one of the two is not the first one")
        if (wrong := self._against_anchor(entry)) is not None:
            return wrong
        self._take(entry)
        return None

    def _against_anchor(self, entry: AuditEntry) -> Wrong | None:
        if self._anchored is None:
            return None
        number, anchored = entry.sequence, self._anchored
        if others := anchored.kept.get(number, frozenset()) - {entry.digest}:
            known = " and ".join(sorted(one[:12] for one in others))
            return _edited(number, f"the anchor has kept {known} as entry {number}, and here is {entry.digest[:12]}")
        covered = max(head.sequence if head is not None else 0 for head in (anchored.restored, anchored.begins))
        if not self._knows_all or number <= covered or entry.digest in anchored.announced.get(number, ()):
            return None
        if number in anchored.announced:
            return _edited(number, "Honk announced another entry to the anchor")
        return Wrong(
            sequence=number,
            kind=Tampering.INSERTED,
            words="Honk never announced it to the anchor, or that line is gone from there",
        )

    def _take(self, entry: AuditEntry) -> None:
        if self._newest is not None and entry.at < self._newest.at:
            self._notes.append(f"The clock went back between entries {self._newest.sequence} and {entry.sequence}.")
        if entry.ends is not None:
            self._open.pop(entry.ends, None)
        elif not entry.came_of:
            self._open[entry.sequence] = entry
        self._newest, self._head = entry, Head(sequence=entry.sequence, digest=entry.digest)

    def behind_the_end(self) -> Wrong | None:
        """What should be there still."""
        last = self._head.sequence
        known = max(self._anchored.kept, default=0) if self._anchored is not None else 0
        if last and (self._anchored is None or not (known or self._knows_all)):
            words = "nothing outside the log knows its end any more, so nobody can tell whether it was cut"
            return Wrong(sequence=last, kind=Tampering.UNANCHORED, words=words)
        if known < last and not self._knows_all:
            self._notes.append(
                f"The anchor ends with entry {known}: it proves nothing of the {last - known} behind it."
            )
        if known <= last:
            return None
        words = f"the log ends with entry {last}, and the anchor knows {known}"
        return Wrong(sequence=last + 1, kind=Tampering.TRUNCATED, words=words)

    def checked(self, wrong: Wrong | None) -> Checked:
        return Checked(
            head=self._head,
            wrong=wrong,
            notes=(*self._notes, *_told(self._anchored)),
            unended=tuple(self._open.values()),
        )


def _wrong_place(place: object, number: int) -> Wrong | None:
    if not isinstance(place, int):
        return _edited(number, "its number is none")
    if place < number:
        words = f"an entry has the number {place}, where {number} is next"
        return Wrong(sequence=place, kind=Tampering.INSERTED, words=words)
    if place > number:
        gone = f"entry {number} is" if place == number + 1 else f"entries {number} to {place - 1} are"
        return Wrong(sequence=number, kind=Tampering.DELETED, words=f"{gone} missing, and entry {place} is there")
    return None


def _edited(number: int, words: str) -> Wrong:
    return Wrong(sequence=number, kind=Tampering.EDITED, words=words)


def _told(anchored: Anchored | None) -> Sequence[str]:
    found = []
    if anchored is not None and anchored.restored is not None:
        head = anchored.restored
        lost = f"; entries {head.sequence + 1} to {anchored.lost} of before are not in it" if anchored.lost else ""
        found.append(f"The state was restored from a backup whose log ended with entry {head.sequence}{lost}.")
    if anchored is not None and anchored.begins is not None:
        found.append(f"The anchor was set up behind entry {anchored.begins.sequence}.")
    if anchored is not None and anchored.unread:
        found.append(f"The anchor has {anchored.unread} lines that cannot be read.")
    return found
