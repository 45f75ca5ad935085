"""Tests that are deleted, skipped, emptied or asked less of, by comparing them before and after. Pure.

A test may move, be renamed, split, merged into a table, and follow a renamed function. What it compares may not
vanish, unless the brief asks for the removal of what it tested.
"""

from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

from honk.domain.evidence import Finding
from honk.verifier.anatomy import TestFunction
from honk.verifier.guard import Changed
from honk.verifier.rulebook.asked import Asked
from honk.verifier.rulebook.said import note, person, veto
from honk.verifier.rulebook.suites import Pool, Suite, Suites, suites_of, total, unmatched

_TOLERANCE_TOPICS = ("tolerance", "precision", "approximate", "approx", "epsilon", "accuracy", "loosen")
_SKIP_TOPICS = ("skip", "xfail", "quarantine", "disable", "ignore", "mute", "pending", "todo")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Case:
    """What every comparison needs."""

    suites: Suites
    pool: Pool
    bodies: frozenset[str]
    asked: Asked
    lost: Counter[str]
    """What the tests of the whole change compared and compare no more."""

    taken: set[tuple[str, str]]
    """New tests, by path and name, that stand in a vanished one's place."""

    def was_removed_as_asked(self, test: TestFunction, path: str) -> bool:
        """The brief asks for a removal by this name, and what the test uses is gone or is the test itself."""
        used = test.names & self.suites.definitions.removed
        asked = self.asked.removes((test.name, path, *used))
        return asked and (bool(used) or self.asked.speaks_of("test", "tests", "spec", "suite"))

    def uses_what_is_gone(self, test: TestFunction) -> bool:
        return bool(test.names & self.suites.definitions.removed)


def findings(changed: Sequence[Changed], known: Collection[str] = (), asked: Asked | None = None) -> Iterator[Finding]:
    """See the module. `known` names further files with tests: a repository may configure names of its own."""
    suites = suites_of(changed, known)
    neutral = suites.definitions.neutral
    before = total((test.compared for test in suites.before()), neutral)
    after = total((test.compared for test in suites.after()), neutral)
    case = _Case(
        suites=suites,
        pool=suites.pool(),
        bodies=suites.bodies(),
        asked=asked or Asked(),
        taken=set(),
        lost=unmatched(before - after, after - before),
    )
    for suite in suites.suites:
        yield from _of_file(suite, case)


def _of_file(suite: Suite, case: _Case) -> Iterator[Finding]:
    path = suite.entry.file.path
    if suite.after is None:
        if suite.before:
            yield veto("deleted test", f"{path} can no longer be read as code", path)
        return
    for test in suite.vanished:
        yield _vanished(test, suite, case)
    for name, old in suite.before.items():
        new = suite.after.get(name)
        if new is not None:
            yield from _kept(old, new, path, case)


def _vanished(test: TestFunction, suite: Suite, case: _Case) -> Finding:
    path, was = suite.entry.file.path, f"{suite.entry.old_path}::{test.name}"
    if test.body in case.bodies and not test.is_empty:
        return note("moved test", f"{was} moved or was renamed", path, test.line)
    if case.was_removed_as_asked(test, suite.entry.old_path):
        return note("removed test", f"{was} was deleted with what the request removes", path, test.line)
    if case.pool.takes(test):
        return note("moved test", f"{was} is gone; what it compared is compared by new tests", path, test.line)
    if case.uses_what_is_gone(test) and (case.asked.asks_for_removal or case.asked.asks_for_replacement):
        message = f"{was} was deleted together with code that it used; a person must see that nothing else is lost"
        return person("deleted test", message, path, test.line)
    if (successor := _successor(test, suite, case)) is not None:
        message = f"{was} is gone, and {successor.name} compares something else in its place"
        return person("replaced test", message, path, successor.line)
    gone = f"{was} was deleted; put it back, or make its new place hold the same body"
    return veto("deleted test", gone, path, test.line)


def _successor(test: TestFunction, suite: Suite, case: _Case) -> TestFunction | None:
    """A new test of the same file that uses most of the same names and compares as much; it answers for one."""
    for new in suite.arrived:
        place = (suite.entry.file.path, new.name)
        shared = len(test.names & new.names)
        if place not in case.taken and new.strength >= test.strength > 0 and shared * 2 >= len(test.names):
            case.taken.add(place)
            return new
    return None


