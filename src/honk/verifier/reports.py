"""Runs and comparisons put into words: the reports that people and the agent read. Pure."""

import shlex
from collections.abc import Collection, Sequence

from honk.domain.evidence import NewTest, Report, Tests, Verification
from honk.verifier import Command
from honk.verifier.compare import Comparison
from honk.verifier.distill import clip, headed
from honk.verifier.ecosystems import table
from honk.verifier.results import Run, TestOutcome, TestResult

_LISTED = 50
_FLAKY_NAMED = 3
_NAMES_BYTES = 2500
"""Of a summary's 4 KB, for the names of the tests that failed."""


def unverified(command: Command, why: str, run: Run | None = None) -> Report:
    """A report that says nothing for or against the change, and why."""
    log = f"\n{run.log}" if run is not None and run.log else ""
    return _report(command, run, Verification.UNVERIFIED, clip(f"{why}{log}", 4096))


def environment(problems: Sequence[str]) -> Report:
    """What could not be built for the tests, as a required report that nobody can turn green."""
    return _without_run("environment", "the base's manifests", "missing: " + "; ".join(problems), is_required=True)


def not_run(checks: Sequence[str]) -> Report:
    """Checks that are declared and not run here: told beside the others, deciding nothing."""
    words = "declared and not run: " + "; ".join(checks)
    return _without_run("other checks", "the base's files", words, is_required=False)


def _without_run(verifier: str, chosen_by: str, words: str, *, is_required: bool) -> Report:
    return Report(
        verifier=verifier,
        command="",
        chosen_by=chosen_by,
        is_required=is_required,
        result=Verification.UNVERIFIED,
        summary=clip(words, 4096),
        seconds=0.0,
    )


def green(command: Command, run: Run, comparison: Comparison, new: Sequence[NewTest]) -> Report:
    return _report(
        command,
        run,
        Verification.PASSED,
        counts(run, comparison, new),
        ran_tests=True,
        tests=tests(run, comparison, new),
    )


def red(
    command: Command, run: Run, comparison: Comparison, *, remarks: Sequence[str] = (), new: Sequence[NewTest] = ()
) -> Report:
    heads = [*comparison.objections, *remarks, *failures(comparison.held)]
    return _report(
        command,
        run,
        Verification.FAILED,
        headed(heads, run.log),
        ran_tests=bool(run.tests),
        tests=tests(run, comparison, new),
    )


def unsteady(command: Command, run: Run, comparison: Comparison, loose: Sequence[TestResult], *, own: bool) -> Report:
    """Tests that passed and failed with the same change: red if the change wrote them, else for a person to look at."""
    result = Verification.FAILED if own else Verification.UNVERIFIED
    one = len(loose) == 1
    why = (
        f"{len(loose)} {'test is' if one else 'tests are'} flaky with this change: failed and passed, of the same tree"
    )
    more = (
        f"The change adds or edits {'it' if one else 'some of them'}: make the outcome the same at every run."
        if own
        else f"The base was run again and did not show {'it' if one else 'them'}, so a person must look."
    )
    return _report(
        command,
        run,
        result,
        headed([why, more, *failures(loose, "FLAKY")], ""),
        ran_tests=True,
        tests=tests(run, comparison, ()),
    )


def only_with_own_checks(command: Command, run: Run, comparison: Comparison, changed: Sequence[str]) -> Report:
    """Green with the change's own check configuration alone: a person must look."""
    names = ", ".join(changed)
    why = f"green only with the change's own {names}, red with the base's: a person must look"
    summary = headed([why, *comparison.objections, *failures(comparison.held)], "")
    return _report(command, run, Verification.UNVERIFIED, summary, ran_tests=True, tests=tests(run, comparison, ()))


def plain(
    command: Command, run: Run, result: Verification, why: str = "", *, is_required: bool | None = None
) -> Report:
    """For a command of which only the exit code speaks."""
    if result is Verification.FAILED:
        summary = headed([why or f"{command.name}: exit code {run.exit_code}"], run.log)
    else:
        counted = f", {run.counted} tests" if run.counted else ""
        summary = why or f"{command.name}: exit code {run.exit_code}{counted} in {run.seconds:.1f} s"
    ran_tests = result is Verification.PASSED and run.counted > 0
    return _report(command, run, result, summary, ran_tests=ran_tests, is_required=is_required)


