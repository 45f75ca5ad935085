"""Places in the code that an answer names, and whether they exist. Pure."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

_PLACE = re.compile(r"(?<![\w/:.@-])((?:[\w@+-][\w.@+-]*/)*[\w@+-][\w.@+-]*):(\d{1,7})(?:-(\d{1,7}))?(?![\w:])")
NAMES_NONE = "(The answer names no place in the repository.)"


@dataclass(frozen=True, slots=True, kw_only=True)
class Citation:
    """`path:line`, or `path:first-last`, as an answer has it."""

    path: str
    last_line: int
    end: int
    """Where it ends in the answer."""


def citations_in(text: str) -> tuple[Citation, ...]:
    """What looks like a place in a repository: a path with a dot or a slash, and a line."""
    return tuple(
        Citation(path=found[1], last_line=max(int(found[2]), int(found[3] or 0)), end=found.end())
        for found in _PLACE.finditer(text)
        if ("/" in found[1] or "." in found[1]) and not found[1].replace(".", "").isdecimal()
    )


def marked(text: str, lines: Mapping[str, int]) -> str:
    """The answer, in which every place that does not exist is marked so. `lines` has the number of lines of each file
    that is there."""
    cited = citations_in(text)
    if not cited:
        return f"{text}\n{NAMES_NONE}"
    for one in reversed(cited):
        if one.path not in lines:
            text = f"{text[: one.end]} (there is no such file){text[one.end :]}"
        elif not 0 < one.last_line <= lines[one.path]:
            text = f"{text[: one.end]} (there is no such line: it has {lines[one.path]}){text[one.end :]}"
    return text
