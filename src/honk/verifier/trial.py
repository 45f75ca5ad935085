"""One verifier's trial of one change: on the base, on the change, and what may be said of the difference."""

from collections.abc import Sequence

from honk.base.at_once import at_once
from honk.domain.evidence import Finding, NewTest, Report, Severity, Verification
from honk.verifier import Command, coverage, reports, weakened
from honk.verifier.bench import Bench
from honk.verifier.compare import Comparison, compare, function_of, skipped_findings, unusable
from honk.verifier.ecosystems import table
from honk.verifier.guard import Placed, base_tests, head_tests
from honk.verifier.rerun import Case, confirmed, settled, steady
from honk.verifier.results import Run, TestOutcome

_RAN = (TestOutcome.PASSED, TestOutcome.XPASSED)

Said = tuple[Report, tuple[Finding, ...]]


async def try_tests(bench: Bench, command: Command) -> Said:
    """With test ids: green needs all that the base has, and no failure that it has not."""
    base = await bench.on_base(command)
    if why := unusable(base):
        return reports.unverified(command, why, base), ()
    now = await bench.on_change(command, base, bench.restored)
    compared = compare(base, now, bench.changed)
    files = {test.test_id.split("::")[0] for test in base.tests}
    lost = coverage.drop(base, now, command.chosen_by.split(" ")[0])
    weaker = (*skipped_findings(compared), *weakened.findings(bench.changed, files, bench.asked), *lost)
    if not compared.is_green and bench.restored:
        own = await bench.on_change(command, base, ())
        if compare(base, own, bench.changed).is_green:
            paths = [placed.path for placed in bench.restored]
            return reports.only_with_own_checks(command, now, compared, paths), weaker
    case = Case(bench=bench, command=command, base=base, now=now)
    async with at_once() as group:  # each in rooms of its own: what comes out red is rare, and needs no thrift
        apart = group.create_task(_tests_apart(case, compared)) if compared.is_green else None
        said = await _weighed(case, compared)
        if isinstance(said, Report) and apart is not None:
            apart.cancel()
    if isinstance(said, Report):
        return said, weaker
    new, edited = apart.result() if apart is not None else await _tests_apart(case, said)
    return reports.green(command, now, said, new), (*weaker, *edited)


async def _weighed(case: Case, compared: Comparison) -> Report | Comparison:
    """Chance told from fault: a report that is not green, or what a green one has to say."""
    said: Report | Comparison = compared
    if compared.is_only_failures:
        said = await settled(case, compared)
    elif not compared.is_green:
        said = reports.red(case.command, case.now, compared)
    if isinstance(said, Comparison):
        said = await steady(case, said)
    return await confirmed(case, said) if isinstance(said, Comparison) else said


async def _tests_apart(case: Case, compared: Comparison) -> tuple[tuple[NewTest, ...], tuple[Finding, ...]]:
    """The new tests on the base, and beside that the base's tests on the change: each in a room of its own."""
    async with at_once() as group:
        new = group.create_task(_new_tests(case.bench, case.command, case.now, compared))
        edited = group.create_task(_edited_tests(case.bench, case.command, case.base))
    return new.result(), edited.result()


async def _new_tests(bench: Bench, command: Command, now: Run, compared: Comparison) -> tuple[NewTest, ...]:
    """The change's new tests, run on the base's sources."""
    placed = head_tests(bench.plan, bench.changed)
    touched = {file.path for file in placed}
    new = [test_id for test_id in compared.new if test_id.split("::")[0] in touched]
    if not new:
        return ()
    only = sorted({test_id.split("::")[0] for test_id in new})
    on_base = (await bench.on_base_again(command, placed, only)).by_id
    after = now.by_id
    return tuple(
        NewTest(
            test_id=test_id,
            fails_on_base=test_id not in on_base or on_base[test_id].outcome not in _RAN,
            passes_on_change=after[test_id].outcome in _RAN,
        )
        for test_id in new
    )


async def _edited_tests(bench: Bench, command: Command, base: Run) -> tuple[Finding, ...]:
    """The base's own version of the tests that the change edits, on the change's sources: a note for the judge.

    An honest change of an interface edits tests too, so it is no more than that.
    """
    placed = base_tests(bench.changed)
    if not placed:
        return ()
    only = [file.path for file in placed]
    run = await bench.on_change(command, base, _over(bench.restored, placed), only)
    before = base.by_id
    failed = [i for i in run.ids(TestOutcome.FAILED) if i in before and before[i].outcome in _RAN]
    if not failed:
        return ()
    names = ", ".join(sorted({function_of(test_id) for test_id in failed})[:10])
    message = (
        f"{len(failed)} tests as they stood on the base fail with the new code, and the change edits them: {names}"
    )
    return (Finding(rule="edited test", severity=Severity.NOTE, message=message, path=failed[0].split("::")[0]),)


def _over(first: Sequence[Placed], second: Sequence[Placed]) -> tuple[Placed, ...]:
    return tuple({file.path: file for file in (*first, *second)}.values())


async def try_plain(bench: Bench, command: Command) -> Said:
    """With nothing but an exit code: red on the base means that it cannot tell, and a linter then only advises."""
    base = await bench.on_base(command)
    is_clean = base.exit_code == 0 and base.has_ended
    if not is_clean and command.name not in table.LINTERS and command.is_required:
        return reports.unverified(command, f"{command.name} is red on the base already, so it cannot tell", base), ()
    if reports.is_not_installed(command, base):
        return reports.plain(
            command, base, Verification.UNVERIFIED, f"{command.name} is not installed (advisory)", is_required=False
        ), ()
    now = await bench.on_change(command, base, bench.restored)
    required = command.is_required and is_clean
    advisory = "" if required else f" (advisory: {'red on the base too' if not is_clean else 'not required'})"
    if objection := plain_objection(now):
        if required and await _is_chance(bench, command, base, now):
            words = f"{command.name} is flaky with this change: {objection}, and green when run again"
            return reports.unverified(command, words, now), ()
        return reports.plain(command, now, Verification.FAILED, objection + advisory, is_required=required), ()
    if now.counted < base.counted:
        fewer = f"{command.name}: {base.counted} tests ran on the base, {now.counted} with the change"
        return reports.plain(command, now, Verification.FAILED, fewer, is_required=required), ()
    return reports.plain(command, now, Verification.PASSED, is_required=required), ()


async def _is_chance(bench: Bench, command: Command, base: Run, now: Run) -> bool:
    """Whether a red command is green when it is run once more. A linter says the same each time; who hangs, hangs."""
    if command.name in table.LINTERS or now.timed_out or now.flooded or now.cannot_start:
        return False
    again = await bench.on_change(command, base, bench.restored)
    return not plain_objection(again) and again.counted >= base.counted


def plain_objection(run: Run) -> str:
    """Why a run without test ids is red; empty for a green one."""
    if run.timed_out:
        return f"timed out after {run.seconds:.0f} s and was ended"
    if run.flooded:
        return "wrote more than is kept of any log, and was ended"
    if run.cannot_start:
        return run.cannot_start
    return f"exit code {run.exit_code}" if run.exit_code != 0 else ""
