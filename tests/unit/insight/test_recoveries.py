"""A veto that was followed by an accepted attempt is a recovery."""

from datetime import UTC, datetime

from honk.domain.evidence import Examination, Finding, Ruling, Severity, Verdict
from honk.insight.figures import Rate
from honk.insight.recoveries import recoveries
from honk.store import Attempt

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def attempt(number: int, decision: str, *, rule: Severity | None = None, ruling: Ruling | None = None) -> Attempt:
    findings = (Finding(rule="deleted test", severity=rule, message=""),) if rule else ()
    verdict = Verdict(ruling=ruling, reasons=(), judge="j", prompt_version="1", seconds=0.0) if ruling else None
    return Attempt(
        attempt_id=str(number),
        run_id="run",
        number=number,
        session_id="s",
        prompt="p",
        started_at=NOW,
        examination=Examination(findings=findings),
        verdict=verdict,
        decision=decision,
    )


def test_a_veto_by_a_rule_and_then_a_published_attempt_is_a_recovery() -> None:
    run = [attempt(2, "publish"), attempt(1, "retry", rule=Severity.VETO)]
    found = recoveries([run])
    assert (found.by_rules, found.by_judge, found.either) == (
        Rate(hits=1, of=1),
        Rate(hits=0, of=0),
        Rate(hits=1, of=1),
    )


def test_a_veto_at_the_end_is_none() -> None:
    run = [attempt(1, "retry", ruling=Ruling.VETO), attempt(2, "stop", ruling=Ruling.VETO)]
    found = recoveries([run, [attempt(1, "publish")]])
    assert (found.by_rules, found.by_judge, found.either) == (
        Rate(hits=0, of=0),
        Rate(hits=0, of=1),
        Rate(hits=0, of=1),
    )


def test_a_run_counts_once_however_often_it_was_refused() -> None:
    run = [
        attempt(1, "retry", rule=Severity.VETO),
        attempt(2, "retry", ruling=Ruling.VETO),
        attempt(3, "publish", ruling=Ruling.PASS),
    ]
    found = recoveries([run])
    assert (found.by_rules, found.by_judge, found.either) == (Rate(hits=1, of=1),) * 3


def test_what_a_person_must_see_is_no_veto() -> None:
    assert recoveries([[attempt(1, "retry", rule=Severity.NEEDS_HUMAN), attempt(2, "publish")]]).either.of == 0
    assert recoveries([[attempt(1, "publish", ruling=Ruling.PASS)]]).either.of == 0
