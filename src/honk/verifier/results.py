"""What one run of one verifier left behind, read from its channel. Pure."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from enum import StrEnum

NO_TESTS = 5
USAGE_ERROR = 4
CANARIES = ("must-fail", "must-pass", "must-fail-function")


class TestOutcome(StrEnum):
    """How one test ended; the worst of its phases."""

    __test__ = False

    PASSED = "passed"
    FAILED = "failed"
    SKIPPED = "skipped"
    XFAILED = "xfailed"
    XPASSED = "xpassed"


@dataclass(frozen=True, slots=True, kw_only=True)
class TestResult:
    """One test's end, as the runner told it."""

    __test__ = False

    test_id: str
    outcome: TestOutcome
    where: str = ""
    """file:line of the failure."""
    message: str = ""
    is_collection: bool = False
    """A file that could not be loaded, not a test."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One finished run. `exit_code` is what the kernel says, never what the tree says."""

    exit_code: int
    seconds: float
    tests: tuple[TestResult, ...] = ()
    has_ended: bool = False
    """The runner came to its own end and says the same exit code as the kernel."""
    canaries: tuple[str, ...] = ()
    """How the tests that must fail, pass and, as a function, fail ended; "" for one that did not fly."""
    cannot_start: str = ""
    timed_out: bool = False
    flooded: bool = False
    counted: int = 0
    """Tests counted in the printed summary of a command that has no channel."""
    has_flock: bool = True
    """Whether the runner lets canaries fly at all."""
    drop_addopts: bool = False
    """The configured options name plug-ins that are not there, and were left out."""
    flaky: tuple[str, ...] = ()
    """Ids that came out otherwise when this very tree was run again."""
    coverage: float | None = None
    """Percent in total, where the repository's own run measures it."""
    log: str = ""
    """The distilled log."""
    log_blob: str | None = None

    @property
    def by_id(self) -> Mapping[str, TestResult]:
        return {test.test_id: test for test in self.tests}

    def ids(self, *outcomes: TestOutcome) -> tuple[str, ...]:
        return tuple(test.test_id for test in self.tests if test.outcome in outcomes)


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What came over the channel."""

    tests: tuple[TestResult, ...] = ()
    end: int | None = None
    canaries: tuple[str, ...] = ()
    cannot_start: str = ""
    log: bytes = b""
    """What tests printed, where that came over the channel too."""


def read_channel(channel: bytes, nonce: str) -> Told:
    """The records behind the right nonce; everything else is noise by the tests and is left out."""
    tests: dict[str, TestResult] = {}
    canaries: dict[str, str] = {}
    end: int | None = None
    cannot_start = ""
    for line in channel.decode("utf-8", "replace").splitlines():
        record = _record(line, nonce)
        match record.get("kind"):
            case "test":
                _add(tests, _test(record))
            case "canary":
                canaries[str(record.get("name"))] = str(record.get("outcome"))
            case "cannot_start":
                cannot_start = str(record.get("message"))[:300]
            case "end":
                code = record.get("exit_code")
                end = code if isinstance(code, int) else None
    flock = tuple(canaries.get(name, "") for name in CANARIES)
    return Told(tests=tuple(tests.values()), end=end, canaries=flock, cannot_start=cannot_start)


def _record(line: str, nonce: str) -> dict[str, object]:
    if not line.startswith(nonce + " "):
        return {}
    try:
        record = json.loads(line[len(nonce) + 1 :])
    except (ValueError, RecursionError):
        return {}
    return record if isinstance(record, dict) else {}


def _test(record: dict[str, object]) -> TestResult:
    outcome = record.get("outcome")
    known = isinstance(outcome, str) and outcome in set(TestOutcome)
    return TestResult(
        test_id=str(record.get("id")),
        outcome=TestOutcome(str(outcome)) if known else TestOutcome.FAILED,
        where=str(record.get("where") or "")[:300],
        message=str(record.get("message") or "")[:300],
        is_collection=record.get("is_collection") is True,
    )


def _add(tests: dict[str, TestResult], test: TestResult) -> None:
    """A test told twice keeps its failure."""
    before = tests.get(test.test_id)
    if before is None or before.outcome is not TestOutcome.FAILED:
        tests[test.test_id] = test


def dump(run: Run) -> str:
    return json.dumps(asdict(run))


def load(text: str) -> Run | None:
    """The run that was dumped; None for a text of another shape (an older version of ours)."""
    try:
        fields = json.loads(text)
        tests = [TestResult(**{**test, "outcome": TestOutcome(test["outcome"])}) for test in fields.pop("tests")]
        lists = {"canaries": tuple(fields["canaries"]), "flaky": tuple(fields.get("flaky", ()))}
        return Run(**{**fields, **lists}, tests=tuple(tests))
    except (ValueError, TypeError, KeyError, AttributeError):
        return None
