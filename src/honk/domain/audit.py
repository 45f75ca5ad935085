"""The log of outward acts as a chain: each entry holds the digest of the one before. Pure: what an entry is, and what
is wrong with a log that somebody changed."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from enum import StrEnum

from honk.domain.people import OWNER, Door, Visitor

Json = str | int | float | bool | None | Sequence["Json"] | Mapping[str, "Json"]
Body = Mapping[str, Json]
DONE = "done"
START = hashlib.sha256(b"honk audit 1").hexdigest()
"""What the first entry follows."""
LONGEST_WORD = 300
"""Of a text in an entry: ids, commits, names and the beginning of a reason, never somebody's prompt."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Who:
    """Whoever an act was done for: a person and the door they came in by, or Honk by itself."""

    name: str
    person_id: str | None = None
    door: str = ""


HONK = Who(name="honk")
AT_THE_MACHINE = Who(name=OWNER.name, person_id=OWNER.person_id, door=str(Door.COMMAND_LINE))
"""Whoever gives a command on the machine itself, as the owner of the state folder."""


def who_of(visitor: Visitor) -> Who:
    """A person as the log names them."""
    return Who(name=visitor.member.name, person_id=visitor.member.person_id, door=str(visitor.door))


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditEntry:
    """One line of the log: an act that is about to be done, what came of one, or what somebody read."""

    sequence: int
    """From 1, without gaps."""
    at: datetime
    act: str
    """"push", "merge", "read"..."""
    who: Who
    subject: str
    """What it is done to: "task:ab12cd", "pull_request:3", "person:x", "installation"."""
    body: Body = field(default_factory=dict)
    ends: int | None = None
    """Of an end: the number of the entry that announced the act."""
    came_of: str = ""
    """"done", "refused: why", "failed: why"; empty while it is only announced."""
    previous: str = START
    digest: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """The newest entry. It stands for all before it."""

    sequence: int = 0
    digest: str = START


def chained(head: Head, entry: AuditEntry) -> AuditEntry:
    """The entry as the next one behind the head; its texts cut to what a log may hold."""
    body = {name: _short(value) for name, value in entry.body.items()}
    cut = {"subject": _cut(entry.subject), "came_of": _cut(entry.came_of), "body": body}
    who = replace(entry.who, name=_cut(entry.who.name))
    linked = replace(entry, sequence=head.sequence + 1, previous=head.digest, who=who, **cut)  # type: ignore[arg-type]
    return replace(linked, digest=digest_of(record_of(linked)))


def record_of(entry: AuditEntry) -> str:
    """Everything but the digest, as the one text that it is the digest of: keys sorted, no space, ASCII alone."""
    values = {name: value for name, value in asdict(entry).items() if name != "digest"}
    return canonical({**values, "at": entry.at.astimezone(UTC).isoformat(timespec="microseconds")})


def entry_of(record: str, digest: str) -> AuditEntry:
    """The way back.

    Raises:
        ValueError: the text is none of an entry.
    """
    try:
        values = json.loads(record)
        if type(values["sequence"]) is not int or type(values["ends"]) not in (int, type(None)):
            raise ValueError("a number is none")
        values["at"], values["who"] = datetime.fromisoformat(values["at"]), Who(**values["who"])
        entry = AuditEntry(**values, digest=digest)
        if record_of(entry) != record:
            raise ValueError("it is written in another way")
    except (KeyError, TypeError, AttributeError, ValueError, OverflowError, RecursionError) as error:
        raise ValueError("it is not an audit log's") from error
    return entry


def line_of(entry: AuditEntry) -> str:
    """As it is exported. Without its `digest` it is the very text that was digested."""
    return canonical({**json.loads(record_of(entry)), "digest": entry.digest})


def canonical(value: Json) -> str:
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False)


def digest_of(record: str) -> str:
    return hashlib.sha256(record.encode("utf-8", "backslashreplace")).hexdigest()


def _cut(text: str) -> str:
    first = text.strip().partition("\n")[0]
    return first if len(first) <= LONGEST_WORD else first[: LONGEST_WORD - 1] + "…"


def _short(value: Json) -> Json:
    if isinstance(value, str):
        return _cut(value)
    if isinstance(value, Mapping):
        return {name: _short(part) for name, part in value.items()}
    return [_short(part) for part in value] if isinstance(value, Sequence) else value


class Tampering(StrEnum):
    """What somebody did to a log."""

    EDITED = "edited"
    DELETED = "deleted"
    INSERTED = "inserted"
    REORDERED = "reordered"
    TRUNCATED = "truncated"
    UNANCHORED = "unanchored"
    """What would tell whether the log was cut or written anew is gone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wrong:
    """The first entry that is not as it was written."""

    sequence: int
    kind: Tampering
    words: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """An entry as a store has it. Whoever changed it may have put anything there."""

    place: object
    record: object
    digest: object


@dataclass(frozen=True, slots=True, kw_only=True)
class Anchored:
    """What is known of the log outside of it."""

    announced: Mapping[int, frozenset[str]]
    """Digests by number: what Honk was about to write. One that was never written is no loss: its act was not done."""
    kept: Mapping[int, frozenset[str]]
    """Digests by number: what was written. Two of one number: the log was cut, and grew again."""
    restored: Head | None = None
    """Where the log began anew from a backup; it stands for all before it."""
    begins: Head | None = None
    """Where an anchor begins that was set up later than the log; it stands for all before it."""
    lost: int = 0
    """The last number that such a restore took away; 0 where none did."""
    unread: int = 0
    """Lines that nobody can read: torn by a crash, or by somebody."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """What looking at a whole log came to."""

    head: Head
    wrong: Wrong | None
    notes: tuple[str, ...] = ()
    """Worth knowing, and no tampering."""
    unended: tuple[AuditEntry, ...] = ()
    """Acts that were announced and have no end: under way now, or a crash stood between."""
