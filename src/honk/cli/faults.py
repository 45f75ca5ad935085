"""What a person is told when Honk itself breaks: what happened, what was kept, where the log is."""

import os
import sys
import traceback
from pathlib import Path

from honk.base.censor import Censor
from honk.base.clock import now
from honk.base.errors import HonkError
from honk.base.ids import new_id
from honk.cli import exit_codes
from honk.cli.terminal import clean, one_line

KEPT = "Accepted tasks and the agent's work are kept: see `honk task list`, go on with `honk task resume`."


def report(error: BaseException) -> int:
    """Tell the person on standard error, keep the trace in a log file; returns the exit code."""
    cause = root_of(error)
    message = Censor(_secrets()).clean(clean(str(cause)))
    if isinstance(cause, HonkError):
        sys.stderr.write(f"honk: {message}\n")
        if (code := exit_codes.of_error(cause)) == exit_codes.USAGE:
            return code
    else:
        sys.stderr.write(f"honk: a fault of Honk itself: {type(cause).__name__}: {one_line(message, 300)}\n")
    sys.stderr.write(f"{KEPT}\n{keep_trace(error)}\n")
    return exit_codes.OWN_FAULT


def root_of(error: BaseException) -> BaseException:
    """The error that a person must know, out of the groups that task groups wrap around it."""
    while isinstance(error, BaseExceptionGroup):
        ours = [one for one in map(root_of, error.exceptions) if isinstance(one, HonkError)]
        error = ours[0] if ours else error.exceptions[0]
    return error


def keep_trace(error: BaseException) -> str:
    """Write the trace below the state folder; a sentence that says where, or why not."""
    from honk.config import default_home

    text = Censor(_secrets()).clean("".join(traceback.format_exception(error)))
    try:
        folder = default_home() / "logs"
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        log = folder / f"fault-{now():%Y%m%dT%H%M%S}-{new_id(4)}.log"
        _write_private(log, f"honk {' '.join(sys.argv[1:2])} at {now().isoformat()}\n{text}")
    except (OSError, HonkError) as refused:
        return f"The trace could not be kept ({refused})."
    return f"The trace is in {log}"


def _write_private(path: Path, text: str) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8", errors="replace") as file:
        file.write(text)


def _secrets() -> tuple[str, ...]:
    """Values that must not be in a log, by the names that secrets go by."""
    return tuple(value for name, value in os.environ.items() if name.endswith(("_KEY", "_TOKEN", "_SECRET")))
