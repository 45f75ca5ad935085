"""Reads a unified diff for people: its lines with their colours, its files with their counts. Pure."""

from dataclasses import dataclass

from honk.cli.facts import Line, Tone
from honk.cli.terminal import clean, one_line

_TONES = (("+++", Tone.PLAIN), ("---", Tone.PLAIN), ("+", Tone.GOOD), ("-", Tone.BAD), ("@@", Tone.QUIET))


@dataclass(slots=True)
class FileStat:
    """One file of a diff."""

    path: str
    added: int = 0
    deleted: int = 0
    is_binary: bool = False


def diff_lines(diff: bytes) -> list[Line]:
    """The diff as clean lines."""
    text = clean(diff.decode("utf-8", "surrogateescape")).rstrip("\n")
    return [_line(line) for line in text.split("\n")] if text else []


def _line(text: str) -> Line:
    tone = next((tone for start, tone in _TONES if text.startswith(start)), Tone.PLAIN)
    return Line(text=text, tone=tone)


def file_stats(diff: bytes) -> list[FileStat]:
    """The files of a diff as git writes it, in its order."""
    stats: list[FileStat] = []
    in_hunk = False
    for raw in diff.split(b"\n"):
        if raw.startswith(b"diff --git "):
            stats.append(FileStat(_path_of(raw)))
            in_hunk = False
        elif not stats:
            continue
        elif raw.startswith(b"@@ "):
            in_hunk = True
        elif in_hunk and raw.startswith(b"+"):
            stats[-1].added += 1
        elif in_hunk and raw.startswith(b"-"):
            stats[-1].deleted += 1
        elif not in_hunk and raw.startswith((b"GIT binary patch", b"Binary files ")):
            stats[-1].is_binary = True
    return stats


def _path_of(header: bytes) -> str:
    """The new path of a `diff --git a/OLD b/NEW` line."""
    text = header.removeprefix(b"diff --git ").decode("utf-8", "replace")
    return one_line(text.rpartition(" b/")[2] if " b/" in text else text)


def stat_lines(diff: bytes) -> list[Line]:
    """One line per file: what changed, and how much."""
    told = []
    for stat in file_stats(diff):
        size = "binary" if stat.is_binary else f"+{stat.added} −{stat.deleted}"
        told.append(Line(text=f"  {stat.path}  {size}"))
    return told
