"""The run on the change against the run on the base, test by test. Pure."""

import re
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from honk.domain.change import Edit
from honk.domain.evidence import Finding, Severity
from honk.verifier.ecosystems import table
from honk.verifier.guard import Changed
from honk.verifier.results import NO_TESTS, Run, TestOutcome, TestResult
from honk.verifier.rulebook.rust import lost_examples
from honk.verifier.rulebook.suites import tests_in
from honk.verifier.rulebook.text_tests import is_test_path

_RAN = (TestOutcome.PASSED, TestOutcome.XPASSED)
_SHOWN = 20
_JVM = (".java", ".kt", ".groovy", ".scala")
_SIGNATURE = re.compile(r"[\[({]")
_TITLES = (".js", ".jsx", ".mjs", ".cjs", ".ts", ".tsx", ".mts", ".cts")


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """What the change did to the tests."""

    objections: tuple[str, ...] = ()
    """Why the run is red, in words; empty for a green one."""
    held: tuple[TestResult, ...] = ()
    """Failures that the base does not have."""
    missing: tuple[str, ...] = ()
    failed_on_base: tuple[str, ...] = ()
    """Red on the base and red now."""
    mended: tuple[str, ...] = ()
    """Red on the base and passing now."""
    skipped_now: tuple[str, ...] = ()
    new: tuple[str, ...] = ()
    """Ids that the base run does not know."""
    flaky: tuple[str, ...] = ()
    """Passed and failed with the change alone: what has one of these is not green."""
    flaky_on_base: tuple[str, ...] = ()
    """Passed and failed on the base as well."""

    @property
    def is_green(self) -> bool:
        return not self.objections and not self.flaky

    @property
    def is_only_failures(self) -> bool:
        """Whether running again could tell chance from fault."""
        return bool(self.held) and len(self.objections) == 1


def unusable(base: Run) -> str:
    """Why nothing can be told from this run on the base; empty where something can."""
    if base.cannot_start:
        return f"the tests cannot be started on the base: {base.cannot_start}"
    if base.timed_out or base.flooded:
        return f"the tests do not end on the base: {broken(base)}"
    if base.exit_code == NO_TESTS or (base.has_ended and not base.tests):
        return "no tests were found"
    if not base.has_ended or _is_tampered(base) or base.exit_code not in (0, 1):
        return f"the test runner does not work on the base (exit code {base.exit_code})"
    if not base.ids(*_RAN):
        return "no test passes on the base"
    return ""


def broken(run: Run, flock: tuple[str, ...] | None = None) -> str:
    """Why the run itself cannot be believed; empty for one that can. `flock`: how the canaries ended before."""
    if run.timed_out:
        return f"timed out after {run.seconds:.0f} s and was ended"
    if run.flooded:
        return "wrote more than is kept of any log, and was ended"
    if run.cannot_start:
        return run.cannot_start
    if not run.has_ended:
        return f"the process left before its tests were over (exit code {run.exit_code})"
    if run.exit_code not in (0, 1, NO_TESTS):
        return f"the runner stopped with exit code {run.exit_code}"
    if _is_tampered(run) or flock not in (None, run.canaries):
        return "the tests that must fail and pass did not: the runner was tampered with"
    return ""


def _is_tampered(run: Run) -> bool:
    """Whether the test that must fail did not."""
    return run.has_flock and run.canaries[:1] != ("failed",)


def compare(base: Run, now: Run, changed: Sequence[Changed]) -> Comparison:
    """Green needs the runner's own end, sound canaries, no failure that the base lacks, and every id of the base.

    What the base failed by chance excuses nothing: it is as if it had passed there.
    """
    moved = {entry.old_path: entry.file.path for entry in changed if entry.file.edit is Edit.RENAMED}
    before = {_moved(test.test_id, moved): test for test in base.tests}
    once_red = {test_id for test_id, test in before.items() if test.outcome is TestOutcome.FAILED}
    red = once_red - {_moved(test_id, moved) for test_id in base.flaky}
    failed = [test for test in now.tests if test.outcome is TestOutcome.FAILED]
    held = tuple(test for test in failed if test.test_id not in red)
    missing = _missing(before, now.by_id, _removed(changed))
    objections = list(filter(None, [broken(now, base.canaries)]))
    if held:
        objections.append(f"{_tests(len(held))} failed that the base does not fail")
    if missing:
        objections.append(f"{_tests(len(missing))} of the base gave no result: {', '.join(missing[:_SHOWN])}")
    if not objections and now.exit_code != 0 and not failed and now.exit_code != base.exit_code:
        objections.append(f"exit code {now.exit_code}, and no test that failed")
    return Comparison(
        objections=tuple(objections),
        held=held,
        missing=missing,
        failed_on_base=tuple(test.test_id for test in failed if test.test_id in red),
        mended=tuple(test_id for test_id in now.ids(*_RAN) if test_id in once_red),
        skipped_now=_silenced(before, now, {entry.file.path for entry in changed}),
        new=tuple(test.test_id for test in now.tests if test.test_id not in before and not test.is_collection),
    )


