"""What a task's page says of production."""

from dataclasses import replace
from datetime import UTC, datetime

from honk.domain.change import PullRequest
from honk.domain.deployment import Deployment, DeploymentState, Undo, UndoState
from honk.domain.task import Person
from honk.insight.delivery import delivery_of
from honk.insight.tone import Tone
from honk.store import TaskEvent

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
        assert (found.can_undo, found.is_down) == (True, is_down), state
    assert not delivery_of(MERGED, [replace(ONE, state=DeploymentState.FAILED)], [WISH], []).is_down


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
