"""All tests of a change, before and after, whatever their language; and where a vanished test went. Pure."""

import re
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

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
                grown = total([test.compared], neutral)
                if name not in arrived:
                    grown -= total([suite.before[name].compared], neutral)
                if grown:
                    shapes += grown
                    calls |= {neutral(call) for call in test.calls}
        return Pool(definitions=suites.definitions, shapes=shapes, calls=frozenset(calls))

    def takes(self, test: TestFunction) -> bool:
        """Whether all that the test compared is compared by what is new; if so, that is used up."""
        neutral = self.definitions.neutral
        wanted = total([test.compared], neutral)
        own = {test.name.split("::")[-1], *(_kind(shape).rpartition(".")[2] for shape in test.shapes)}
        calls = {neutral(call) for call in test.calls - own} - _MARKS
        left = Counter(self.shapes)
        if not wanted or unmatched(wanted, left) or not calls <= self.calls:
            return False
        self.shapes = left
        return True


def total(counts: Iterable[Counter[str]], neutral: Callable[[str], str]) -> Counter[str]:
    """The sum, by neutral shape."""
    found: Counter[str] = Counter()
    for one in counts:
        for shape, count in one.items():
            found[neutral(shape)] += count
    return found


def unmatched(lost: Counter[str], left: Counter[str]) -> Counter[str]:
    """Of the shapes that are lost, those that nothing stands for; `left` is used up by the others."""
    rest = Counter[str]()
    for shape, count in lost.items():
        used = min(count, left[shape])
        left[shape] -= used
        rest[shape] = count - used
    rest, left_now = +rest, [shape for shape, count in left.items() if count > 0]
    if len(rest) * len(left_now) > _MAX_COMPARISONS:
        return rest
    for shape in list(rest):
        for other in left_now:
            if rest[shape] and left[other] > 0 and covers(other, shape):
                used = min(rest[shape], left[other])
                left[other] -= used
                rest[shape] -= used
    return +rest


def covers(gained: str, lost: str) -> bool:
    """Whether an assertion compares in the same way and by at least the same names."""
    if lost in (gained, f"Is({gained})"):
        return True
    has, needs = _names(gained), _names(lost) - {"_", "Is", "Eq"}
    return _kind(gained) == _kind(lost) and needs <= has and not (has - needs) & {"Not", "not"}


@lru_cache(maxsize=4096)
def _names(shape: str) -> frozenset[str]:
    return frozenset(_NAME.findall(shape))


def _kind(shape: str) -> str:
    """`f(x) == True` is as good as `f(x) == y`: it names the one right value."""
    kind = shape.split("(")[0]
    return "Eq" if kind == "Is" else kind


_NAME = re.compile(r"[A-Za-z_$§][\w$]*")
_MAX_COMPARISONS = 200_000
_MARKS = frozenset(
    {"parametrize", "assertEqual", "assertTrue", "assertFalse", "assertIn", "assertIs", "assertIsNone", "assertRaises",
     "raises", "subTest", "test", "it", "each", "describe", "Run", "Parallel"}
)  # fmt: skip
"""What frames a test, or only says how it compares."""


def suites_of(changed: Sequence[Changed], known: Collection[str] = ()) -> Suites:
    """`known` names further files with tests: a repository may configure names of its own."""

    def holds_tests(path: str) -> bool:
        return path in known or paths.is_test_file(path) or is_test_path(path)

    found: list[Suite] = []
    for entry in changed:
        if not (holds_tests(entry.old_path) or holds_tests(entry.file.path)):
            continue
        before = tests_in(entry.old_path, entry.before) if holds_tests(entry.old_path) else {}
        stays = entry.file.edit is not Edit.DELETED and (holds_tests(entry.file.path) or entry.old_path in known)
        after = tests_in(entry.file.path, entry.after) if stays else {}
        found.append(Suite(entry=entry, before=before or {}, after=after))
    definitions = definitions_of(changed, lambda path: holds_tests(path) and not path.endswith(".rs"))
    return Suites(suites=tuple(found), definitions=definitions)


def tests_in(path: str, source: bytes | None) -> Tests | None:
    """By name; None for a file that cannot be told apart."""
    small = source is not None and len(source) <= _REMEMBERED_BYTES
    return _remembered(path, source) if small else _told_apart(path, source)


def _told_apart(path: str, source: bytes | None) -> Tests | None:
    return dissect(source) if path.endswith(".py") else dissect_text(path, source)


_REMEMBERED_BYTES = 256 << 10
_remembered = lru_cache(maxsize=64)(_told_apart)
"""Several rules look at the same few files, one after the other."""
