"""The end of a run says what was proved, what was not, what it cost and what to do next."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from honk.app import RunResult
from honk.cli.facts import Tone
from honk.cli.summary import summary
from honk.cli.task import headline
from honk.domain.change import PullRequest
from honk.domain.evidence import Finding, Report, Severity, Verification
from honk.domain.evidence import Tests as Results
from honk.domain.task import Outcome, OutcomeName, Trouble
from honk.testing.store_rules import a_task


def test_a_verified_change_shows_its_evidence_and_how_to_merge(result: Callable[..., RunResult]) -> None:
    assert [line.text for line in summary(result())] == [
        "",
        "Task abc234: opened, verification ✓ passed",
        "  Pull request 7 is open.",
        "Evidence",
        "  ✓ passed: unittest (tests/): 15 tests passed",
        "      ✓ new test tests.New.test_it: fails on base, passes on change",
        "  ✓ passed by judge claude in 1.0 s",
        "      As asked.",
        "Cost   $0.0123 for 7 turns, 1 attempt",
        "Time   agent 4.2 s · total 1 min 05 s",
        "Branch honk/abc234-stop-the-crash",
        "Diff   honk pr diff 7",
        "Merge  honk pr merge 7",
    ]


def test_an_unverified_change_is_never_green_and_needs_a_sentence(
    result: Callable[..., RunResult], pull_request: PullRequest
) -> None:
    unverified = result(
        verification=Verification.UNVERIFIED,
        reports=(),
        verdict=None,
        pull_request=replace(pull_request, is_draft=True),
    )
    told = summary(unverified)
    assert not any(line.tone is Tone.GOOD for line in told)
    texts = [line.text for line in told]
    assert "  not verified: behaviour; no test ran" in texts
    assert "  not judged: no judge read the change" in texts
    assert any(text.startswith("Merge") and "--sentence" in text for text in texts)


def test_what_a_verifier_could_not_say_is_named(result: Callable[..., RunResult], report: Report) -> None:
    unsure = replace(report, verifier="mypy", result=Verification.UNVERIFIED, is_required=False)
    assert "  not verified: mypy" in [line.text for line in summary(result(reports=(report, unsure)))]


def test_a_failed_task_shows_why_and_where_the_diff_is(result: Callable[..., RunResult], report: Report) -> None:
    failed = result(
        outcome=OutcomeName.FAILED,
        reason="unittest failed:\nFAIL test_x\n(after 3 of 3 attempts)",
        verification=Verification.FAILED,
        reports=(replace(report, result=Verification.FAILED, summary="FAIL test_x"),),
        branch=None,
        pull_request=None,
    )
    texts = [line.text for line in summary(failed)]
    assert texts[1:5] == [
        "Task abc234: failed",
        "  unittest failed:",
        "  FAIL test_x",
        "  (after 3 of 3 attempts)",
    ]
    assert "Diff   honk task show abc234 --diff" in texts
    assert not any(text.startswith("Merge") for text in texts)


def test_tests_that_were_red_and_are_green_now_are_named(result: Callable[..., RunResult], report: Report) -> None:
    mended = replace(report, tests=Results(mended=tuple(f"test_a.py::test_{number}" for number in range(7))))
    texts = [line.text for line in summary(result(reports=(mended,)))]
    assert "      ✓ test_a.py::test_4: fails on base, passes on change" in texts
    assert "      ✓ and 2 more that failed on the base" in texts
    assert not any("test_5" in text for text in texts)


def test_what_a_person_must_look_at_is_said(result: Callable[..., RunResult]) -> None:
    remark = Finding(rule="ci", severity=Severity.NEEDS_HUMAN, message="touches CI", path="ci.yml", line=1)
    texts = [line.text for line in summary(result(findings=(remark,)))]
    assert "  ? a person must look ci: touches CI (ci.yml:1)" in texts
    assert "  a person must look before this merges" in texts


def test_a_run_without_a_sandbox_is_shouted_whatever_came_of_it(result: Callable[..., RunResult]) -> None:
    told = summary(result(sandbox="none", outcome=OutcomeName.NO_CHANGE))
    assert [line.tone for line in told if "NO SANDBOX" in line.text] == [Tone.LOUD]
    assert not any("NO SANDBOX" in line.text for line in summary(result()))


@pytest.mark.parametrize("trouble", Trouble)
def test_a_merge_that_came_to_no_good_end_in_production_is_not_green(
    trouble: Trouble, result: Callable[..., RunResult]
) -> None:
    head = summary(result(outcome=OutcomeName.MERGED, trouble=trouble))[1]
    assert (head.text, head.tone) == (f"Task abc234: merged, deployment {trouble}", Tone.BAD)
    task = replace(a_task(), outcome=Outcome(name=OutcomeName.MERGED, reason=""), trouble=trouble)
    assert (f"merged, deployment {trouble}" in headline(task).text, headline(task).tone) == (True, Tone.BAD)
