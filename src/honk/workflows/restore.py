"""Puts a backup in the place of a state folder, frozen."""

import contextlib
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from honk.base.errors import UsageError
from honk.base.lock import OwnerLock
from honk.store.archive import RESTORING, Contents, is_empty, put_in_place, read_archive
from honk.workflows.frost import freeze


@dataclass(frozen=True, slots=True, kw_only=True)
class Restored:
    """What was restored."""

    contents: Contents
    replaced: Path | None
    """Where that is now which was there before."""


def restore(home: Path, archive: BinaryIO, *, replace: bool) -> Restored:
    """The state of the archive; the folder is frozen before the first of it is in place.

    Raises:
        UsageError: there is a state already, and `replace` is not given.
        HomeBusy: another Honk owns the state folder.
        StoreError: the archive is not whole, damaged, or of a newer Honk. In all cases nothing was changed.
    """
    home.mkdir(mode=0o700, parents=True, exist_ok=True)
    with OwnerLock(home):
        if not replace and not is_empty(home):
            raise UsageError(
                f"There is a state in {home} already. Nothing was restored. Choose an empty folder by HONK_HOME, or "
                "say --replace: then what is there is moved aside, not deleted."
            )
        try:
            contents, aside = read_archive(home, archive)
            freeze(home, f"restored from a backup of {contents.made_at}")
            return Restored(contents=contents, replaced=put_in_place(home, aside))
        finally:
            for rest in home.glob(f"{RESTORING}*"):
                with contextlib.suppress(OSError):
                    shutil.rmtree(rest)
