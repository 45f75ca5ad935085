"""What the console's pages are made of, decided without a page."""

from dataclasses import replace
from datetime import timedelta

import pytest

from honk.domain.board import Filters, Lane, Listed, Scored
from honk.domain.conversation import Parked, ParkKind, Question
from honk.domain.evidence import Examination, Ruling, Severity, Verification
from honk.domain.limits import LimitName
from honk.domain.task import Brief, Outcome, OutcomeName, Status
from honk.insight.board_view import lanes_of
from honk.insight.plan import State, plan_of
from honk.insight.plots import columns, weeks
from honk.insight.primary import Do, primary_of
from honk.insight.proof import proof_of
from honk.insight.scorecard import scorecard
from honk.insight.sheet import Sheet
from honk.insight.task_view import task_view
from honk.insight.tone import Tone, badge_of
from honk.store import TaskEvent
from honk.testing.store_rules import EXAMINATION, NOON, VERDICT, a_pull_request, a_run, a_task

TASK = a_task()
PASSED = replace(VERDICT, ruling=Ruling.PASS)
CLEAN = replace(EXAMINATION, findings=())
QUESTION = Question(question_id="q", text="?", choices=("a", "b"), recommended="a")
GOAL = Brief(version=1, goal="x")


def ended(name: OutcomeName):
    return replace(TASK, status=Status.FINISHED, outcome=Outcome(name=name, reason="Why.\nMore."))


def stage(n: int, name: str, state: str, **more: object) -> TaskEvent:
    body = {"stage": name, "state": state, **more}
    return TaskEvent(task_id="t1", sequence=n, kind="stage", body=body, at=NOON + timedelta(seconds=n))


@pytest.mark.parametrize("name", OutcomeName)
def test_only_a_verified_pull_request_makes_a_task_green(name: OutcomeName) -> None:
    ready, draft = a_pull_request(1), replace(a_pull_request(1), is_draft=True)
    published = name in (OutcomeName.OPENED, OutcomeName.MERGED)
    assert (badge_of(ended(name), ready).tone is Tone.GOOD) == published
    assert badge_of(ended(name), draft).tone is not Tone.GOOD
    assert badge_of(ended(name), None).tone is not Tone.GOOD


@pytest.mark.parametrize("status", Status)
def test_nothing_that_has_not_ended_is_green(status: Status) -> None:
    assert badge_of(replace(TASK, status=status), a_pull_request(1)).tone is not Tone.GOOD


def test_a_task_whose_pull_request_went_on_with_a_reply_says_so_and_asks_for_no_look() -> None:
    for name in (OutcomeName.OPENED, OutcomeName.MERGED):
        badge = badge_of(ended(name), None)
        assert ("with a reply" in badge.word, badge.tone) == (True, Tone.PLAIN)


def test_a_proof_is_green_only_where_nothing_is_open() -> None:
    assert proof_of(CLEAN, PASSED).badge.tone is Tone.GOOD
    assert proof_of(CLEAN, PASSED).not_verified == ()
    assert proof_of(EXAMINATION, PASSED).badge.word == "verified, and a person must look"
    assert proof_of(CLEAN, VERDICT).badge.tone is Tone.BAD
    assert proof_of(CLEAN, replace(VERDICT, ruling=Ruling.NEEDS_HUMAN)).badge.tone is Tone.UNSURE
    veto = replace(EXAMINATION, findings=tuple(replace(one, severity=Severity.VETO) for one in EXAMINATION.findings))
    assert proof_of(veto, PASSED).badge.tone is Tone.BAD
    assert proof_of(None, None).badge.tone is Tone.UNSURE


def test_what_nobody_verified_is_said() -> None:
    empty = Examination(reason="no tests were found")
    assert proof_of(empty, None).not_verified == (
        "no tests were found", "Behaviour: no test ran.", "Whether it is what was asked: no judge read the change.",
    )  # fmt: skip
    open_one = replace(CLEAN.reports[0], result=Verification.UNVERIFIED)
    assert "pytest came to no result." in proof_of(replace(CLEAN, reports=(open_one,)), PASSED).not_verified
    (fact,) = proof_of(CLEAN, PASSED).checks[0].facts
    assert (fact.text, fact.badge.tone) == ("new test t::a: fails on base, passes on change", Tone.GOOD)


@pytest.mark.parametrize("status", Status)
@pytest.mark.parametrize("outcome", [None, *OutcomeName])
@pytest.mark.parametrize("may_steer", [True, False])
def test_whoever_may_not_steer_is_offered_no_act(status: Status, outcome: OutcomeName | None, may_steer: bool) -> None:
    task = replace(TASK, status=status, outcome=Outcome(name=outcome, reason="") if outcome else None)
    found = primary_of(task, may_steer=may_steer)
    acts = (Do.ANSWER, Do.EXTEND, Do.STOP, Do.REPLY, Do.RETRY)
    assert may_steer or found.do not in acts
    assert (found.do is Do.NOTHING) == (not found.label)


