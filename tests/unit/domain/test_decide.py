"""The one decision that everything else serves: what follows an attempt."""

from hypothesis import given
from hypothesis import strategies as st

from honk.domain.conversation import Question
from honk.domain.decide import Attempted, Conclusion, Decision, Next, Rules, decide, is_draft
from honk.domain.evidence import (
    Examination,
    Finding,
    Report,
    Ruling,
    Severity,
    Verdict,
    Verification,
    verification,
)
from honk.domain.limits import LimitName
from honk.domain.task import OutcomeName, subject_of


def report(result: Verification, *, required: bool = True, ran_tests: bool = True) -> Report:
    return Report(
        verifier="pytest",
        command="pytest",
        chosen_by="pyproject.toml",
        is_required=required,
        result=result,
        summary=f"it {result}",
        seconds=0.1,
        ran_tests=ran_tests,
    )


def finding(severity: Severity) -> Finding:
    return Finding(rule="a rule", severity=severity, message=f"a {severity} remark")


def rules(attempts: int, push_executes: bool = False, *, served: bool = False) -> Rules:
    return Rules(attempts=attempts, push_executes=push_executes, can_ask=served, can_extend=served)


def verdict(ruling: Ruling) -> Verdict:
    return Verdict(ruling=ruling, reasons=(f"because {ruling}",), judge="scripted", prompt_version="1", seconds=0.0)


QUESTION = Question(question_id="q", text="Tabs or spaces?", choices=("tabs", "spaces"), recommended="tabs")
results = st.sampled_from(list(Verification))
reports = st.lists(st.builds(report, results, required=st.booleans(), ran_tests=st.booleans()), max_size=4)
examinations = st.builds(
    Examination,
    reports=reports.map(tuple),
    findings=st.lists(st.sampled_from(list(Severity)).map(finding), max_size=3).map(tuple),
)
attempts = st.builds(
    Attempted,
    has_change=st.booleans(),
    conclusion=st.none()
    | st.sampled_from([OutcomeName.NO_CHANGE, OutcomeName.ANSWERED, OutcomeName.NEEDS_HUMAN]).map(
        lambda name: Conclusion(outcome=name, reason="so said the agent")
    ),
    examination=st.none() | examinations,
    verdict=st.none() | st.sampled_from(list(Ruling)).map(verdict),
    limit=st.none() | st.sampled_from(list(LimitName)),
    fault=st.none() | st.just("the program broke"),
    question=st.none() | st.just(QUESTION),
    has_words=st.booleans(),
)


@given(attempts, st.integers(1, 5), st.integers(1, 5), st.booleans(), st.booleans())
def test_nothing_red_vetoed_or_unexamined_is_ever_published(
    attempted: Attempted, attempt: int, allowed: int, push_executes: bool, served: bool
) -> None:
    decision = decide(attempted, rules(allowed, push_executes, served=served), attempt=attempt)
    if decision.next is not Next.PUBLISH:
        return
    examination = attempted.examination
    assert attempted.has_change
    assert attempted.fault is None
    assert attempted.question is None
    assert not attempted.has_words
    assert examination is not None
    assert verification(examination.reports) is not Verification.FAILED
    assert all(found.severity is not Severity.VETO for found in examination.findings)
    assert attempted.verdict is None or attempted.verdict.ruling is Ruling.PASS
    if push_executes:
        assert all(found.severity is not Severity.NEEDS_HUMAN for found in examination.findings)


@given(attempts, st.integers(1, 5), st.booleans())
def test_the_last_attempt_never_asks_for_another(attempted: Attempted, allowed: int, push_executes: bool) -> None:
    decision = decide(attempted, rules(allowed, push_executes), attempt=allowed)
    assert decision.next is not Next.RETRY or not decision.is_counted
    assert (decision.next is Next.STOP) == (decision.outcome is not None)


@given(reports)
def test_passed_means_every_required_verifier_passed_and_one_ran_tests(some: list[Report]) -> None:
    required = [one for one in some if one.is_required]
    passed = verification(tuple(some)) is Verification.PASSED
    assert passed == (
        bool(required)
        and all(one.result is Verification.PASSED for one in required)
        and any(one.ran_tests for one in required)
    )


def test_an_advisory_verifier_never_decides() -> None:
    red = report(Verification.FAILED, required=False)
    assert verification((red, report(Verification.PASSED))) is Verification.PASSED
    assert verification((report(Verification.PASSED, required=False),)) is Verification.UNVERIFIED


