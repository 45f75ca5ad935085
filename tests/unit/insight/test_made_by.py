"""Who made what, as the newest event has it."""

from dataclasses import asdict
from datetime import UTC, datetime

from honk.domain.provenance import Part, Share
from honk.insight.made_by import share_words, shares_told
from honk.store import TaskEvent

NOON = datetime(2026, 3, 4, 12, tzinfo=UTC)
OLD = Share(part=Part.CODE, author="claude, sonnet", is_machine=True, files=1, added=2, deleted=0)
NEW = Share(part=Part.TESTS, author="Ada", is_machine=False, files=1, added=10, deleted=3)


def event(sequence: int, kind: str, **body: object) -> TaskEvent:
    return TaskEvent(task_id="t", sequence=sequence, kind=kind, body=body, at=NOON)


def test_the_newest_is_told_in_words() -> None:
    events = [
        event(1, "provenance", shares=[asdict(OLD)]),
        event(2, "provenance", shares=[asdict(OLD), asdict(NEW)]),
        event(3, "outcome"),
    ]
    assert shares_told(events) == (OLD, NEW)
    assert share_words(NEW) == "tests +10 −3 by person (Ada)"


def test_a_task_that_shipped_nothing_has_none() -> None:
    assert shares_told([event(1, "outcome")]) == ()