def quick(command: Command, run: Run, objection: str, *, red_on_base: Collection[str] = ()) -> Report:
    """A look without a comparison: what is red is red, and what is known to be red on the base is told apart.

    A linter only advises here, for the base may be no cleaner.
    """
    required = command.is_required and command.name not in table.LINTERS
    if is_not_installed(command, run):
        return plain(command, run, Verification.UNVERIFIED, f"{command.name} is not installed", is_required=False)
    failed = [test for test in run.tests if test.outcome is TestOutcome.FAILED]
    failed.sort(key=lambda test: test.test_id in red_on_base)  # what may be the change's own fault comes first
    old = [test for test in failed if test.test_id in red_on_base]
    if failed and len(old) == len(failed) and not objection:
        words = f"{counts(run, Comparison(), ())}; {len(old)} failed that are red on the base already"
        result, summary = Verification.PASSED, headed([words, *failures(failed)], "")
    elif objection or failed:
        known = f"{len(old)} of {len(failed)} that fail are red on the base already; they are not held against a change"
        heads = [objection or f"{len(failed)} failed", *([known] if old else []), *failures(failed)]
        result, summary = Verification.FAILED, headed(heads, run.log)
    elif command.runner and not run.tests:
        result, summary = Verification.UNVERIFIED, f"{command.name}: no tests were found"
    else:
        result = Verification.PASSED
        summary = counts(run, Comparison(), ()) if command.runner else f"{command.name}: exit code 0"
    return _report(command, run, result, summary, ran_tests=bool(run.tests) or run.counted > 0, is_required=required)


def early(command: Command, run: Run, held: Collection[str]) -> Report:
    """Red by the tests nearest to the work alone: the others have not been run, and green would need them."""
    failed = [test for test in run.tests if test.test_id in held]
    why = f"{len(failed)} failed, of the tests nearest to the change; the others are run when these pass"
    return _report(command, run, Verification.FAILED, headed([why, *failures(failed)], run.log), ran_tests=True)


def is_not_installed(command: Command, run: Run) -> bool:
    """Whether a linter is configured and nobody has put it into the environment."""
    return command.name in table.LINTERS and (
        f"No module named {command.name}" in run.log or run.exit_code in (126, 127)
    )


def counts(run: Run, comparison: Comparison, new: Sequence[NewTest]) -> str:
    """`12 passed, 1 skipped in 0.4 s; 1 failed on the base already; 1 of 1 new tests fails on the base`"""
    passed = len(run.ids(TestOutcome.PASSED, TestOutcome.XPASSED))
    skipped = len(run.ids(TestOutcome.SKIPPED, TestOutcome.XFAILED))
    words = f"{passed} passed" + (f", {skipped} skipped" if skipped else "") + f" in {run.seconds:.1f} s"
    if comparison.mended:
        words += f"; {len(comparison.mended)} that failed on the base pass now"
    if comparison.failed_on_base:
        words += f"; {len(comparison.failed_on_base)} failed on the base already"
    if comparison.flaky_on_base:
        words += f"; flaky on the base as well: {', '.join(comparison.flaky_on_base[:_FLAKY_NAMED])}"
        more = len(comparison.flaky_on_base) - _FLAKY_NAMED
        words += f" and {more} more" if more > 0 else ""
    if new:
        proving = sum(test.fails_on_base and test.passes_on_change for test in new)
        words += f"; {proving} of {len(new)} new tests fail on the base and pass now"
    if run.drop_addopts:
        words += "; configured options left out, for their plug-ins are not installed"
    return words


def tests(run: Run, comparison: Comparison, new: Sequence[NewTest]) -> Tests:
    return Tests(
        passed=len(run.ids(TestOutcome.PASSED, TestOutcome.XPASSED)),
        failed=tuple(test.test_id for test in comparison.held),
        skipped=len(run.ids(TestOutcome.SKIPPED, TestOutcome.XFAILED)),
        missing=comparison.missing,
        failed_on_base=comparison.failed_on_base,
        mended=comparison.mended,
        new=tuple(new),
        flaky=comparison.flaky,
        flaky_on_base=comparison.flaky_on_base,
    )


def failures(held: Sequence[TestResult], word: str = "FAILED") -> list[str]:
    """`FAILED tests/test_a.py::test_x at tests/test_a.py:12: AssertionError: ...`

    The more there are, the less is said of each: a name that is left out may be the one that matters.
    """
    shown = held[:_LISTED]
    room = _NAMES_BYTES // max(len(shown), 1)
    return [_failure(test, room, word) for test in shown]


def _failure(test: TestResult, room: int, word: str) -> str:
    name = f"{word} {test.test_id}"
    where = f" at {test.where}" if test.where else ""
    full = name + where + (f": {test.message}" if test.message else "")
    if len(full) <= room:
        return full
    return clip(full, room) if len(name + where) <= room else _middle_out(name, room)


def _middle_out(name: str, room: int) -> str:
    """Both ends of a long name: its file, and what tells it from its likes."""
    end = room // 2
    return name if len(name) <= room else f"{name[: room - end - 1]}…{name[-end:]}"


def _report(
    command: Command,
    run: Run | None,
    result: Verification,
    summary: str,
    *,
    ran_tests: bool = False,
    tests: Tests | None = None,
    is_required: bool | None = None,
) -> Report:
    return Report(
        verifier=command.name,
        command=shlex.join(command.argv),
        chosen_by=command.chosen_by,
        is_required=command.is_required if is_required is None else is_required,
        result=result,
        summary=summary,
        seconds=run.seconds if run is not None else 0.0,
        ran_tests=ran_tests,
        tests=tests,
        log_blob=run.log_blob if run is not None else None,
    )
