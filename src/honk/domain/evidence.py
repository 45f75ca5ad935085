"""What was checked, and what it showed."""

from dataclasses import dataclass
from enum import StrEnum


class Verification(StrEnum):
    """Tri-state on purpose: nothing verified is never green."""

    PASSED = "passed"
    FAILED = "failed"
    UNVERIFIED = "unverified"


class Severity(StrEnum):
    """What a finding does to a change."""

    NOTE = "note"
    NEEDS_HUMAN = "needs_human"
    VETO = "veto"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One located remark by a rule."""

    rule: str
    severity: Severity
    message: str
    path: str | None = None
    line: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class NewTest:
    """A test that the change adds: red on the base is what makes it worth having."""

    test_id: str
    fails_on_base: bool
    passes_on_change: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Tests:
    """What a runner's own results say, compared with the base run."""

    passed: int = 0
    failed: tuple[str, ...] = ()
    skipped: int = 0
    missing: tuple[str, ...] = ()
    """Ids that the base run had, that the diff does not remove, and that gave no result now."""
    failed_on_base: tuple[str, ...] = ()
    """Red before the change as well: reported, not held against it."""
    mended: tuple[str, ...] = ()
    """Red before the change and passing now, by the base's own tests."""
    flaky: tuple[str, ...] = ()
    """Passed and failed with one and the same change, and the base was never seen to do so. Never green."""
    flaky_on_base: tuple[str, ...] = ()
    """Passed and failed on the base as well: told, not held against the change."""
    new: tuple[NewTest, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What one verifier found. A broken change is a failed report; only a broken sandbox raises."""

    verifier: str
    command: str
    chosen_by: str
    """The file that chose the command, "pyproject.toml [tool.pytest]" say."""
    is_required: bool
    result: Verification
    summary: str
    """One line when green, at most 4 KB when red, with test names and file:line."""
    seconds: float
    ran_tests: bool = False
    """Whether this verifier ran at least one test."""
    tests: Tests | None = None
    log_blob: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Examination:
    """Everything the gate says about one change."""

    reports: tuple[Report, ...] = ()
    findings: tuple[Finding, ...] = ()
    reason: str = ""
    """Why it is unverified, when no report says so: "no tests were found", "a toolchain is missing: go"."""
    gate: str = ""
    """Which gate said it: "honk 0.1.0"."""


class Ruling(StrEnum):
    """What the judge may say; everything that is not a clear answer is NEEDS_HUMAN."""

    PASS = "pass"  # noqa: S105 - a ruling, not a password
    VETO = "veto"
    NEEDS_HUMAN = "needs_human"


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """The judge's answer on brief and diff."""

    ruling: Ruling
    reasons: tuple[str, ...]
    judge: str
    prompt_version: str
    seconds: float
    cost_usd: float = 0.0


def verification(reports: tuple[Report, ...]) -> Verification:
    """Failed if a required verifier failed; passed only if every required one passed and one of them ran tests."""
    required = [report for report in reports if report.is_required]
    if any(report.result is Verification.FAILED for report in required):
        return Verification.FAILED
    all_passed = all(report.result is Verification.PASSED for report in required)
    if required and all_passed and any(report.ran_tests for report in required):
        return Verification.PASSED
    return Verification.UNVERIFIED


def gate(examination: Examination) -> Verification:
    """What the gate as a whole says: a veto of a rule is red, however green the tests are."""
    if any(finding.severity is Severity.VETO for finding in examination.findings):
        return Verification.FAILED
    return verification(examination.reports)
