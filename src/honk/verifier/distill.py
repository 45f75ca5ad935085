"""A long log as the few lines that somebody needs. Pure."""

import re
from collections.abc import Iterable, Sequence

MAX_BYTES = 4096
_MARGIN = 64
_ESCAPES = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)|[\x00-\x08\x0b-\x1f\x7f]")
_TELLING = re.compile(
    r"\b(error|errors|fail|failed|failure|failing|fatal|panic|traceback|exception|undefined|cannot|assert\w*)\b"
    r"|^E\s|^[\w./-]+\.\w{1,5}:\d+",
    re.IGNORECASE,
)
_NOISE = re.compile(r"^[\s.=\-_*#~]*$|^\s*(PASSED|ok)\b|\bPASSED\b")


def distill(log: str, *, max_bytes: int = MAX_BYTES) -> str:
    """The telling lines of a log, then its end, in at most `max_bytes` of UTF-8."""
    lines = [line.rstrip() for line in _ESCAPES.sub("", log).splitlines() if line.strip()]
    if _size(lines) <= max_bytes:
        return clip("\n".join(lines), max_bytes)
    telling = _unique(line for line in lines if _TELLING.search(line) and not _NOISE.search(line))
    chosen = _fit(telling, max_bytes * 5 // 8)
    end = _fit(lines[::-1], max_bytes - _size(chosen) - _MARGIN)[::-1]
    return clip("\n…\n".join("\n".join(part) for part in (chosen, end) if part), max_bytes)


def headed(heads: Sequence[str], distilled: str, *, max_bytes: int = MAX_BYTES) -> str:
    """What must be said, as much as fits in all but a quarter, over a distilled log."""
    told = "\n".join(_fit(_unique(heads), max_bytes * 3 // 4))
    return clip(f"{told}\n\n{distilled}" if told and distilled else told or distilled, max_bytes)


def clip(text: str, max_bytes: int) -> str:
    """The text, cut between characters where it is too long."""
    raw = text.encode("utf-8", "replace")
    if len(raw) <= max_bytes:
        return raw.decode("utf-8")
    return raw[: max(0, max_bytes - 4)].decode("utf-8", "ignore") + "…"


def _unique(lines: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(line for line in lines if line.strip()))


def _fit(lines: Sequence[str], max_bytes: int) -> list[str]:
    """As many whole lines from the start as fit; the rest is counted."""
    kept: list[str] = []
    used = 0
    for index, line in enumerate(lines):
        short = clip(line, 400)
        size = len(short.encode("utf-8", "replace")) + 1
        if used + size > max_bytes - 24:
            kept.append(f"… {len(lines) - index} more")
            break
        kept.append(short)
        used += size
    return kept if max_bytes > 24 else []


def _size(lines: Sequence[str]) -> int:
    return sum(len(line.encode("utf-8", "replace")) + 1 for line in lines)