def skipped_findings(comparison: Comparison) -> tuple[Finding, ...]:
    """A test that ran on the base and is skipped now."""
    return tuple(
        Finding(
            rule="skipped test",
            severity=Severity.VETO,
            message=f"{test_id} ran on the base and is skipped or expected to fail with the change",
            path=test_id.split("::")[0],
        )
        for test_id in comparison.skipped_now[:_SHOWN]
    )


def function_of(test_id: str) -> str:
    """The test's function without parameters; in Go, without subtests; in Rust, without modules. Titles have none."""
    path, separator, rest = test_id.partition("::")
    if path.endswith(_TITLES):
        return test_id
    if path.endswith(".rs") and not rest.startswith("doc["):
        return path + separator + rest.rpartition("::")[2]
    if path.endswith(_JVM):
        return path + separator + _SIGNATURE.split(rest, maxsplit=1)[0]
    return path + separator + rest.split("/" if path.endswith(".go") else "[", 1)[0]


def _moved(test_id: str, moved: Mapping[str, str]) -> str:
    path, separator, rest = test_id.partition("::")
    return moved.get(path, path) + separator + rest


def _missing(
    before: Mapping[str, TestResult], now: Mapping[str, TestResult], removed: Collection[str]
) -> tuple[str, ...]:
    """Ids that passed and are gone. Parameters may change their names as long as there are no fewer of them."""
    results = Counter(function_of(test_id) for test_id in now)
    wanted = Counter(function_of(test_id) for test_id, test in before.items() if test.outcome in _RAN)
    return tuple(
        test_id
        for test_id, test in before.items()
        if test.outcome in _RAN
        and test_id not in now
        and test_id.split("::")[0] not in removed
        and function_of(test_id) not in removed
        and results[function_of(test_id)] < wanted[function_of(test_id)]
    )


def _silenced(before: Mapping[str, TestResult], now: Run, touched: Collection[str]) -> tuple[str, ...]:
    """Ids that ran on the base and are skipped or expected to fail now.

    Where the diff leaves the file of a test alone, its parameters may have changed places, as those that come out of a
    set do at every run: there it counts only if fewer of them ran.
    """
    ran = Counter(function_of(test_id) for test_id in now.ids(*_RAN))
    wanted = Counter(function_of(test_id) for test_id, test in before.items() if test.outcome in _RAN)
    return tuple(
        test_id
        for test_id in now.ids(TestOutcome.SKIPPED, TestOutcome.XFAILED)
        if test_id in before
        and before[test_id].outcome in _RAN
        and (test_id.split("::")[0] in touched or ran[function_of(test_id)] < wanted[function_of(test_id)])
    )


def _removed(changed: Sequence[Changed]) -> frozenset[str]:
    """Paths and functions that the diff itself takes away; the rules have their own word on them."""
    gone: set[str] = set()
    for entry in changed:
        if entry.file.edit is Edit.DELETED:
            gone.add(entry.file.path)
        elif table.is_test_file(entry.old_path) or is_test_path(entry.old_path):
            before, after = tests_in(entry.old_path, entry.before), tests_in(entry.file.path, entry.after)
            if before is not None and after is not None:
                gone |= {f"{entry.file.path}::{name}" for name in before if name not in after}
        if entry.old_path.endswith(".rs") and lost_examples(entry):
            gone.add(f"{entry.file.path}::doc")
    return frozenset(gone)


def _tests(count: int) -> str:
    return "1 test" if count == 1 else f"{count} tests"
