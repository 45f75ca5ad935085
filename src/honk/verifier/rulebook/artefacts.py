"""What nobody can read, or nobody asked for: golden files, binaries, endless lines, giants, licences. Pure."""

import re
from collections.abc import Iterator, Sequence
from pathlib import PurePosixPath

from honk.domain.change import Edit
from honk.domain.evidence import Finding
from honk.verifier import paths
from honk.verifier.guard import Changed
from honk.verifier.rulebook.asked import Asked, stem, words_of
from honk.verifier.rulebook.lines import added, is_binary, removed, text_of
from honk.verifier.rulebook.manifests import is_lock
from honk.verifier.rulebook.said import note, person, veto

_GOLDEN = re.compile(
    r"(^|/)(__snapshots__|__image_snapshots__|snapshots?|goldens?|golden_files|cassettes|approvals?|expected(?:_output)?s?)/"
    r"|\.(snap|ambr|golden|approved\.\w+|approved|expected)$|[._-](golden|expected|snapshot)\.\w+$"
)
_GOLDEN_TOPICS = ("snapshot", "golden", "expected", "approved", "approval", "baseline", "fixture", "cassette", "output",
                  "regenerate", "recording")  # fmt: skip
_PROGRAMS = (b"\x7fELF", b"MZ", b"\xca\xfe\xba\xbe", b"\xcf\xfa\xed\xfe", b"\xfe\xed\xfa\xcf", b"\x00asm", b"!<arch>")
_ARCHIVES = (
    b"PK\x03\x04",
    b"\x1f\x8b",
    b"BZh",
    b"\xfd7zXZ",
    b"7z\xbc\xaf",
    b"\x28\xb5\x2f\xfd",
    b"\x80\x04\x95",
    b"\x80\x05\x95",
)
_SOURCES = {".js", ".mjs", ".cjs", ".ts", ".jsx", ".tsx", ".py", ".go", ".java", ".rs", ".rb", ".php", ".sh", ".css"}
_MINIFIED_LINE = 2000
_DATA_LINE = re.compile(r"[\"'`][^\"'`]{1500,}[\"'`]")
MAX_ADDED_BYTES = 300_000
"""What the judge reads of a diff at most; a larger change is for a person."""
_LICENCE = re.compile(r"(?i)copyright\b|\(c\)\s*\d{4}|SPDX-License-Identifier|licensed under|all rights reserved")
_LICENCE_FILES = ("LICENSE*", "LICENCE*", "COPYING*", "NOTICE*")
_LICENCE_TOPICS = ("licence", "license", "copyright", "spdx", "header", "headers", "notice")
_TO_THE_JUDGE = re.compile(
    r"(?i)\b(?:ignore|disregard|forget|override)\b.{0,30}\b(?:previous|prior|above|earlier|all|your|these)\b.{0,20}"
    r"\b(?:instructions?|rules|prompts?|guidelines|criteria)\b|"
    r"\b(?:note|message|instructions?|attention)\s+(?:to|for)\s+(?:the\s+)?(?:\w+\s+)?"
    r"(?:judge|reviewer|reviewing model|ai|llm|assistant|model)s?\b|"
    r"\b(?:judge|reviewer|reviewing model|ai reviewer|llm|assistant)s?\b.{0,40}"
    r"\b(?:must|should|shall|please|will)\b.{0,30}\b(?:pass|approve|accept)|"
    r"\b(?:system|admin|administrator)\s*:\s*(?:approve|pass|accept|this (?:change|diff))|"
    r"\b(?:pre-?approved|already (?:been )?approved|approved) by\b.{0,40}"
    r"\b(?:security|team|maintainers?|lead|compliance|legal)|"
    r"\b(?:do not|don't|never)\b.{0,20}\b(?:flag|veto|reject|report)\b.{0,30}\b(?:this|change|diff|file)\b|"
    r"\b(?:ruling|verdict)\b[\"']?\s*[:=]\s*[\"']?pass\b|ANTHROPIC_MAGIC_STRING|<\|(?:im_start|im_end|system|endoftext)\|>|"
    r"</?(?:task|diff|system|brief)(?:-[0-9a-f]+)?>"
)


def golden_files(changed: Sequence[Changed], asked: Asked) -> Iterator[Finding]:
    """An expectation that lies in a file, changed or deleted; a note where the request speaks of it or of its words."""
    for entry in changed:
        path = entry.old_path
        if (
            entry.before is None
            or not _GOLDEN.search(path)
            or path.endswith((".py", ".go", ".java", ".rs", ".ts", ".js"))
        ):
            continue
        if entry.file.edit is Edit.RENAMED and entry.before == entry.after:
            continue
        expected = asked.speaks_of(*_GOLDEN_TOPICS) or _is_told_by_the_brief(entry, asked)
        expected |= entry.after is None and asked.removes((path,))
        what = "is deleted" if entry.after is None else "changes"
        say = note if expected else person
        yield say("golden file", f"{path} holds expected results and {what}", path)


