"""All tests of a change, before and after, whatever their language; and where a vanished test went. Pure."""

from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

from honk.domain.change import Edit
from honk.verifier import paths
from honk.verifier.anatomy import TestFunction, dissect
from honk.verifier.guard import Changed
from honk.verifier.rulebook.definitions import Definitions, definitions_of
from honk.verifier.rulebook.text_tests import dissect_text, is_test_path

Tests = Mapping[str, TestFunction]


@dataclass(frozen=True, slots=True, kw_only=True)
class Suite:
    """One file with tests."""

    entry: Changed
    before: Tests
    after: Tests | None
    """None where the file can no longer be read as its language."""

    @property
    def vanished(self) -> Iterator[TestFunction]:
        return (test for name, test in self.before.items() if name not in (self.after or {}))

    @property
    def arrived(self) -> Iterator[TestFunction]:
        """New under its name in this file; in a file that moved, all of them."""
        moved = self.entry.old_path != self.entry.file.path
        return (test for name, test in (self.after or {}).items() if moved or name not in self.before)


@dataclass(frozen=True, slots=True, kw_only=True)
class Suites:
    """The test files of one change."""

    suites: tuple[Suite, ...]
    definitions: Definitions

    def before(self) -> Iterator[TestFunction]:
        return (test for suite in self.suites for test in suite.before.values())

    def after(self) -> Iterator[TestFunction]:
        return (test for suite in self.suites for test in (suite.after or {}).values())

    def bodies(self) -> frozenset[str]:
        """Bodies of tests that are new under their name: where a vanished test may have gone."""
        return frozenset(test.body for suite in self.suites for test in suite.arrived)

    def pool(self) -> "Pool":
        return Pool.of(self)


@dataclass(slots=True)
class Pool:
    """What the change asserts anew, to be used up by the tests that vanished: each assertion answers for one."""

    definitions: Definitions
    shapes: Counter[str]
    calls: frozenset[str]

    @staticmethod
    def of(suites: Suites) -> "Pool":
        neutral = suites.definitions.neutral
        shapes: Counter[str] = Counter()
        calls: set[str] = set()
        for suite in suites.suites:
            arrived = {test.name for test in suite.arrived}
            for name, test in (suite.after or {}).items():
                grown = Counter(neutral(shape) for shape in test.shapes * test.cases)
                if name not in arrived:
                    old = suite.before[name]
                    grown -= Counter(neutral(shape) for shape in old.shapes * old.cases)
                if grown:
                    shapes += grown
                    calls |= {neutral(call) for call in test.calls}
        return Pool(definitions=suites.definitions, shapes=shapes, calls=frozenset(calls))

    def takes(self, test: TestFunction) -> bool:
        """Whether all that the test compared is compared by what is new; if so, that is used up."""
        neutral = self.definitions.neutral
        wanted = Counter(neutral(shape) for shape in test.shapes * test.cases)
        is_there = bool(wanted) and all(self.shapes[shape] >= count for shape, count in wanted.items())
        asserts = {shape.split("(")[0].split("#")[0] for shape in test.shapes}
        if not is_there or not {neutral(call) for call in test.calls - asserts} - _MARKS <= self.calls:
            return False
        self.shapes -= wanted
        return True


_MARKS = frozenset({"parametrize", "assertEqual", "assertTrue", "assertFalse", "assertIn", "assertIs", "assertIsNone",
                    "assertRaises", "raises", "subTest"})  # fmt: skip


def suites_of(changed: Sequence[Changed], known: Collection[str] = ()) -> Suites:
    """`known` names further files with tests: a repository may configure names of its own."""

    def holds_tests(path: str) -> bool:
        return path in known or paths.is_test_file(path) or is_test_path(path)

    found: list[Suite] = []
    for entry in changed:
        if not (holds_tests(entry.old_path) or holds_tests(entry.file.path)):
            continue
        before = _read(entry.old_path, entry.before) if holds_tests(entry.old_path) else {}
        stays = entry.file.edit is not Edit.DELETED and (holds_tests(entry.file.path) or entry.old_path in known)
        after = _read(entry.file.path, entry.after) if stays else {}
        found.append(Suite(entry=entry, before=before or {}, after=after))
    definitions = definitions_of(changed, lambda path: holds_tests(path) and not path.endswith(".rs"))
    return Suites(suites=tuple(found), definitions=definitions)


def _read(path: str, source: bytes | None) -> Tests | None:
    return dissect(source) if path.endswith(".py") else dissect_text(path, source)
