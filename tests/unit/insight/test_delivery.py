"""What a task's page says of production."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from honk.domain.board import Lane, Listed, Watcher, lane_of
from honk.domain.change import PullRequest
from honk.domain.deployment import Deployment, DeploymentState, Undo, UndoState
from honk.domain.task import Brief, Outcome, OutcomeName, Person, Status, Trouble
from honk.insight.board_view import row_of
from honk.insight.delivery import delivery_of
from honk.insight.primary import Do
from honk.insight.sheet import Sheet
from honk.insight.task_view import task_view
from honk.insight.tone import Tone
from honk.store import TaskEvent
from honk.testing.store_rules import a_run, a_task

AT = datetime(2026, 11, 26, tzinfo=UTC)
ADA = Person(name="Ada", email="ada@example.org")
SHA = "c" * 40
MERGED = PullRequest(
    pull_request_id="p", number=1, repository_id="r", task_id="t", title="T", body="", branch="honk/x",
    base_branch="main", base_sha="a" * 40, head_sha="b" * 40, state="merged", is_draft=False, url="", merged_sha=SHA,
)  # fmt: skip
ONE = Deployment(
    deployment_id="d", repository_id="r", task_id="t", number=1, merged_sha=SHA, place=1, who=ADA, created_at=AT,
)  # fmt: skip
WISH = Undo(undo_id="u", repository_id="r", task_id="t", number=1, merged_sha=SHA, who=ADA, created_at=AT)


def test_of_what_is_not_merged_nothing_is_said() -> None:
    for pull_request in (None, replace(MERGED, state="open", merged_sha=None)):
        assert not delivery_of(pull_request, [], [], []).is_shown


def test_what_failed_asks_for_an_undo_and_what_is_deployed_offers_one() -> None:
    for state, is_down in ((DeploymentState.FAILED, True), (DeploymentState.INTERRUPTED, True),
                           (DeploymentState.DEPLOYED, False), (DeploymentState.CHECKING, False)):  # fmt: skip
        found = delivery_of(MERGED, [replace(ONE, state=state)], [], [])
        assert (found.can_undo, bool(found.alarm)) == (True, is_down), state


def test_only_what_is_deployed_is_green() -> None:
    for state in DeploymentState:
        badge = delivery_of(MERGED, [replace(ONE, state=state)], [], []).badge
        assert badge is not None
        assert (badge.tone is Tone.GOOD) == (state is DeploymentState.DEPLOYED)
    for undone in UndoState:
        badge = delivery_of(MERGED, [], [replace(WISH, state=undone)], []).undo_badge
        assert badge is not None
        assert badge.tone is not Tone.GOOD


def test_a_deployment_that_honk_does_not_see_is_said() -> None:
    body = {"state": "not_visible", "words": "Merged; deployment not visible to Honk: it has no [deploy]."}
    event = TaskEvent(task_id="t", sequence=1, kind="deployment", body=body, at=AT)
    assert "no [deploy]" in delivery_of(MERGED, [], [], [event]).not_visible
    assert delivery_of(MERGED, [ONE], [], [event]).not_visible == ""


@pytest.mark.parametrize("trouble", Trouble)
def test_a_deployment_that_came_to_no_good_end_is_said_first_and_is_not_green(trouble: Trouble) -> None:
    task = replace(
        a_task("t"), status=Status.FINISHED, trouble=trouble,
        outcome=Outcome(name=OutcomeName.MERGED, reason="Pull request 1 is merged."),
    )  # fmt: skip
    state = DeploymentState(str(trouble))
    sheet = Sheet(
        task=task, brief=Brief(version=1, goal="x"), run=a_run(), pull_requests=(MERGED,),
        deployments=(replace(ONE, state=state, reason="It ended with exit code 7."),),
    )  # fmt: skip
    view = task_view(sheet, may_steer=True)
    assert (view.badge.word, view.badge.tone) == (f"merged, deployment {trouble}", Tone.BAD)
    assert view.now.startswith(
        f"Its deployment {'failed' if trouble is Trouble.FAILED else 'was interrupted'}: It ended"
    )
    assert view.now.endswith("Pull request 1 is merged.")
    assert view.primary.do is Do.UNDO
    row = row_of(Listed(task=task, lane=Lane.MINE, pull_request=MERGED))
    assert row.badge == view.badge
    wish = replace(WISH, state=UndoState.DONE, rollback="The rollback did not come to a good end.")
    undone = task_view(replace(sheet, undos=(wish,)), may_steer=True)
    assert "good end. Pull request 1" in undone.now
    assert (undone.badge, undone.primary.do) == (view.badge, Do.NOTHING)
    better = task_view(replace(sheet, task=replace(task, trouble=None)), may_steer=True)
    assert (better.badge.tone, better.primary.do) == (Tone.GOOD, Do.NOTHING), "a newer deployment is well"


def test_what_is_under_way_and_broken_is_where_it_runs() -> None:
    watcher = Watcher(person_id="ada", approves=None)
    broken = replace(a_task(), trouble=Trouble.FAILED)
    assert lane_of(broken, watcher, is_open=False) is Lane.RUNS
    ended = replace(broken, status=Status.FINISHED)
    assert lane_of(ended, watcher, is_open=False) is Lane.MINE
    assert lane_of(ended, replace(watcher, approves=frozenset()), is_open=False) is Lane.OTHERS
