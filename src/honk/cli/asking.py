"""Asks the person at the terminal. A bare Enter, Ctrl-D and Ctrl-C mean no."""

import signal
import sys


def can_ask() -> bool:
    """Whether somebody sits there: both ends are a terminal."""
    return sys.stdin.isatty() and sys.stdout.isatty()


def is_agreed(question: str) -> bool:
    """Whether the answer was a clear yes."""
    return typed(f"{question} [y/N] ").lower() in {"y", "yes"}


def typed(question: str) -> str:
    """What the person typed, without white space at its ends; empty for none."""
    # Inside a running loop Ctrl-C would only be noted; here it must end the question.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        return input(question).strip()
    except (EOFError, KeyboardInterrupt):
        sys.stdout.write("\n")
        return ""
    finally:
        signal.signal(signal.SIGINT, before)
