"""Deleted, skipped and emptied tests, by comparing their syntax trees before and after. Pure."""

from collections.abc import Collection, Iterator, Mapping, Sequence

from honk.domain.change import Edit
from honk.domain.evidence import Finding, Severity
from honk.verifier import paths
from honk.verifier.anatomy import TestFunction, dissect
from honk.verifier.guard import Changed


def findings(changed: Sequence[Changed], known: Collection[str] = ()) -> Iterator[Finding]:
    """A test may move and be renamed, its body untouched; it may not vanish, stop running or stop asserting.

    `known` names further files with tests: a repository may configure names of its own.
    """

    def holds_tests(path: str) -> bool:
        return path in known or paths.is_test_file(path)

    tests = [entry for entry in changed if holds_tests(entry.old_path) or holds_tests(entry.file.path)]
    bodies = _bodies_after(tests)
    for entry in tests:
        before = dissect(entry.before)
        if before is None or not holds_tests(entry.old_path):
            continue
        stays = entry.file.edit is not Edit.DELETED and (holds_tests(entry.file.path) or entry.old_path in known)
        after = dissect(entry.after) if stays else {}
        if after is None:
            yield _finding("deleted test", Severity.VETO, f"{entry.file.path} is no longer Python", entry, None)
            continue
        yield from _compare(entry, before, after, bodies)


def _bodies_after(tests: Sequence[Changed]) -> frozenset[str]:
    """Bodies of tests that are new under their name: where a vanished test may have gone."""
    found = set()
    for entry in tests:
        if entry.file.edit is Edit.DELETED:
            continue
        before = dissect(entry.before) or {}
        is_moved = entry.old_path != entry.file.path
        after = dissect(entry.after) or {}
        found |= {test.body for name, test in after.items() if is_moved or name not in before}
    return frozenset(found)


def _compare(
    entry: Changed, before: Mapping[str, TestFunction], after: Mapping[str, TestFunction], bodies: frozenset[str]
) -> Iterator[Finding]:
    for name, old in before.items():
        new, test_id = after.get(name), f"{entry.file.path}::{name}"
        if new is None:
            if old.body in bodies and not old.is_empty:
                yield _finding(
                    "moved test", Severity.NOTE, f"{entry.old_path}::{name} moved or was renamed", entry, old
                )
            else:
                gone = f"{entry.old_path}::{name} was deleted; put it back, or make its new place hold the same body"
                yield _finding("deleted test", Severity.VETO, gone, entry, old)
        elif new.skips > old.skips:
            yield _finding("skipped test", Severity.VETO, f"{test_id} is now skipped or expected to fail", entry, new)
        elif (old.assertions and not new.assertions) or (new.is_empty and not old.is_empty):
            yield _finding("emptied test", Severity.VETO, f"{test_id} no longer asserts anything", entry, new)
        elif new.assertions < old.assertions:
            fewer = f"{test_id} asserts less than before ({old.assertions} to {new.assertions})"
            yield _finding("weakened test", Severity.NOTE, fewer, entry, new)


def _finding(rule: str, severity: Severity, message: str, entry: Changed, test: TestFunction | None) -> Finding:
    line = test.line if test is not None else None
    return Finding(rule=rule, severity=severity, message=message, path=entry.file.path, line=line)
