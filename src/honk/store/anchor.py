"""The audit log's head in a file: a line before each commit, and one behind it."""

import errno
import os
from pathlib import Path

from honk.domain.audit import Anchored, Head
from honk.domain.audit_check import ANNOUNCED, KEPT, RESTORED, anchor_line, read_anchor
from honk.store import StoreFull
from honk.store.audit import AnchorLost

ANCHOR_NAME = "audit.anchor"


class FileAnchor:
    """Port `Anchor`. Appended to, each line synced, so that a crash tears at most the last one."""

    def __init__(self, path: Path) -> None:
        self._path = path

    @property
    def place(self) -> str:
        """The file."""
        return str(self._path)

    def announce(self, head: Head) -> None:
        """Written before the commit: what is in the log and was not announced was put there by somebody else."""
        self._append(anchor_line(head, ANNOUNCED))

    def keep(self, head: Head) -> None:
        """Written behind the commit, and before the act: what is kept here and not in the log was taken out of it."""
        self._append(anchor_line(head, KEPT))

    def restore(self, head: Head) -> None:
        """What a backup does not hold is not missed from now on."""
        self._append(anchor_line(head, RESTORED))

    def read(self) -> Anchored | None:
        """None where there is no such file."""
        try:
            with self._path.open(encoding="ascii", errors="replace") as lines:
                return read_anchor(lines)
        except FileNotFoundError:
            return None
        except OSError as error:
            raise AnchorLost(f"The audit log's anchor {self._path} cannot be read: {error.strerror}.") from error

    def _append(self, line: str) -> None:
        try:
            descriptor = os.open(self._path, os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
            try:
                size = os.fstat(descriptor).st_size
                is_torn = size > 0 and os.pread(descriptor, 1, size - 1) != b"\n"
                _write_whole(descriptor, (b"\n" if is_torn else b"") + line.encode("ascii"))
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


def _write_whole(descriptor: int, line: bytes) -> None:
    if os.write(descriptor, line) != len(line):
        raise OSError(errno.ENOSPC, "no room for a whole line")
