"""Results and events as the front desk gives them."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from itertools import count
from typing import Any

import pytest

from honk.app import RunResult
from honk.domain.change import PullRequest
from honk.domain.evidence import NewTest, Report, Ruling, Tests, Verdict, Verification
from honk.domain.task import OutcomeName
from honk.store import TaskEvent

PULL_REQUEST = PullRequest(
    pull_request_id="p1",
    number=7,
    repository_id="r1",
    task_id="abc234",
    title="Stop the crash",
    body="",
    branch="honk/abc234-stop-the-crash",
    base_branch="main",
    base_sha="a" * 40,
    head_sha="b" * 40,
    state="open",
    is_draft=False,
    url="honk:7",
)
REPORT = Report(
    verifier="unittest",
    command="python -m unittest",
    chosen_by="tests/",
    is_required=True,
    result=Verification.PASSED,
    summary="15 tests passed",
    seconds=0.4,
    ran_tests=True,
    tests=Tests(passed=15, new=(NewTest(test_id="tests.New.test_it", fails_on_base=True, passes_on_change=True),)),
)
RESULT = RunResult(
    task_id="abc234",
    run_id="abc234-1",
    outcome=OutcomeName.OPENED,
    reason="Pull request 7 is open.",
    verification=Verification.PASSED,
    branch="honk/abc234-stop-the-crash",
    base_sha="a" * 40,
    head_sha="b" * 40,
    attempts=1,
    turns=7,
    cost_usd=0.0123,
    seconds={"agent": 4.2, "total": 65.0},
    reports=(REPORT,),
    findings=(),
    verdict=Verdict(ruling=Ruling.PASS, reasons=("As asked.",), judge="claude", prompt_version="1", seconds=1.0),
    pull_request=PULL_REQUEST,
    diff_blob="diffs/1",
    sandbox="bubblewrap",
    notes=(),
)


@pytest.fixture
def event() -> Callable[..., TaskEvent]:
    """Events of one task, numbered as they are made."""
    numbers = count(1)

    def make(kind: str, **body: Any) -> TaskEvent:
        at = datetime(2026, 3, 2, 9, 14, tzinfo=UTC)
        return TaskEvent(task_id="abc234", sequence=next(numbers), kind=kind, body=body, at=at)

    return make


@pytest.fixture
def result() -> Callable[..., RunResult]:
    """A verified, open pull request; any field can be set."""

    def make(**fields: Any) -> RunResult:
        return replace(RESULT, **fields)

    return make


@pytest.fixture
def report() -> Report:
    """A green report with a new test."""
    return REPORT


@pytest.fixture
def pull_request() -> PullRequest:
    """An open one that is no draft."""
    return PULL_REQUEST
