"""Makes what an agent prints fit for people: no control sequences, no secrets, no floods. Pure."""

import json
import re
from collections.abc import Mapping
from typing import Any

from honk.base.censor import Censor

_SEQUENCES = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)|[@-Z\\-_])")
_CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]")
SAID_CHARS = 8000
EXCERPT_CHARS = 2000
LINE_CHARS = 200
_TELLING = ("command", "file_path", "filePath", "path", "pattern", "outcome", "query", "description")
"""The arguments that tell people what a tool call is about, best first."""


def plain(text: str, censor: Censor, limit: int = SAID_CHARS) -> str:
    """The text without terminal control, invisible characters and secrets, cut in the middle at the limit."""
    clean = censor.clean(_CONTROLS.sub("", _SEQUENCES.sub("", text))).strip()
    if len(clean) <= limit:
        return clean
    return (
        f"{clean[: limit // 2]}\n[... {len(clean) - limit} characters left out ...]\n{clean[-(limit - limit // 2) :]}"
    )


def one_line(text: str, censor: Censor, limit: int = LINE_CHARS) -> str:
    """The text as one line, cut at the end."""
    line = " ".join(plain(text, censor, limit=4 * limit).split())
    return line if len(line) <= limit else f"{line[: limit - 1]}…"


def telling(arguments: Mapping[str, Any], censor: Censor) -> str:
    """The one argument of a tool call that says most about it, as one line; empty where none does."""
    found = next((arguments[name] for name in _TELLING if isinstance(arguments.get(name), str)), "")
    return one_line(found, censor)


def summary_of(arguments: Mapping[str, Any], censor: Censor) -> str:
    """What a tool call is about, as one line: the telling argument, or all of them."""
    return telling(arguments, censor) or (
        one_line(json.dumps(arguments, ensure_ascii=False), censor) if arguments else ""
    )
