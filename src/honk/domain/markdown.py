"""Untrusted text in Markdown that forges render: shown letter by letter, never obeyed. Pure.

Test output, file names, a model's reasons and a person's words go into code spans and fenced blocks only. There no
forge knows links, images, HTML, mentions or "closes #1"; what remains is not to let the text out of its block.
"""

import re
import unicodedata

STRANGE = "\N{REPLACEMENT CHARACTER}"
"""Stands where something invisible stood: control and format characters, odd line ends, halves of surrogates."""


def visible(text: str) -> str:
    """The text with what a reader could not see made visible; line ends as line feeds, tabs as spaces."""
    plain = text.replace("\r\n", "\n").replace("\r", "\n").expandtabs(4)
    return "".join(STRANGE if _is_invisible(char) else char for char in plain)


def one_line(text: str, width: int = 200) -> str:
    """The visible text on one line of at most `width` characters."""
    return shorten(" ".join(visible(text).split()), width)


def shorten(text: str, width: int) -> str:
    """Its beginning, with a mark where something is left out."""
    return text if len(text) <= width else text[: width - 1] + "…"


def code(text: str, width: int = 200) -> str:
    """A code span, also fit for a table's cell."""
    inner = one_line(text, width) or "-"
    # In a cell a backslash before a bar may free the bar; a broken bar cannot be misread.
    inner = inner.replace("|", "¦" if "\\" in inner else "\\|")
    fence = "`" * (_longest_run(inner) + 1)
    pad = " " if inner.startswith("`") or inner.endswith("`") else ""
    return f"{fence}{pad}{inner}{pad}{fence}"


def block(text: str, limit: int = 4000) -> str:
    """A fenced block; what exceeds `limit` characters is cut, and said to be."""
    inner = visible(text).strip("\n")
    if len(inner) > limit:
        inner = inner[:limit] + f"\n… ({len(inner) - limit} more characters are left out)"
    fence = "`" * max(3, _longest_run(inner) + 1)
    return f"{fence}text\n{inner}\n{fence}"


def _is_invisible(char: str) -> bool:
    """Controls, formats, surrogates, unassigned; and line ends that only some readers know."""
    return char != "\n" and (unicodedata.category(char)[0] == "C" or unicodedata.category(char) in ("Zl", "Zp"))


def _longest_run(text: str) -> int:
    return max((len(run) for run in re.findall(r"`+", text)), default=0)
