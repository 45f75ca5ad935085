"""Which tests a change answers for, and how a run is narrowed to some tests. Pure."""

from collections.abc import Collection, Sequence

from honk.domain.change import Edit
from honk.verifier.compare import function_of
from honk.verifier.ecosystems import table
from honk.verifier.guard import Changed
from honk.verifier.results import Run, TestOutcome
from honk.verifier.rulebook.suites import tests_in

RAN = (TestOutcome.PASSED, TestOutcome.XPASSED)


def files_of(test_ids: Collection[str]) -> tuple[str, ...]:
    """The test files to which a run is narrowed; empty where an id names none, and all have to run."""
    paths = sorted({test_id.split("::")[0] for test_id in test_ids})
    return tuple(paths) if all(table.is_test_file(path) for path in paths) else ()


def failed(run: Run) -> frozenset[str]:
    return frozenset(run.ids(TestOutcome.FAILED))


def touched(base: Run, now: Run, changed: Sequence[Changed]) -> tuple[str, ...]:
    """Tests that ran, in files that the change adds or edits."""
    known = {test.test_id.split("::")[0] for test in base.tests}
    files = {
        entry.file.path
        for entry in changed
        if entry.file.edit is not Edit.DELETED and (table.is_test_file(entry.file.path) or entry.file.path in known)
    }
    return tuple(test_id for test_id in now.ids(*RAN) if test_id.split("::")[0] in files)


def own_tests(base: Run, test_ids: Collection[str], changed: Sequence[Changed]) -> frozenset[str]:
    """Those that the change wrote: new ones, and those whose body it edits, or whose file nobody can take apart."""
    known, edited = base.by_id, {entry.file.path: _edited(entry) for entry in changed}
    return frozenset(test_id for test_id in test_ids if test_id not in known or _is_edited(test_id, edited))


def _edited(entry: Changed) -> frozenset[str] | None:
    """Names of the tests whose body differs; None where the file cannot be taken apart."""
    before, after = tests_in(entry.old_path, entry.before), tests_in(entry.file.path, entry.after)
    if before is None or after is None:
        return None
    return frozenset(name for name, test in after.items() if name not in before or before[name].body != test.body)


def _is_edited(test_id: str, edited: dict[str, frozenset[str] | None]) -> bool:
    path, _, _ = test_id.partition("::")
    if path not in edited:
        return False
    names = edited[path]
    return names is None or function_of(test_id).partition("::")[2] in names
