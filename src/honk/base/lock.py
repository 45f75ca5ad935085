"""One owner of the state folder at a time."""

import fcntl
import json
import os
import sys
from dataclasses import asdict, dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from honk.base.clock import now
from honk.base.errors import UsageError

LOCK_NAME = "owner.lock"
"""Whoever works in the state folder."""
ACTS_LOCK_NAME = "acts.lock"
"""Whoever merges or closes, which may be beside somebody's work."""
_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")


class HomeBusy(UsageError):
    """Another process owns the state folder; nothing was touched."""

    def __init__(self, home: Path, who: str) -> None:
        super().__init__(
            f"The state folder {home} is in use by {who}. Nothing was begun. "
            "Wait for it to end, end it, or choose another folder by HONK_HOME."
        )
        self.who = who


@dataclass(frozen=True, slots=True, kw_only=True)
class Owner:
    """Who holds the lock, as it wrote itself down."""

    pid: int
    boot_id: str
    started_at: str
    command: str


class OwnerLock:
    """Held while the `with` lasts. The kernel lets go of it when the process ends, however it ends."""

    def __init__(self, home: Path, name: str = LOCK_NAME) -> None:
        self._path = home / name
        self._descriptor: int | None = None

    def __enter__(self) -> Self:
        """Raises:
        HomeBusy: another process, or this one, has it.
        """
        self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        # Not inherited: else a program we started would keep the lock after our end.
        descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            os.close(descriptor)
            raise HomeBusy(self._path.parent, self._owner()) from error
        self._descriptor = descriptor
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, (json.dumps(asdict(_this_process())) + "\n").encode(), 0)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._descriptor is not None:
            # The file stays: removing it would let two processes lock two files of one name.
            os.ftruncate(self._descriptor, 0)
            os.close(self._descriptor)
            self._descriptor = None

    def _owner(self) -> str:
        owner = read_owner(self._path.parent, self._path.name)
        return f"process {owner.pid} ({owner.command}, since {owner.started_at})" if owner else "another process"


def read_owner(home: Path, name: str = LOCK_NAME) -> Owner | None:
    """Who wrote itself down last; None if nobody, or while one is just writing. The lock alone tells if it lives."""
    try:
        return Owner(**json.loads((home / name).read_text()))
    except (OSError, ValueError, TypeError):
        return None


def _this_process() -> Owner:
    boot_id = _BOOT_ID.read_text().strip() if _BOOT_ID.exists() else ""
    command = " ".join([Path(sys.argv[0]).name, *sys.argv[1:2]])
    return Owner(pid=os.getpid(), boot_id=boot_id, started_at=now().isoformat(timespec="seconds"), command=command)
