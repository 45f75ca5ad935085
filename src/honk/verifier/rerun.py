"""Runs again what came out red, and what the change wrote itself: chance is told from fault, and is never green.

Tests are run alone where their runner can be narrowed, in a fresh room each time, and no more often than stands here:
a red one once alone and once with all, those nearest to the change once alone and those that it wrote twice; what
came out in two ways is tried on the base, twice alone and once with all.
"""

from collections.abc import Collection, Coroutine, Mapping, Sequence
from dataclasses import dataclass, replace

from honk.base.at_once import at_once
from honk.domain.evidence import Report
from honk.verifier import Command, affected, reports
from honk.verifier.bench import Bench
from honk.verifier.compare import Comparison, broken, compare
from honk.verifier.flaky import RAN, failed, files_of, own_tests, touched
from honk.verifier.results import Run, TestResult

NEAR_SECONDS = 20.0
"""What a second look at tests that the change left alone may cost, by what the whole run took."""
OWN_SECONDS = 60.0
"""What a third run of the change's own tests may cost."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One verifier's run on one change, beside the base's."""

    bench: Bench
    command: Command
    base: Run
    now: Run

    def files(self) -> list[str]:
        """The test files, as they ran."""
        return list(dict.fromkeys(test.test_id.split("::")[0] for test in self.now.tests if "::" in test.test_id))

    def seconds_of(self, files: Sequence[str]) -> float:
        """What these files take, if all take the same."""
        return self.now.seconds * len(files) / max(len(self.files()), 1)

    async def on_change(self, only: Sequence[str] = ()) -> Run:
        return await self.bench.on_change(self.command, self.base, self.bench.restored, only)

    async def on_base(self, only: Sequence[str] = ()) -> Run:
        return await self.bench.on_base_again(self.command, (), only)


async def settled(case: Case, compared: Comparison) -> Report | Comparison:
    """What to say of failures that the base does not have: a report that is not green, or how a green one stands.

    Red again, alone or with all, is red. What passed then came out in two ways, and `_unsteady` has its word.
    """
    held = {test.test_id: test for test in compared.held}
    if only := files_of(held):
        alone = await case.on_change(only)
        still = held.keys() & failed(alone)
        if still:
            return reports.red(case.command, case.now, compared, remarks=_passed_alone(held, still))
    second = compare(case.base, await case.on_change(), case.bench.changed)
    seen = {test.test_id: test for test in second.held}
    if not second.is_green and (not second.is_only_failures or held.keys() & seen.keys()):
        alone_words = "passed when run alone, and fail again in the company of the others"
        return reports.red(case.command, case.now, compared, remarks=[alone_words] if only else [])
    return await _unsteady(case, compared, {**seen, **held})


async def steady(case: Case, compared: Comparison) -> Report | Comparison:
    """Whether the change's own tests, and those nearest to it, pass whenever they are run: the same answers."""
    mine = sorted({test_id.split("::")[0] for test_id in touched(case.base, case.now, case.bench.changed)})
    both = list(dict.fromkeys((*mine, *_near(case))))
    twice = mine if case.seconds_of(mine) <= OWN_SECONDS else []
    runs = await _both(*(case.on_change(only) for only in (both, twice) if only))
    passed = set(case.now.ids(*RAN))
    failures = [test for run in runs for test in run.tests if test.test_id in failed(run) & passed]
    return await _unsteady(case, compared, {test.test_id: test for test in failures}) if failures else compared


def _near(case: Case) -> tuple[str, ...]:
    """Test files called after what changed, where running them again is cheap."""
    files = case.files()
    near = affected.nearest({entry.file.path for entry in case.bench.changed}, files)
    return near if case.seconds_of(near) <= NEAR_SECONDS else ()


async def confirmed(case: Case, compared: Comparison) -> Comparison:
    """Without the tests that are called mended and pass on the base as well, if it is only run again."""
    known = set(compared.mended) & set(case.base.flaky)
    if only := files_of(set(compared.mended) - known):
        known |= _passing(await case.on_base(only), compared.mended)
        if known - set(case.base.flaky):
            known &= {*case.base.flaky, *_passing(await case.on_base(), compared.mended)}
            await case.bench.remember_flaky(case.command, known)
    mended = tuple(test_id for test_id in compared.mended if test_id not in known)
    return replace(compared, mended=mended, flaky_on_base=_merged(compared.flaky_on_base, known))


async def _unsteady(case: Case, compared: Comparison, loose: Mapping[str, TestResult]) -> Report | Comparison:
    """The change answers for tests that it wrote; what the base does as well is told; the rest is for a person."""
    own = own_tests(case.base, loose, case.bench.changed)
    on_base = await _shown_on_base(case, loose.keys() - own)
    flaky = tuple(test_id for test_id in loose if test_id not in on_base)
    said = replace(
        compared, objections=(), held=(), flaky=flaky, flaky_on_base=_merged(compared.flaky_on_base, on_base)
    )
    if not flaky:
        return said
    return reports.unsteady(case.command, case.now, said, [loose[test_id] for test_id in flaky], own=bool(own))


async def _shown_on_base(case: Case, suspects: Collection[str]) -> frozenset[str]:
    """Those that fail on the base too, if it is run often enough: alone first, for that is cheap."""
    shown = frozenset(case.base.flaky) & frozenset(suspects)
    left = frozenset(suspects) - shown
    if left and (only := files_of(left)):
        for run in await _both(case.on_base(only), case.on_base(only)):
            shown |= failed(run) & left
    if left - shown:
        shown |= failed(await case.on_base()) & left
    await case.bench.remember_flaky(case.command, shown)
    return shown


async def _both(*runs: Coroutine[None, None, Run]) -> list[Run]:
    """Each in a room of its own, at once. Raises SandboxError: a room broke."""
    async with at_once() as group:
        tasks = [group.create_task(run) for run in runs]
    return [task.result() for task in tasks]


def _passing(run: Run, wanted: Collection[str]) -> set[str]:
    return set() if broken(run) else {test_id for test_id in wanted if test_id in run.by_id} - failed(run)


def _passed_alone(held: Collection[str], still: Collection[str]) -> list[str]:
    rest = len(held) - len(still)
    return [f"run alone, {rest} of them passed, and {len(still)} failed again"] if rest else []


def _merged(first: Sequence[str], more: Collection[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys((*first, *sorted(more))))