def _kept(old: TestFunction, new: TestFunction, path: str, case: _Case) -> Iterator[Finding]:
    test_id = f"{path}::{new.name}"
    if new.skips > old.skips:
        yield _skipped(old, new, test_id, path, case)
        return
    if (old.assertions and not new.assertions) or (new.is_empty and not old.is_empty):
        yield veto("emptied test", f"{test_id} no longer asserts anything", path, new.line)
        return
    if new.strength < old.strength:
        yield _fewer(old, new, test_id, path, case)
    elif new.exact < old.exact and _loose(new) > _loose(old) and _is_lost(old, case):
        message = f"{test_id} compares with less than the one right value ({old.exact} to {new.exact} such comparisons)"
        yield person("looser assertion", message, path, new.line)
    elif _is_broader(old, new, case):
        yield person("looser assertion", f"{test_id} accepts a broader error, or any message", path, new.line)
    yield from _tolerances(old, new, test_id, path, case)


def _skipped(old: TestFunction, new: TestFunction, test_id: str, path: str, case: _Case) -> Finding:
    by_condition = new.skips - old.skips == new.soft_skips - old.soft_skips
    asked = case.asked.speaks_of(*_SKIP_TOPICS) and (case.asked.touches((new.name, path)) or by_condition)
    if asked or by_condition:
        when = "on a condition" if by_condition else "as the request seems to ask"
        return person("skipped test", f"{test_id} is now skipped {when}", path, new.line)
    return veto("skipped test", f"{test_id} is now skipped or expected to fail", path, new.line)


def _loose(test: TestFunction) -> int:
    """Comparisons that neither name the one right value nor come near it."""
    return sum(not shape.startswith("Near(") for shape in test.shapes) - test.exact


def _is_lost(old: TestFunction, case: _Case) -> bool:
    """Whether something that this test compared is compared nowhere in the change any more."""
    neutral = case.suites.definitions.neutral
    return any(case.lost[neutral(shape)] > 0 for shape in old.shapes)


def _fewer(old: TestFunction, new: TestFunction, test_id: str, path: str, case: _Case) -> Finding:
    fewer = f"{test_id} asserts less than before ({old.strength} to {new.strength})"
    if not _is_lost(old, case):
        return note("weakened test", f"{fewer}; other tests of the change assert it", path, new.line)
    lost = old.names - new.names
    wished = case.asked.asks_for_removal or case.asked.asks_for_replacement
    if case.asked.removes(lost) or (wished and case.suites.definitions.removed & lost):
        return note("weakened test", f"{fewer}, about what the change removes", path, new.line)
    return person("weakened test", fewer, path, new.line)


def _is_broader(old: TestFunction, new: TestFunction, case: _Case) -> bool:
    """`raises(ValueError, match=...)` that became `raises(Exception)`, or lost its `match`."""
    gone, come = Counter(old.shapes) - Counter(new.shapes), Counter(new.shapes) - Counter(old.shapes)
    was = [shape for shape in gone if shape.startswith(("raises(", "assertRaises", "warns("))]
    now = [shape for shape in come if shape.startswith(("raises(", "assertRaises", "warns("))]
    if not was or not now or case.asked.speaks_of("error", "exception", "raise", "message"):
        return False
    lost_match = sum(",match" in shape or "Regex" in shape for shape in was) > sum(
        ",match" in shape or "Regex" in shape for shape in now
    )
    broad = ("raises(Exception", "raises(BaseException", "assertRaises(Exception", "assertRaises(BaseException")
    return lost_match or any(shape.startswith(broad) for shape in now)


def _tolerances(old: TestFunction, new: TestFunction, test_id: str, path: str, case: _Case) -> Iterator[Finding]:
    before, after = _by_kind(old), _by_kind(new)
    for kind, values in after.items():
        if kind not in before:
            is_loose = new.exact < old.exact and values[-1] > (-3 if values[-1] < 0 else 1e-3)
            change = f"compares by {kind} {abs(values[-1]):g} what it compared exactly"
        else:
            pairs = zip(before[kind], values, strict=False)
            same_number = len(values) == len(before[kind])
            is_loose = any(b > a for a, b in pairs) if same_number else values[-1] > before[kind][-1]
            change = f"is looser by {kind} ({abs(before[kind][-1]):g} to {abs(values[-1]):g})"
        if is_loose:
            say = note if case.asked.speaks_of(*_TOLERANCE_TOPICS) else person
            yield say("looser tolerance", f"{test_id} {change}", path, new.line)


def _by_kind(test: TestFunction) -> dict[str, list[float]]:
    found: dict[str, list[float]] = {}
    for kind, value in sorted(test.tolerances):
        found.setdefault(kind, []).append(value)
    return found
