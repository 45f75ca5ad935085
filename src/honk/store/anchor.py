"""The audit log's head outside the database: in a file, a line before each commit and one behind it; or in the hands of
a command."""

import asyncio
import errno
import os
from collections.abc import Sequence
from pathlib import Path

from honk.base.subprocess import ProgramError, run
from honk.domain.audit import Anchored, Head
from honk.domain.audit_check import ANNOUNCED, BEGINS, KEPT, RESTORED, anchor_line, read_anchor
from honk.store import StoreFull
from honk.store.audit import AnchorLost

ANCHOR_NAME = "audit.anchor"
COMMAND_SECONDS = 10.0


class FileAnchor:
    """Port `Anchor`. Appended to, each line synced, so that a crash tears at most the last one.

    `is_later`: it was set up when a log may have been there; it begins with the head that it finds."""

    def __init__(self, path: Path, *, is_later: bool = False) -> None:
        self._path, self._is_later = path, is_later

    @property
    def place(self) -> str:
        """The file."""
        return str(self._path)

    async def announce(self, head: Head, behind: Head) -> None:
        """Written before the commit: what is in the log and was not announced was put there by somebody else."""
        first = anchor_line(behind, BEGINS) if self._is_later and behind.sequence else ""
        await asyncio.to_thread(self._append, anchor_line(head, ANNOUNCED), first)

    async def keep(self, head: Head) -> None:
        """Written behind the commit, and before the act: what is kept here and not in the log was taken out of it."""
        await asyncio.to_thread(self._append, anchor_line(head, KEPT))

    async def restore(self, head: Head) -> None:
        """What a backup does not hold is not missed from now on."""
        await asyncio.to_thread(self._append, anchor_line(head, RESTORED))

    async def read(self) -> Anchored | None:
        """None where there is no such file."""
        return await asyncio.to_thread(self._read)

    def _read(self) -> Anchored | None:
        try:
            with self._path.open(encoding="ascii", errors="replace") as lines:
                return read_anchor(lines)
        except FileNotFoundError:
            return None
        except OSError as error:
            raise AnchorLost(f"The audit log's anchor {self._path} cannot be read: {error.strerror}.") from error

    def _append(self, line: str, first: str = "") -> None:
        try:
            descriptor = os.open(self._path, os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
            try:
                size = os.fstat(descriptor).st_size
                is_torn = size > 0 and os.pread(descriptor, 1, size - 1) != b"\n"
                before = "\n" if is_torn else "" if size else first
                _write_whole(descriptor, f"{before}{line}".encode("ascii"))
                os.fsync(descriptor)
            finally:
                os.close(descriptor)
        except OSError as error:
            if error.errno == errno.ENOSPC:
                words = f"The disk is full: its anchor {self._path} could not be written. Free some space, then go on."
                raise StoreFull(words) from error
            raise AnchorLost(
                f"Its anchor {self._path} cannot be written: {error.strerror}. Give this user the right to write it, "
                "then try again."
            ) from error


class CommandAnchor:
    """Port `Anchor`. The command is handed each new head as a line on its standard input, and must end with 0."""

    def __init__(self, argv: Sequence[str]) -> None:
        self._argv = tuple(argv)

    @property
    def place(self) -> str:
        """The command."""
        return " ".join(self._argv)

    async def announce(self, head: Head, behind: Head) -> None:
        """It is told of what was committed alone."""

    async def keep(self, head: Head) -> None:
        """Before the act."""
        await self._tell(anchor_line(head, KEPT))

    async def restore(self, head: Head) -> None:
        """As a line of its own kind."""
        await self._tell(anchor_line(head, RESTORED))

    async def read(self) -> Anchored | None:
        """What it keeps is not ours to read: `honk audit verify --anchor FILE` takes it."""
        return None

    async def _tell(self, line: str) -> None:
        try:
            done = await run(self._argv, stdin=line.encode("ascii"), timeout_seconds=COMMAND_SECONDS)
            done.must("Keeping its head by audit.anchor")
        except ProgramError as error:
            raise AnchorLost(f"{error}. Mend the command, or audit.anchor in honk.toml, then try again.") from error


def _write_whole(descriptor: int, line: bytes) -> None:
    if os.write(descriptor, line) != len(line):
        raise OSError(errno.ENOSPC, "no room for a whole line")
