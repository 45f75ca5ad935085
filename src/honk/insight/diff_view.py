"""A unified diff for people: its files and lines with their numbers, findings at their places. Pure.

A diff is written by an agent: whatever stands in it is text. What cannot be read as a diff is left out, not guessed.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from honk.domain.evidence import Finding, Severity

MOST_LINES = 4000
"""Shown of one diff; the whole of it can be fetched as a file."""
FOLDED_LINES = 300
"""A longer file is folded."""
LONGEST_LINE = 2000
_HUNK = re.compile(r"@@ -(\d{1,9})(?:,\d{1,9})? \+(\d{1,9})(?:,\d{1,9})? @@")
_ESCAPED = re.compile(rb"\\([0-7]{3}|.)", re.DOTALL)
_LETTERS = {b"n": b"\n", b"t": b"\t", b"r": b"\r", b"a": b"\a", b"b": b"\b", b"f": b"\f", b"v": b"\v"}
_WEIGHT = {Severity.VETO: 0, Severity.NEEDS_HUMAN: 1, Severity.NOTE: 2}


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One line of a hunk, or the head of one."""

    sign: str
    """"+", "-", " ", or "@" for a head."""
    text: str
    old: int | None = None
    new: int | None = None
    findings: tuple[Finding, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class File:
    """One file of the diff."""

    path: str
    old_path: str | None = None
    """Where it was renamed."""
    edit: str = "changed"
    added: int = 0
    deleted: int = 0
    rows: tuple[Row, ...] = ()
    is_binary: bool = False
    is_folded: bool = False
    left_out: int = 0
    """Lines that are not shown."""
    findings: tuple[Finding, ...] = ()
    """Those that no shown line carries."""

    @property
    def weight(self) -> int:
        """Of its gravest finding: vetoes first, files without one last."""
        found = [*self.findings, *(finding for row in self.rows for finding in row.findings)]
        return min((_WEIGHT[finding.severity] for finding in found), default=3)


@dataclass(frozen=True, slots=True, kw_only=True)
class DiffView:
    """The whole of it."""

    files: tuple[File, ...] = ()
    findings: tuple[Finding, ...] = ()
    """Of no file that is here."""

    @property
    def added(self) -> int:
        """Lines over all files."""
        return sum(file.added for file in self.files)

    @property
    def deleted(self) -> int:
        """Lines over all files."""
        return sum(file.deleted for file in self.files)


def diff_view(diff: bytes, findings: Sequence[Finding] = ()) -> DiffView:
    """Files with findings come first, the gravest at the top; within that, in the diff's own order."""
    parts = [
        part for part in re.split(rb"^(?=diff --git )", diff, flags=re.MULTILINE) if part.startswith(b"diff --git ")
    ]
    files, room = [], MOST_LINES
    for part in parts:
        file = _placed(_file(part.split(b"\n")), findings)
        shown = file.rows[:room]
        room -= len(shown)
        lost = [finding for row in file.rows[len(shown) :] for finding in row.findings]
        files.append(
            replace(
                file,
                rows=shown,
                left_out=len(file.rows) - len(shown),
                is_folded=len(shown) > FOLDED_LINES and file.weight == 3,
                findings=(*file.findings, *lost),
            )
        )
    paths = {file.path for file in files}
    return DiffView(
        files=tuple(sorted(files, key=lambda file: file.weight)),
        findings=_gravest_first(finding for finding in findings if finding.path not in paths),
    )


def _placed(file: File, findings: Sequence[Finding]) -> File:
    """The file with its findings at their lines."""
    mine = _gravest_first(finding for finding in findings if finding.path == file.path)
    lines = {row.new for row in file.rows if row.new is not None}
    rows = tuple(
        replace(row, findings=found)
        if row.new is not None and (found := tuple(one for one in mine if one.line == row.new and row.sign != "-"))
        else row
        for row in file.rows
    )
    return replace(file, rows=rows, findings=tuple(one for one in mine if one.line not in lines))


def _gravest_first(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    return tuple(sorted(findings, key=lambda finding: _WEIGHT[finding.severity]))


def _file(lines: Sequence[bytes]) -> File:
    """From its `diff --git` line on."""
    file = File(path=_header_path(lines[0]))
    for number, line in enumerate(lines[1:], start=1):
        if line.startswith(b"@@ "):
            rows = tuple(_rows(lines[number:]))
            added, deleted = (sum(row.sign == sign for row in rows) for sign in "+-")
            return replace(file, rows=rows, added=added, deleted=deleted)
        file = _header(file, line)
    return file


def _header(file: File, line: bytes) -> File:
    """What a line before the hunks says of the file."""
    if line.startswith(b"new file mode"):
        return replace(file, edit="added")
    if line.startswith(b"deleted file mode"):
        return replace(file, edit="deleted")
    if line.startswith(b"rename from "):
        return replace(file, edit="renamed", old_path=_path(line.removeprefix(b"rename from ")))
    if line.startswith(b"rename to "):
        return replace(file, path=_path(line.removeprefix(b"rename to ")))
    if line.startswith(b"+++ ") and line != b"+++ /dev/null":
        return replace(file, path=_path(line.removeprefix(b"+++ ").rstrip(b"\t"), drop="b/"))
    if line.startswith(b"--- ") and line != b"--- /dev/null" and file.edit == "deleted":
        return replace(file, path=_path(line.removeprefix(b"--- ").rstrip(b"\t"), drop="a/"))
    if line.startswith((b"GIT binary patch", b"Binary files ")):
        return replace(file, is_binary=True)
    return file


def _rows(lines: Sequence[bytes]) -> Iterable[Row]:
    old = new = 0
    for line in lines:
        sign, text = (
            line[:1].decode("latin-1"),
            line[1:].removesuffix(b"\r").replace(b"\r", b"^M").decode("utf-8", "surrogateescape"),
        )
        if len(text) > LONGEST_LINE:
            text = f"{text[:LONGEST_LINE]}… ({len(text) - LONGEST_LINE} more characters)"
        if head := _HUNK.match(line.decode("latin-1")):
            old, new = int(head[1]), int(head[2])
            yield Row(sign="@", text=line.decode("utf-8", "surrogateescape"))
        elif sign == "+":
            yield Row(sign="+", text=text, new=new)
            new += 1
        elif sign == "-":
            yield Row(sign="-", text=text, old=old)
            old += 1
        elif sign == " ":
            yield Row(sign=" ", text=text, old=old, new=new)
            old, new = old + 1, new + 1


def _header_path(line: bytes) -> str:
    """The new path of a `diff --git a/OLD b/NEW` line; headers that follow know it better."""
    rest = line.removeprefix(b"diff --git ")
    if rest.endswith(b'"'):
        return _path(b'"' + rest[:-1].rpartition(b'"')[2] + b'"', drop="b/")
    return _path(rest.rpartition(b" b/")[2] if b" b/" in rest else rest)


def _path(raw: bytes, drop: str = "") -> str:
    """A path as git writes it: in quotes, with escapes, where it has strange bytes."""
    if raw.startswith(b'"') and raw.endswith(b'"') and len(raw) > 1:
        raw = _ESCAPED.sub(_unescaped, raw[1:-1])
    return raw.decode("utf-8", "surrogateescape").removeprefix(drop)


def _unescaped(found: re.Match[bytes]) -> bytes:
    code = found[1]
    return bytes([int(code, 8) & 0xFF]) if len(code) == 3 else _LETTERS.get(code, code)
