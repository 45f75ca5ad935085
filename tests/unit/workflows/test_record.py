"""What a run knows of itself after a restart."""

from datetime import UTC, datetime, timedelta

from honk.store import TaskEvent
from honk.workflows.record import worked_seconds

BEGUN = datetime(2026, 1, 2, tzinfo=UTC)


def events(*told: tuple[str, float]) -> list[TaskEvent]:
    return [
        TaskEvent(task_id="t", sequence=number, kind=kind, body={}, at=BEGUN + timedelta(seconds=at))
        for number, (kind, at) in enumerate(told, 1)
    ]


def test_a_run_that_was_not_begun_has_used_no_time_however_long_it_waited() -> None:
    assert worked_seconds([]) == 0
    assert worked_seconds(events(("accepted", 0), ("stage", 5000))) == 0


def test_time_between_a_crash_and_the_resumption_does_not_count_and_all_other_does() -> None:
    once = (("accepted", 0), ("stage", 1), ("tool", 11))
    assert worked_seconds(events(*once)) == 10
    assert worked_seconds(events(*once, ("resumed", 9000), ("said", 9005))) == 15
    assert worked_seconds(events(*once, ("resumed", 9000), ("resumed", 9900), ("said", 9903))) == 13


def test_a_clock_that_is_set_meanwhile_neither_uses_time_up_nor_gives_it_back() -> None:
    assert worked_seconds(events(("stage", 0), ("tool", 10), ("said", 36_010), ("said", 36_020))) == 20
    assert worked_seconds(events(("stage", 0), ("tool", 10), ("said", -36_000), ("said", -35_990))) == 20
