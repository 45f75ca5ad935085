"""The text of a request, as a person wrote it. Pure."""

import re

from honk.base.errors import UsageError

PROMPT_BYTES = 64 << 10
"""Longest request: what people write fits many times over; a pasted log belongs into a file of the repository."""


_ESCAPE_SEQUENCE = re.compile(r"\x1b(?:\[[0-?]{0,64}[ -/]{0,8}[@-~]|\][^\x07\x1b]{0,1000}(?:\x07|\x1b\\)?|.?)")
"""What a terminal would take as a command; ECMA-48, and the operating system commands of xterm."""


def checked_prompt(prompt: str) -> str:
    """The request without control characters, which no terminal and no model should see.

    Raises:
        UsageError: it is empty, or too long.
    """
    kept = plain_words(prompt)
    if not kept:
        raise UsageError(
            'The request is empty. Nothing was begun. Say what is to be done: honk run "fix the crash on empty titles"'
        )
    if (size := len(kept.encode("utf-8", "surrogateescape"))) > PROMPT_BYTES:
        raise UsageError(
            f"The request is {size:,} bytes long; {PROMPT_BYTES:,} is the most. Nothing was begun. Put long "
            "logs into a file of the repository, commit it, and name it in the request."
        )
    return kept


def checked_message(text: str) -> str:
    """What a person says to a task, under the same rules.

    Raises:
        UsageError: it is empty, or too long.
    """
    kept = plain_words(text)
    if not kept:
        raise UsageError("The message is empty. Nothing was said.")
    if (size := len(kept.encode("utf-8", "surrogateescape"))) > PROMPT_BYTES:
        raise UsageError(f"The message is {size:,} bytes long; {PROMPT_BYTES:,} is the most. Nothing was said.")
    return kept


def plain_words(text: str) -> str:
    """Without control characters, and without space at either end."""
    plain = _ESCAPE_SEQUENCE.sub("", text)
    return "".join(char for char in plain if char in "\n\t" or (char.isprintable() and char != "\x7f")).strip()