def test_a_red_change_goes_back_with_its_summary_and_then_fails_by_name() -> None:
    attempted = Attempted(has_change=True, examination=Examination(reports=(report(Verification.FAILED),)))
    again = decide(attempted, rules(2), attempt=1)
    assert again.next is Next.RETRY
    assert "it failed" in again.feedback
    ended = decide(attempted, rules(2), attempt=2)
    assert ended.outcome is not None
    assert ended.outcome.name is OutcomeName.FAILED
    assert "attempts limit of this run was reached: 2 of 2" in ended.outcome.reason


def test_a_reached_limit_ends_the_run_and_is_named() -> None:
    attempted = Attempted(has_change=False, limit=LimitName.MONEY)
    decision = decide(attempted, rules(3), attempt=1)
    assert decision.outcome is not None
    assert decision.outcome.name is OutcomeName.FAILED
    assert "money limit" in decision.outcome.reason


def test_a_good_end_without_a_change_is_told_in_the_agent_s_words() -> None:
    conclusion = Conclusion(outcome=OutcomeName.NOT_APPLICABLE, reason="Java 8 here")
    attempted = Attempted(has_change=False, conclusion=conclusion)
    decision = decide(attempted, rules(3), attempt=1)
    assert decision.outcome is not None
    assert (decision.outcome.name, decision.outcome.reason) == (OutcomeName.NOT_APPLICABLE, "Java 8 here")


def test_unverified_is_published_as_a_draft_only() -> None:
    unverified = Examination(reports=(), reason="no tests were found")
    attempted = Attempted(has_change=True, examination=unverified)
    assert decide(attempted, rules(1), attempt=1).next is Next.PUBLISH
    assert is_draft(unverified)
    assert not is_draft(Examination(reports=(report(Verification.PASSED),)))


def test_a_prompt_becomes_a_subject_without_markers_or_overlong_lines() -> None:
    assert subject_of("[[script:demo]] fix the   page\nmore") == "Fix the page"
    assert subject_of("") == "Change"
    long = subject_of("word " * 40)
    assert len(long) <= 72
    assert long.endswith("…")


def parked(attempted: Attempted, attempts: int = 3, attempt: int = 1) -> Decision:
    return decide(attempted, rules(attempts, served=True), attempt=attempt)


def test_a_question_waits_where_people_are_and_ends_where_nobody_is() -> None:
    asked = Attempted(has_change=True, question=QUESTION)
    assert parked(asked).next is Next.PARK
    assert "Tabs or spaces?\n- tabs (recommended)\n- spaces" in parked(asked).words
    ended = decide(asked, rules(3), attempt=1).outcome
    assert ended is not None
    assert ended.name is OutcomeName.NEEDS_HUMAN
    assert "Tabs or spaces?" in ended.reason


def test_a_limit_that_may_be_granted_once_more_waits_for_that_and_no_other_does() -> None:
    for limit in LimitName:
        decision = parked(Attempted(has_change=False, limit=limit))
        waits = limit in (LimitName.TURNS, LimitName.WALL, LimitName.MONEY, LimitName.ATTEMPTS)
        assert (decision.next is Next.PARK, decision.limit) == ((True, limit) if waits else (False, None))


def test_a_red_change_waits_behind_its_last_attempt_with_what_is_wrong() -> None:
    red = Attempted(has_change=True, examination=Examination(reports=(report(Verification.FAILED),)))
    assert parked(red, attempts=2).next is Next.RETRY
    decision = parked(red, attempts=2, attempt=2)
    assert (decision.next, decision.limit) == (Next.PARK, LimitName.ATTEMPTS)
    assert "it failed" in decision.feedback


def test_words_that_came_late_are_done_before_anything_is_published_and_cost_no_attempt() -> None:
    green = Attempted(has_change=True, examination=Examination(reports=(report(Verification.PASSED),)), has_words=True)
    for attempt in (1, 3):
        decision = decide(green, rules(3), attempt=attempt)
        assert (decision.next, decision.is_counted, decision.feedback) == (Next.RETRY, False, "")
    unchanged = Attempted(
        has_change=False, conclusion=Conclusion(outcome=OutcomeName.NO_CHANGE, reason="done"), has_words=True
    )
    assert decide(unchanged, rules(1), attempt=1).next is Next.RETRY
    broken = Attempted(has_change=True, fault="the program broke", has_words=True)
    assert decide(broken, rules(3), attempt=1).next is Next.STOP
