"""A restored state folder is frozen: nothing goes out of it before somebody has heard what differs outside."""

import json
from pathlib import Path

from honk.base.clock import now
from honk.base.errors import UsageError

FLAG = "frozen"
"""A file in the state folder; while it is there, every outward act refuses."""


def freeze(home: Path, why: str) -> None:
    """Outward acts refuse from now on, in every process."""
    (home / FLAG).write_text(json.dumps({"why": why, "since": now().isoformat(timespec="seconds")}) + "\n")


def is_frozen(home: Path) -> bool:
    """Whether outward acts refuse."""
    return (home / FLAG).exists()


def melt(home: Path) -> None:
    """Outward acts go through again."""
    (home / FLAG).unlink(missing_ok=True)


def refuse_frozen(home: Path) -> None:
    """Raises:
    UsageError: the state folder is frozen.
    """
    if is_frozen(home):
        raise UsageError(
            f"{home} was restored from a backup and is frozen: nothing is begun, pushed, merged or closed. "
            "honk thaw compares it with what exists outside, tells the differences, and lets go."
        )
