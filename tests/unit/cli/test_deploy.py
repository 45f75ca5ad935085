"""What the command line says of production."""

from dataclasses import replace
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import cast

import pytest

from honk.app import App
from honk.cli.deploy import details, headline, next_steps, undo_lines
from honk.cli.exit_codes import FAILED, NOTHING_TO_MERGE, OK, of_deployments
from honk.cli.facts import Tone, facts
from honk.cli.undo import _finish
from honk.domain.deployment import Deployment, DeploymentState, Undo, UndoState, Way
from honk.domain.task import Person
from honk.store import NotFound, TaskEvent
from honk.workflows.undoing import Outlook

AT = datetime(2026, 11, 26, 9, 30, tzinfo=UTC)
ONE = Deployment(
    deployment_id="d", repository_id="r", task_id="t", number=7, merged_sha="c" * 40, place=1,
    who=Person(name="Ada", email="ada@example.org"), created_at=AT, state=DeploymentState.FAILED, reason="Exit code 3.",
    log_blob="deployments/d.log",
)  # fmt: skip


class Desk:
    def __init__(self, log: bytes | None) -> None:
        self.log = log

    async def diff(self, _key: str) -> bytes:
        if self.log is None:
            raise NotFound("gone")
        return self.log


def test_a_deployment_is_one_line_and_only_what_is_deployed_is_green() -> None:
    assert headline(ONE).text == "#7 failed: cccccccccc, 2026-11-26 09:30 UTC"
    for state in DeploymentState:
        assert (headline(replace(ONE, state=state)).tone is Tone.GOOD) == (state is DeploymentState.DEPLOYED)


@pytest.mark.anyio
async def test_its_log_is_shown_as_far_as_it_is_kept_and_commands_no_terminal() -> None:
    told = [line.text for line in await details(cast(App, Desk(b"up\n\x1b[31mred\n")), ONE)]
    assert told[1:] == ["  Exit code 3.", "  | up", "  | red"]
    told = [line.text for line in await details(cast(App, Desk(None)), ONE)]
    assert told[-1] == "  | (its log is not kept any more)"
    assert len(await details(cast(App, Desk(b"up")), ONE, log_lines=0)) == 2


def test_an_undo_says_who_asked_and_what_came_of_it() -> None:
    one = Undo(
        undo_id="u",
        repository_id="r",
        task_id="t",
        number=7,
        merged_sha="c" * 40,
        who=ONE.who,
        created_at=AT,
        state=UndoState.DONE,
        rollback="Production is back.",
        reason="Task x makes the reverse change.",
    )
    assert [line.text for line in undo_lines(one)] == [
        "↩ Ada asked to undo #7: done", "  Production is back.", "  Task x makes the reverse change.",
    ]  # fmt: skip


@pytest.mark.anyio
async def test_an_undo_that_a_person_must_finish_is_no_success() -> None:
    left = Undo(undo_id="u", repository_id="r", task_id="t", number=7, merged_sha="c" * 40, who=ONE.who, created_at=AT,
                state=UndoState.NEEDS_HUMAN, reason="It touches the same lines.")  # fmt: skip

    async def nothing_left() -> None: ...

    async def undo(_undo_id: str) -> Undo:
        return left

    production = SimpleNamespace(deployments=SimpleNamespace(undo=undo))
    deploying = SimpleNamespace(finish_here=nothing_left)
    desk = SimpleNamespace(
        delivery=SimpleNamespace(deploying=deploying), undoing=SimpleNamespace(production=production)
    )
    assert await _finish(cast(App, desk), "u") == NOTHING_TO_MERGE


@pytest.mark.parametrize(
    ("kind", "body", "tone"),
    [
        ("deployment", {"state": "deployed", "merged_sha": "c" * 40, "words": "Well."}, Tone.GOOD),
        ("deployment", {"state": "failed", "merged_sha": "c" * 40, "words": "Ill."}, Tone.BAD),
        ("deployment", {"state": "not_visible", "words": "Merged; not visible."}, Tone.UNSURE),
        ("health", {"is_good": True, "words": "it answers 200"}, Tone.GOOD),
        ("health", {"is_good": False, "words": "it answers 500"}, Tone.BAD),
        ("health", {"is_good": None, "words": "not known"}, Tone.PLAIN),
        ("rolled_back", {"is_good": True, "words": "Back."}, Tone.GOOD),
        ("undo", {"words": "Ada asked."}, Tone.UNSURE),
        ("reverting", {"words": "Task x."}, Tone.UNSURE),
    ],
)
def test_each_event_of_production_has_words(kind: str, body: dict[str, object], tone: Tone) -> None:
    event = TaskEvent(task_id="t", sequence=1, kind=kind, body=body, at=AT)
    [line] = facts(event)
    assert line.tone is tone
    assert str(body["words"]) in line.text


@pytest.mark.anyio
async def test_what_came_to_no_good_end_names_the_ways_on_until_somebody_took_one() -> None:
    outlook = Outlook(number=7, merged_sha=ONE.merged_sha, undo=None, way=Way(why_not="No way."), is_busy=False,
                      has_rollback=False)  # fmt: skip
    undo = Undo(undo_id="u", repository_id="r", task_id="t", number=7, merged_sha=ONE.merged_sha, who=ONE.who,
                created_at=AT, rollback="Production is back.")  # fmt: skip

    async def told(one: Deployment, looked: Outlook = outlook) -> list[str]:
        async def look(_number: int) -> Outlook:
            return looked

        desk = SimpleNamespace(undoing=SimpleNamespace(outlook=look))
        return [line.text for line in await next_steps(cast(App, desk), one)]

    ways = ["Undo   honk undo 7", "Again  honk deploy again 7"]
    for state in DeploymentState:
        is_bad = state in (DeploymentState.FAILED, DeploymentState.INTERRUPTED)
        one = replace(ONE, state=state)
        assert await told(one) == (ways if is_bad else [])
        assert of_deployments([ONE, one]) == (FAILED if is_bad else OK)
    assert await told(ONE, replace(outlook, why_not_again="A newer one.")) == ways[:1]
    undone = replace(outlook, undo=undo)
    assert await told(ONE, undone) == []
    assert undone.lines == ("Ada asked for that already, and it is done once. Production is back.",)
