"""Files far outside the brief, by their words. Pure, and a heuristic: never a veto.

A file belongs to the change if its path shares a telling word with the brief, if what changes in it does, or if it
shares a changed name with a file that belongs. Where nothing belongs, words cannot tell and nothing is said.
"""

import re
from collections.abc import Iterator, Sequence
from pathlib import PurePosixPath

from honk.domain.change import Edit
from honk.domain.evidence import Finding
from honk.verifier import paths
from honk.verifier.guard import Changed
from honk.verifier.rulebook.asked import Asked, stem, telling, words_of
from honk.verifier.rulebook.lines import added, removed, text_of
from honk.verifier.rulebook.manifests import is_lock, is_manifest
from honk.verifier.rulebook.said import note, person

_NAME = re.compile(r"[A-Za-z_$][\w$]{2,}")
_HEADER = re.compile(
    r"\s*(?:export |pub |public |private |async |static )*(?:def|class|func|function|fn|interface|type)\b"
)
_WIDE = (
    "everywhere",
    "all",
    "every",
    "codebase",
    "repository",
    "across",
    "throughout",
    "whole",
    "format",
    "lint",
    "typing",
)
_BESIDE = {".md", ".rst", ".txt", ".json", ".lock", ".snap"}
_FAR_LINES = 30
"""Changed lines far outside from which on a person looks."""


def far_from_the_brief(changed: Sequence[Changed], asked: Asked) -> Iterator[Finding]:
    """A note for each such file; a person, where they make up most of a change."""
    if not asked.is_known or asked.speaks_of(*_WIDE) or len(changed) < 2:
        return
    lines = {entry.file.path: _lines(entry) for entry in changed}
    near = {entry.file.path for entry in changed if _is_near(entry, lines[entry.file.path], asked)}
    if not near:
        return
    names = {path: frozenset(name for line in text for name in _NAME.findall(line)) for path, text in lines.items()}
    while grown := {
        path for path in names if path not in near and any(_share(names[path], names[other]) for other in near)
    }:
        near |= grown
    far = [entry for entry in changed if entry.file.path not in near and _counts(entry)]
    many = sum(len(lines[entry.file.path]) for entry in far)
    total = sum(len(text) for text in lines.values())
    say = person if many >= _FAR_LINES and many * 2 > total else note
    for entry in far:
        yield say(
            "far from the brief", f"{entry.file.path} has nothing to do with the request's words", entry.file.path
        )


def _lines(entry: Changed) -> list[str]:
    return [*removed(entry), *(line for _, line in added(entry))]


def _is_near(entry: Changed, lines: Sequence[str], asked: Asked) -> bool:
    words = asked.words
    if telling(entry.file.path) & words or telling(entry.old_path) & words:
        return True
    said = {stem(word) for line in (*lines, *_around(entry)) for word in words_of(line) if len(word) > 3}
    wanted = {word for word in words if len(word) >= 3 and word not in _PLAIN}
    return bool(said & wanted) or any(
        a.startswith(b) or b.startswith(a) for a in said for b in wanted if len(min(a, b, key=len)) > 5
    )


def _around(entry: Changed) -> Iterator[str]:
    """The headers of what the added lines stand in."""
    numbers = {number for number, _ in added(entry)}
    header = None
    for number, line in enumerate(text_of(entry.after).splitlines(), 1):
        header = line if _HEADER.match(line) else header
        if header is not None and number in numbers:
            yield header


_PLAIN = frozenset(
    map(
        stem,
        words_of(
            "return value values string number error errors type types name names list dict import from should "
            "with that this when call calls user users data line lines default result results message code make "
            "sure object"
        ),
    )
)


def _share(one: frozenset[str], other: frozenset[str]) -> bool:
    """A changed name in common that is no word of the language."""
    return bool({name for name in one & other if len(name) > 3} - _LANGUAGE)


_LANGUAGE = frozenset(
    _NAME.findall(
        "self None True False return import from class def async await with assert raise except finally "
        "lambda yield pass null true false undefined const function export default public private static void "
        "string number boolean this new func package error nil type struct interface int float bool bytes "
        "list dict tuple object test tests pytest unittest describe expect toBe toEqual assertEqual "
        "assertTrue require assert_eq Self impl match while break continue else elif name value values data "
        "args kwargs print format other result item items path file text line lines key keys append join "
        "split open read write close get set add len range str typing Any Optional List Dict"
    )
)


def _counts(entry: Changed) -> bool:
    """Papers, locks and files beside tests go along with any change."""
    path = entry.file.path
    return not (
        entry.file.edit is Edit.RENAMED
        or is_lock(path)
        or is_manifest(path)
        or paths.is_beside_tests(path)
        or PurePosixPath(path).suffix in _BESIDE
        or PurePosixPath(path).stem == "__init__"
    )
