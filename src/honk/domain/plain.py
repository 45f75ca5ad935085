"""Makes text of unknown origin fit to be shown, on a terminal or on a page: no escape sequences, nothing invisible or
direction-turning. Pure.

What an agent says, a tool prints or a file is called may be written to fool the eye or the terminal.
"""

import re
import unicodedata

_ESCAPES = re.compile(
    r"(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]?"  # CSI: colours, cursor, erase
    r"|(?:\x1b[\]PX^_]|[\x9d\x90\x98\x9e\x9f])[^\x07\x1b\x9c]*(?:\x07|\x1b\\|\x9c)?"  # strings: titles, links, graphics
    r"|\x1b[ -/]*[0-~]?"  # the rest
)
_JOINERS = "\u200c\u200d"
"""Zero-width (non-)joiners: Persian, Hindi and many emoji are misspelt without them."""
_LINE_ENDS = re.compile("\r\n|[\r\n\v\f\x85\u2028\u2029]")
_INVISIBLE = frozenset({"Cc", "Cf", "Co", "Cn"})


def clean(text: str) -> str:
    """The visible text, with lines ended by newlines only and tabs as spaces.

    Bytes that were not UTF-8 (surrogates) become replacement characters.
    """
    text = _LINE_ENDS.sub("\n", _ESCAPES.sub("", text))
    return "".join(map(_visible, text))


def one_line(text: str, width: int = 200) -> str:
    """The visible text on one line of at most `width` characters."""
    line = " ".join(clean(text).split())
    return line if len(line) <= width else line[: max(width - 1, 0)].rstrip() + "…"


def block(text: str, *, max_lines: int, width: int = 500) -> list[str]:
    """The visible text as lines; where there are more than `max_lines`, the last line says how many were left out."""
    lines = [line.rstrip()[:width] for line in clean(text).strip("\n").split("\n")]
    if len(lines) <= max_lines:
        return lines
    return [*lines[: max_lines - 1], f"… {len(lines) - max_lines + 1} more lines"]


def _visible(character: str) -> str:
    if character == "\n" or character in _JOINERS:
        return character
    if character == "\t":
        return "    "
    category = unicodedata.category(character)
    if category == "Cs":
        return "\ufffd"
    return "" if category in _INVISIBLE else character
