"""Who is next, what stands in production, what an undo does to it."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from honk.domain.deployment import (
    Deployment,
    DeploymentState,
    Ended,
    Health,
    Undo,
    UndoState,
    brought_back,
    leg_of,
    live_of,
    next_of,
    previous_of,
    state_after,
    told,
    way_back,
    why_not_again,
)
from honk.domain.task import Person

AT = datetime(2026, 11, 26, tzinfo=UTC)
ADA = Person(name="Ada", email="ada@example.org")
S = DeploymentState


def deployment(place: int, state: DeploymentState) -> Deployment:
    return Deployment(
        deployment_id=f"d{place}", repository_id="r", task_id=f"t{place}", number=place, merged_sha=f"{place:040x}",
        place=place, who=ADA, created_at=AT + timedelta(minutes=place), state=state,
        begun_at=None if state in (S.WAITING, S.SUPERSEDED) else AT,
    )  # fmt: skip


def undo(place: int, state: UndoState = UndoState.WAITING) -> Undo:
    return Undo(
        undo_id=f"u{place}", repository_id="r", task_id=f"t{place}", number=place, merged_sha=f"{place:040x}", who=ADA,
        created_at=AT, state=state,
    )  # fmt: skip


def test_a_leg_names_what_it_belongs_to() -> None:
    one = replace(deployment(1, S.WAITING), leg=3)
    assert one.workflow_id == "d1:3"
    assert leg_of(one.workflow_id) == ("d1", 3)


def test_they_are_deployed_in_the_order_of_merges_and_one_at_a_time() -> None:
    both = [deployment(2, S.WAITING), deployment(1, S.WAITING)]
    assert next_of(both, []) is both[1]
    for state in (S.RUNNING, S.CHECKING):
        assert next_of([deployment(1, state), deployment(2, S.WAITING)], []) is None
    for state in (S.DEPLOYED, S.FAILED, S.INTERRUPTED, S.ROLLED_BACK, S.SUPERSEDED):
        assert next_of([deployment(1, state), both[0]], []) is both[0]
    assert next_of([], []) is None


def test_an_undo_waits_for_what_is_at_work_and_goes_before_what_waits() -> None:
    waiting, wish = deployment(2, S.WAITING), undo(1)
    assert next_of([deployment(1, S.RUNNING), waiting], [wish]) is None
    assert next_of([deployment(1, S.FAILED), waiting], [wish]) is wish
    assert next_of([waiting], [undo(1, UndoState.ROLLING_BACK)]) is None
    assert next_of([waiting], [undo(1, UndoState.REVERTING)]) is waiting


def test_what_stands_in_production_is_the_newest_that_was_deployed_and_not_taken_back() -> None:
    rows = [deployment(1, S.DEPLOYED), deployment(2, S.ROLLED_BACK), deployment(3, S.FAILED)]
    assert live_of(rows) is rows[0]
    assert previous_of(rows, rows[2]) is rows[0]
    assert previous_of(rows, rows[0]) is None
    assert live_of([]) is None


def test_only_the_newest_that_was_begun_is_rolled_back() -> None:
    for state in (S.DEPLOYED, S.FAILED, S.INTERRUPTED):
        rows = [deployment(1, S.DEPLOYED), deployment(2, state), deployment(3, S.WAITING)]
        assert way_back(rows, rows[1].merged_sha).to is rows[0]


def test_an_older_one_is_not_rolled_back_and_says_what_would_be_lost() -> None:
    rows = [deployment(1, S.DEPLOYED), deployment(2, S.DEPLOYED), deployment(3, S.DEPLOYED), deployment(4, S.FAILED)]
    way = way_back(rows, rows[1].merged_sha)
    assert way.to is None
    assert way.lost == (3, 4)
    assert "#3, #4" in way.why_not


def test_where_nothing_was_deployed_there_is_nothing_to_roll_back() -> None:
    rows = [deployment(1, S.FAILED), deployment(2, S.WAITING)]
    assert "nothing before" in way_back(rows, rows[0].merged_sha).why_not
    assert "never reached" in way_back(rows, rows[1].merged_sha).why_not
    assert "never reached" in way_back([replace(rows[0], begun_at=None)], rows[0].merged_sha).why_not
    assert "did not deploy" in way_back(rows, "f" * 40).why_not


def test_only_the_newest_that_came_to_no_good_end_is_deployed_again() -> None:
    failed = [deployment(1, S.DEPLOYED), deployment(2, S.FAILED)]
    assert why_not_again(failed, [], failed[1].merged_sha) == ""
    assert why_not_again([deployment(1, S.INTERRUPTED)], [], failed[0].merged_sha) == ""
    assert "undone" in why_not_again(failed, [undo(2)], failed[1].merged_sha)
    assert "is deployed" in why_not_again(failed, [], failed[0].merged_sha)
    assert "newer change" in why_not_again([*failed, deployment(3, S.WAITING)], [], failed[1].merged_sha)
    assert "did not deploy" in why_not_again(failed, [], "f" * 40)
    again = replace(deployment(3, S.DEPLOYED), merged_sha=failed[1].merged_sha)
    assert way_back([*failed, again], again.merged_sha).to is failed[0], "the newest of the same commit counts"
    waiting = replace(again, state=S.WAITING, begun_at=None)
    assert way_back([*failed, waiting], again.merged_sha).to is failed[0], "what was run counts, not what waits to be"


def test_a_merge_before_the_reverse_change_brings_back_what_was_undone() -> None:
    rows, undone = [deployment(1, S.DEPLOYED), deployment(2, S.ROLLED_BACK)], replace(undo(2), revert_task_id="t3")
    assert brought_back(rows, [undone], "t9") == (2,)
    assert brought_back(rows, [replace(undone, revert_task_id=None)], "t9") == (2,)
    assert brought_back([*rows, deployment(4, S.FAILED)], [undone], "t9") == (2,)
    assert brought_back(rows, [undone], "t3") == (), "the reverse change itself"
    assert brought_back([*rows, deployment(3, S.WAITING)], [undone], "t9") == (), "that is merged"
    assert brought_back([*rows, deployment(4, S.DEPLOYED)], [undone], "t9") == (), "somebody meant that"
    assert brought_back([rows[0], deployment(2, S.DEPLOYED)], [undone], "t9") == (), "never rolled back"


def test_what_a_command_and_its_health_come_to() -> None:
    well, ill, unasked = (Health(is_good=good, words="it answers") for good in (True, False, None))
    good, bad = Ended(exit_code=0), Ended(exit_code=3)
    assert state_after(good, well) is state_after(good, unasked) is S.DEPLOYED
    assert state_after(good, ill) is state_after(bad, well) is S.FAILED
    assert state_after(Ended(exit_code=0, timed_out=True), well) is S.FAILED
    assert state_after(Ended(exit_code=0, was_flooded=True), well) is S.FAILED
    assert state_after(Ended(exit_code=None), well) is S.INTERRUPTED
    assert state_after(Ended(exit_code=None, fault="The sandbox died."), well) is S.FAILED
    assert "The sandbox died." in told(Ended(exit_code=None, fault="The sandbox died."), well, 60)
    assert "not known" in told(Ended(exit_code=None), well, 60)
    assert "limit of 60 s" in told(Ended(exit_code=-9, timed_out=True), well, 60)
    assert "exit code 3" in told(bad, well, 60)
    assert "flood" in told(Ended(exit_code=-9, was_flooded=True), well, 60)