@pytest.mark.parametrize(
    ("kind", "more", "expected"),
    [
        (
            ParkKind.QUESTION,
            {"question": Question(question_id="q", text="?", choices=("a", "b"), recommended="a")},
            Do.ANSWER,
        ),
        (ParkKind.LIMIT, {"limit": LimitName.TURNS}, Do.EXTEND),
        (ParkKind.FAULT, {}, Do.STOP),
    ],
)
def test_what_a_task_waits_for_is_the_one_thing_to_do(kind: ParkKind, more: dict, expected: Do) -> None:
    parked = Parked(run_id="run1", task_id="t1", kind=kind, attempt=1, words="It waits.", since=NOON, **more)
    waiting = replace(TASK, status=Status.WAITING)
    sheet = Sheet(task=waiting, brief=GOAL, run=a_run(), parked=parked)
    view = task_view(sheet, may_steer=True)
    now = "The agent asks: ?" if "question" in more else "It waits."
    assert (view.primary.do, view.now) == (expected, now)


def test_a_sheet_becomes_a_page() -> None:
    events = (
        stage(1, "workspace", "started"),
        stage(2, "workspace", "finished", seconds=0.5),
        stage(3, "agent", "started"),
    )
    sheet = Sheet(task=replace(TASK, status=Status.RUNNING), brief=GOAL, run=a_run(), events=events)
    view = task_view(sheet, may_steer=True)
    assert (view.now, view.is_over, view.primary.do, sheet.last) == ("Work", False, Do.STOP, 3)
    done = replace(
        sheet, task=ended(OutcomeName.OPENED), pull_requests=(a_pull_request(7),),
        run=replace(a_run(), examination=EXAMINATION, verdict=PASSED),
    )  # fmt: skip
    over = task_view(done, may_steer=False)
    assert (over.now, over.primary.do, over.pull_request) == ("Why.", Do.MERGE, a_pull_request(7))
    assert [finding.rule for finding in over.diff.findings] == ["ci"], "a finding is told, diff or no diff"
    queued = task_view(replace(sheet, task=TASK, events=()), may_steer=True, place_in_line=3)
    assert queued.now == "It is number 3 in line."


def test_the_plan_says_what_is_done_and_under_way_and_left_out() -> None:
    events = (
        stage(1, "agent", "started"), stage(2, "agent", "finished", seconds=2.0), stage(3, "agent", "started"),
        stage(4, "agent", "finished", seconds=1.0), stage(5, "verify", "started"),
    )  # fmt: skip
    states = {step.name: (step.state, step.seconds) for step in plan_of(events, is_over=False)}
    assert states["Work"] == (State.DONE, 3.0)
    assert states["Verify"][0] is State.UNDER_WAY
    assert states["Publish"][0] is State.TO_COME
    assert {step.state for step in plan_of(events, is_over=True)} == {State.DONE, State.LEFT_OUT}


def test_a_lane_says_when_it_is_empty_and_where_it_goes_on() -> None:
    page = [Listed(task=replace(TASK, task_id=f"t{n}"), lane=Lane.ENDED) for n in range(2)]
    pages = {lane: page if lane is Lane.ENDED else [] for lane in Lane}
    counts = {**dict.fromkeys(Lane, 0), Lane.ENDED: 5}
    mine, _, _, last = lanes_of(pages, counts, Filters(words="a b"), {}, 2)
    assert (mine.name, mine.empty) == ("mine", "Nothing here fits the filters.")
    assert (last.more, last.newest) == ("words=a+b&before_ended=t1", "")
    (*_, whole) = lanes_of(pages, {**counts, Lane.ENDED: 2}, Filters(), {Lane.ENDED: "t9"}, 2)
    assert (whole.more, whole.newest) == ("", "words=")


def a_score(name: OutcomeName | None, day: int = 0, minutes: float = 4, merged: float | None = None) -> Scored:
    asked = NOON + timedelta(days=day)
    return Scored(
        task_id="t", repository_id="r", asked_at=asked, outcome=name, cost_usd=0.5,
        ended_at=asked + timedelta(minutes=minutes),
        merged_at=None if merged is None else asked + timedelta(minutes=merged),
    )  # fmt: skip


def test_a_scorecard_adds_up_and_has_its_denominators() -> None:
    scored = [
        a_score(OutcomeName.MERGED, 0, 4, 60), a_score(OutcomeName.OPENED, 1, 8), a_score(OutcomeName.FAILED, 15),
        a_score(None, 15), *(a_score(name, 16) for name in (OutcomeName.NO_CHANGE, OutcomeName.CANCELLED)),
    ]  # fmt: skip
    card = scorecard(scored)
    assert card.asked == card.under_way + card.opened.count + sum(line.count for line in card.lines)
    assert (card.opened.of, card.merged.count, card.merged.of, card.merged.percent) == (6, 1, 2, 50.0)
    assert (card.to_pull_request.median_minutes, card.to_merge.median_minutes) == (6.0, 60.0)
    assert card.cost_per_merged_usd == 3.0, "what came to nothing was paid as well"
    assert [week.asked for week in card.weeks] == [2, 0, 4], "a week without a request is a week"
    assert dict(card.columns)["≤ 5"] == 1
    assert sum(count for _, count in card.columns) == 2
    assert not weeks(card.weeks).is_empty
    assert not columns(card.columns).is_empty


def test_of_nothing_there_is_no_share() -> None:
    card = scorecard([])
    assert (card.asked, card.opened.percent, card.cost_per_merged_usd, card.weeks) == (0, None, None, ())
    assert columns(card.columns).is_empty
    assert weeks(card.weeks).is_empty
