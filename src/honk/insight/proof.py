"""What was checked of a change, what it showed, and what nobody verified, as a page tells it. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass

from honk.domain.evidence import (
    Examination,
    Finding,
    Report,
    Ruling,
    Severity,
    Tests,
    Verdict,
    Verification,
    gate,
    verification,
)
from honk.insight.tone import OF_RULING, OF_VERIFICATION, Badge, Tone

NAMED = 8
"""So many tests of a kind are named; the others are counted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """A line about tests."""

    badge: Badge
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One verifier's row."""

    report: Report
    badge: Badge
    facts: tuple[Fact, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """What the judge said."""

    verdict: Verdict
    badge: Badge


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """Everything that is known of one change."""

    badge: Badge
    """Of the whole: green only where all that must be was verified, and nobody need look."""
    checks: tuple[Check, ...]
    findings: tuple[Finding, ...]
    judged: Judged | None
    not_verified: tuple[str, ...]
    """A sentence each. Empty only where nothing is open."""
    gate: str = ""


def proof_of(examination: Examination | None, verdict: Verdict | None) -> Proof:
    """Of one attempt, or of the run's change."""
    if examination is None:
        nothing = Badge(sign="?", word="nothing was examined", tone=Tone.UNSURE)
        return Proof(badge=nothing, checks=(), findings=(), judged=_judged(verdict), not_verified=())
    return Proof(
        badge=_whole(examination, verdict),
        checks=tuple(_check(report) for report in examination.reports),
        findings=examination.findings,
        judged=_judged(verdict),
        not_verified=tuple(_not_verified(examination, verdict)),
        gate=examination.gate,
    )


def _whole(examination: Examination, verdict: Verdict | None) -> Badge:
    found = gate(examination)
    if verdict is not None and verdict.ruling is not Ruling.PASS and found is not Verification.FAILED:
        return OF_RULING[verdict.ruling]
    if found is not Verification.PASSED:
        return OF_VERIFICATION[found]
    if any(finding.severity is Severity.NEEDS_HUMAN for finding in examination.findings):
        return Badge(sign="?", word="verified, and a person must look", tone=Tone.UNSURE)
    return Badge(sign="✓", word="verified", tone=Tone.GOOD)


def _judged(verdict: Verdict | None) -> Judged | None:
    return None if verdict is None else Judged(verdict=verdict, badge=OF_RULING[verdict.ruling])


def _check(report: Report) -> Check:
    facts = tuple(_facts(report.tests)) if report.tests is not None else ()
    return Check(report=report, badge=OF_VERIFICATION[report.result], facts=facts)


def _facts(tests: Tests) -> list[Fact]:
    told = []
    for test in tests.new:
        base = "fails on base" if test.fails_on_base else "passes on base as well"
        change = "passes on change" if test.passes_on_change else "FAILS ON CHANGE"
        is_proof = test.fails_on_base and test.passes_on_change
        told.append(_fact(Tone.GOOD if is_proof else Tone.UNSURE, f"new test {test.test_id}: {base}, {change}"))
    told += _named(tests.mended, Tone.GOOD, "mended: {}: fails on base, passes on change")
    told += _named(tests.failed, Tone.BAD, "fails: {}")
    told += _named(tests.missing, Tone.UNSURE, "gave no result, and did on the base: {}")
    told += _named(tests.flaky, Tone.UNSURE, "flaky with this change: {}")
    told += _named(tests.flaky_on_base, Tone.UNSURE, "flaky before the change as well: {}")
    told += _named(tests.failed_on_base, Tone.UNSURE, "failed before the change as well: {}")
    return told


def _named(test_ids: Sequence[str], tone: Tone, words: str) -> list[Fact]:
    told = [_fact(tone, words.format(test_id)) for test_id in test_ids[:NAMED]]
    if (more := len(test_ids) - NAMED) > 0:
        told.append(_fact(tone, words.format(f"{more} more")))
    return told


def _fact(tone: Tone, text: str) -> Fact:
    signs = {Tone.GOOD: ("✓", "good"), Tone.BAD: ("✗", "bad")}
    sign, word = signs.get(tone, ("?", "open"))
    return Fact(badge=Badge(sign=sign, word=word, tone=tone), text=text)


def _not_verified(examination: Examination, verdict: Verdict | None) -> list[str]:
    """Said loudly, so that silence is never taken for green."""
    told = [
        f"{one.verifier} came to no result." for one in examination.reports if one.result is Verification.UNVERIFIED
    ]
    if examination.reason and verification(examination.reports) is Verification.UNVERIFIED:
        told.append(examination.reason)
    if not any(report.ran_tests for report in examination.reports):
        told.append("Behaviour: no test ran.")
    if verdict is None and gate(examination) is not Verification.FAILED:
        told.append("Whether it is what was asked: no judge read the change.")
    waiting = [one for one in examination.findings if one.severity is Severity.NEEDS_HUMAN]
    return told + [f"A person must look: {finding.message}" for finding in waiting]
