"""Fetches what a grant names, when it is used: from the environment, a closed file, or a program of the owner's."""

import asyncio
import shlex
import stat
from collections.abc import Iterable, Mapping
from pathlib import Path

from honk.base.subprocess import ProgramError, run
from honk.deploy import DeployError

KINDS = ("env:", "file:", "command:")
_COMMAND_SECONDS = 60.0
_MAX_BYTES = 1 << 20


class SecretShelf:
    """Knows where secrets are. Programs of ours never inherit the environment that some stand in.

    Never says a secret, nor what a program printed on the way to one.
    """

    def __init__(self, home: Path, references: Iterable[str], environ: Mapping[str, str]) -> None:
        self._home = home
        names = {one.removeprefix("env:") for one in references if one.startswith("env:")}
        self._from_environment = {name: environ.get(name, "") for name in names}

    async def read(self, name: str, reference: str) -> str:
        """The secret, without the line's end behind it.

        Raises:
            DeployError: it is not there, is empty, or may be read by others.
        """
        kind, _, place = reference.partition(":")
        match kind:
            case "env":
                found = self._from_environment.get(place, "")
            case "file":
                found = await asyncio.to_thread(_of_file, name, self._home, place)
            case "command":
                found = await _of_command(name, place)
            case _:
                raise DeployError(f"The secret {name} is nowhere: its place begins with none of {', '.join(KINDS)}.")
        if not found:
            raise DeployError(f"The secret {name} is empty or not set ({kind}). Nothing was run.")
        return found


def _of_file(name: str, home: Path, place: str) -> str:
    path = home / Path(place).expanduser()
    try:
        if stat.S_IMODE(path.stat().st_mode) & 0o077:
            raise DeployError(f"{path} may be read by others, so {name} is not used. Close it: chmod 600 {path}")
        return path.read_text().rstrip("\r\n")
    except (OSError, ValueError) as error:
        raise DeployError(f"The secret {name} cannot be read from {path}: {type(error).__name__}.") from error


async def _of_command(name: str, line: str) -> str:
    try:
        done = await run(shlex.split(line), timeout_seconds=_COMMAND_SECONDS, max_output_bytes=_MAX_BYTES)
    except (ProgramError, ValueError) as error:
        raise DeployError(f"The program for the secret {name} could not be started. Nothing was run.") from error
    if done.exit_code != 0 or done.timed_out or done.truncated:
        raise DeployError(f"The program for the secret {name} failed (exit code {done.exit_code}). Nothing was run.")
    return done.text.rstrip("\r\n")
