"""Starts programs with a clean environment, a time limit and an output limit."""

import asyncio
import contextlib
import os
import signal
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from honk.base.errors import HonkError

CLEAN_ENVIRONMENT = {"PATH": "/usr/local/bin:/usr/bin:/bin", "LANG": "C.UTF-8", "LC_ALL": "C.UTF-8"}
_CHUNK = 1 << 16


class ProgramError(HonkError):
    """A program of ours could not be started, or failed where it must not."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Completed:
    """How a program ended."""

    argv: tuple[str, ...]
    exit_code: int
    """As the shell tells it: negative for a signal."""
    stdout: bytes
    stderr: bytes
    timed_out: bool = False
    truncated: bool = False
    """Output was cut at the limit; the program was killed for it."""

    @property
    def text(self) -> str:
        """Standard output as text; bytes that are not UTF-8 survive as surrogate escapes."""
        return self.stdout.decode("utf-8", "surrogateescape")

    def must(self, what: str) -> "Completed":
        """Itself if the program succeeded.

        Raises:
            ProgramError: naming what was attempted, with the end of the error output.
        """
        if self.exit_code == 0 and not self.timed_out:
            return self
        end = self.stderr.decode("utf-8", "replace").strip()[-2000:]
        why = "timed out" if self.timed_out else f"exit code {self.exit_code}"
        raise ProgramError(f"{what} failed ({self.argv[0]}, {why}): {end or 'no error output'}")


async def run(
    argv: Sequence[str],
    *,
    cwd: Path | None = None,
    env: Mapping[str, str] | None = None,
    stdin: bytes = b"",
    stdin_fd: int | None = None,
    stdout_fd: int | None = None,
    pass_fds: Sequence[int] = (),
    owner: tuple[int, int] | None = None,
    timeout_seconds: float = 60.0,
    max_output_bytes: int = 64 << 20,
) -> Completed:
    """Run a program to its end. On cancellation, time-out or too much output its process group is killed.

    The environment is `CLEAN_ENVIRONMENT` plus `env`, never the caller's own. As root, `owner` is the uid and gid whose
    rights the program gets in place of ours. `stdin` is not looked at where there is a `stdin_fd`.

    Raises:
        ProgramError: the program is not there or may not be executed.
    """
    try:
        process = await asyncio.create_subprocess_exec(
            *argv,
            cwd=cwd,
            env={**CLEAN_ENVIRONMENT, **(env or {})},
            stdin=_standard_input(stdin, stdin_fd),
            stdout=asyncio.subprocess.PIPE if stdout_fd is None else stdout_fd,
            stderr=asyncio.subprocess.PIPE,
            pass_fds=tuple(pass_fds),
            start_new_session=True,
            **_rights(owner),
        )
    except OSError as error:
        raise ProgramError(f"{argv[0]} could not be started: {error.strerror or error}") from error
    stdout, stderr = bytearray(), bytearray()
    timed_out = truncated = False
    try:
        async with asyncio.timeout(timeout_seconds), asyncio.TaskGroup() as group:
            group.create_task(_feed(process.stdin, stdin))
            readers = [
                group.create_task(_drain(process.stdout, stdout, max_output_bytes, process.pid)),
                group.create_task(_drain(process.stderr, stderr, max_output_bytes, process.pid)),
            ]
            group.create_task(process.wait())
        truncated = any(reader.result() for reader in readers)
    except TimeoutError:
        timed_out = True
    finally:
        _kill_group(process.pid)
        with contextlib.suppress(ProcessLookupError):
            await asyncio.shield(process.wait())
    return Completed(
        argv=tuple(argv),
        exit_code=process.returncode if process.returncode is not None else -signal.SIGKILL,
        stdout=bytes(stdout),
        stderr=bytes(stderr),
        timed_out=timed_out,
        truncated=truncated,
    )


def _standard_input(data: bytes, descriptor: int | None) -> int:
    if descriptor is not None:
        return descriptor
    return asyncio.subprocess.PIPE if data else asyncio.subprocess.DEVNULL


def _rights(owner: tuple[int, int] | None) -> dict[str, Any]:
    return {} if owner is None else {"user": owner[0], "group": owner[1], "extra_groups": []}


async def _feed(pipe: asyncio.StreamWriter | None, data: bytes) -> None:
    if pipe is None:
        return
    with contextlib.suppress(BrokenPipeError, ConnectionResetError):
        pipe.write(data)
        await pipe.drain()
    pipe.close()


async def _drain(pipe: asyncio.StreamReader | None, into: bytearray, limit: int, pid: int) -> bool:
    """Read to the end; True if the limit was passed, after which the rest is thrown away."""
    over = False
    while pipe is not None and (chunk := await pipe.read(_CHUNK)):
        into += chunk[: max(0, limit - len(into))]
        if len(into) >= limit and not over:
            over = True
            _kill_group(pid)
    return over


def _kill_group(pid: int) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, signal.SIGKILL)
