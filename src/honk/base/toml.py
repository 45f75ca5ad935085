"""Reads TOML that a stranger may have written: in bounded time, and with one kind of error."""

import tomllib
from typing import Any

_MAX_DOTS = 500
"""On one line: the library's time for a dotted key grows with the square of its parts, and 40 KB of them take 10 s."""


def loads(text: str) -> dict[str, Any]:
    """The document.

    Raises:
        ValueError: it is not TOML, or is made to be hard to read; with the reason.
    """
    if any(line.count(".") > _MAX_DOTS for line in text.split("\n")):
        raise ValueError(f"a line with more than {_MAX_DOTS} dots")
    try:
        return tomllib.loads(text)
    except RecursionError as error:
        raise ValueError("nested too deeply") from error