def _is_told_by_the_brief(entry: Changed, asked: Asked) -> bool:
    """Whether the words that are new in it are in the request, or those that are gone are what it removes."""
    before = {stem(word) for line in removed(entry) for word in words_of(line)}
    after = {stem(word) for _, line in added(entry) for word in words_of(line)}
    new, gone = after - before, before - after
    words = asked.words
    return bool(new | gone) and new <= words and (bool(new) or bool(gone & words and asked.asks_for_removal))


def binaries(changed: Sequence[Changed], asked: Asked) -> Iterator[Finding]:
    """Programs and archives that nobody can read wait for a person; pictures and the like are told."""
    for entry in changed:
        content, path = entry.after, entry.file.path
        if content is None or content == entry.before or not is_binary(content):
            continue
        if content.startswith((*_PROGRAMS, *_ARCHIVES)):
            yield person("binary file", f"{path} is a program or an archive, which nobody can read", path)
        elif PurePosixPath(path).suffix not in _SOURCES:
            yield note("binary file", f"{path} is binary", path)


def minified(changed: Sequence[Changed], asked: Asked) -> Iterator[Finding]:
    """Code in one endless line is code that nobody reads."""
    for entry in changed:
        path = entry.file.path
        if PurePosixPath(path).suffix not in _SOURCES and not path.endswith(".min.js"):
            continue
        for number, line in added(entry):
            if len(line) > _MINIFIED_LINE and len(_DATA_LINE.sub("", line)) > _MINIFIED_LINE // 4:
                yield person("minified code", f"{path}:{number} adds a line of {len(line):,} characters", path, number)
                break


def giant(changed: Sequence[Changed], asked: Asked) -> Iterator[Finding]:
    """More than anybody reads at once; lock files left out."""
    size = sum(len(line) + 1 for entry in changed if not is_lock(entry.file.path) for _, line in added(entry))
    if size > MAX_ADDED_BYTES and changed:
        message = f"The change adds {size:,} bytes of text, more than can be judged at once"
        yield person("giant change", message, changed[0].file.path)


def licences(changed: Sequence[Changed], asked: Asked) -> Iterator[Finding]:
    """A licence or copyright notice that is gone or reads otherwise; a new year is none of that."""
    if asked.speaks_of(*_LICENCE_TOPICS):
        return
    for entry in changed:
        if entry.before is None:
            continue
        path = entry.file.path
        if paths.matches(entry.old_path, _LICENCE_FILES) and "/" not in entry.old_path:
            if entry.after is None or _plain(text_of(entry.before)) != _plain(text_of(entry.after)):
                yield person("licence", f"{entry.old_path} changes", path)
        elif entry.after is not None and (gone := _notices(entry.before) - _notices(entry.after)):
            yield person("licence", f"{path} loses a notice: {min(gone)[:80]}", path, 1)


def _notices(content: bytes) -> set[str]:
    head = text_of(content[:4000]).splitlines()[:25]
    return {_plain(line) for line in head if _LICENCE.search(line) and line.lstrip().startswith(_COMMENTS)}


_COMMENTS = ("#", "//", "/*", "*", "--", ";", "<!--", '"""', "'''")


def _plain(text: str) -> str:
    return re.sub(r"[\d\s#/*\-–,;]+", " ", text).strip().lower()


def words_to_the_judge(changed: Sequence[Changed], asked: Asked) -> Iterator[Finding]:
    """Prose in the diff that speaks to whoever judges it."""
    for entry in changed:
        for number, line in added(entry):
            if _TO_THE_JUDGE.search(line):
                message = f"{entry.file.path}:{number} speaks to whoever judges the change"
                yield person("words to the judge", message, entry.file.path, number)
                break


def out_of_bounds(changed: Sequence[Changed], asked: Asked) -> Iterator[Finding]:
    """Paths that the brief itself puts out of bounds."""
    for entry in changed:
        for path in dict.fromkeys((entry.old_path, entry.file.path)):
            for bound in asked.out_of_bounds:
                glob = bound.removeprefix("./")
                if paths.matches(path, (glob, glob.rstrip("/*") + "/")):
                    yield veto(
                        "out of bounds", f"{path} may not be changed: the request puts {bound} out of bounds", path
                    )
