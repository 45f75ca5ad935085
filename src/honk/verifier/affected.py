"""Which tests stand nearest to a change: they are worth running first, and once more. Pure.

A guess by names. It never decides what is run for a verdict, only what is run first and what is run again.
"""

import re
from collections.abc import Collection, Sequence
from pathlib import PurePosixPath

from honk.verifier.ecosystems import table

MOST_FILES = 30
"""More are no quick look any more."""
_CODE = re.compile(r"\.(?:py|[cm]?[jt]sx?|go|rs|java|kt|kts|groovy|scala)$")
_TEST_WORDS = re.compile(r"^(?:tests?|spec)[._-]|[._-]?(?:tests?|spec|it)$", re.IGNORECASE)
_SPOKEN_FOR_BY_FOLDER = frozenset({"__init__", "index", "mod", "lib", "main", "__main__"})
_SHORTEST_WORD = 3


def words_of(changed: Collection[str]) -> tuple[str, ...]:
    """The modules that changed, as a test would name them: `pages` for `tonearm/pages.py`, `tonearm` for its index."""
    sources = [path for path in changed if _CODE.search(path) and not table.is_test_file(path)]
    return tuple(sorted({word for path in sources if len(word := _word(path)) >= _SHORTEST_WORD}))


def nearest(changed: Collection[str], tests: Sequence[str], naming: Collection[str] = ()) -> tuple[str, ...]:
    """Test files that changed, and those called after what changed; if there are none, those that name it."""
    words, folders = set(words_of(changed)), {_folder(path) for path in changed if path.endswith(".go")}
    touched = [path for path in tests if path in changed]
    called = [path for path in tests if _subject(path) in words or (path.endswith(".go") and _folder(path) in folders)]
    found = dict.fromkeys((*touched, *called)) or dict.fromkeys(path for path in tests if path in naming)
    return tuple(found)[:MOST_FILES]


def _word(path: str) -> str:
    name = PurePosixPath(path).name.split(".", 1)[0]
    return PurePosixPath(path).parent.name if name in _SPOKEN_FOR_BY_FOLDER else name


def _subject(path: str) -> str:
    """What a test file is called after: `pages` for `tests/test_pages.py`, `pages.test.ts` and `PagesTest.java`."""
    stem = PurePosixPath(path).name.rsplit(".", 1)[0]
    return _TEST_WORDS.sub("", _TEST_WORDS.sub("", stem))


def _folder(path: str) -> str:
    return str(PurePosixPath(path).parent)
