"""Puts a backup in the place of a state folder, frozen."""

import asyncio
import contextlib
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from honk.base.errors import UsageError
from honk.base.lock import OwnerLock
from honk.domain.audit import AT_THE_MACHINE, DONE, Body
from honk.domain.standing import INSTALLATION
from honk.store.archive import RESTORING, Contents, is_empty, put_in_place, read_archive
from honk.store.audit import Anchor
from honk.store.sql import open_store
from honk.workflows.frost import freeze


@dataclass(frozen=True, slots=True, kw_only=True)
class Restored:
    """What was restored."""

    contents: Contents
    replaced: Path | None
    """Where that is now which was there before."""


def restore(home: Path, archive: BinaryIO, *, replace: bool, elsewhere: Anchor | None = None) -> Restored:
    """The state of the archive; the folder is frozen before the first of it is in place. The audit log goes on where
    the archive's ends, and its anchors, of which `elsewhere` is one, are told so. Not from within an event loop.

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
            replaced = put_in_place(home, aside)
            asyncio.run(_tell_log(home, elsewhere, contents))
            return Restored(contents=contents, replaced=replaced)
        finally:
            for rest in home.glob(f"{RESTORING}*"):
                with contextlib.suppress(OSError):
                    shutil.rmtree(rest)


async def _tell_log(home: Path, elsewhere: Anchor | None, contents: Contents) -> None:
    """Behind the act, for the log itself is what was put in place."""
    store = await open_store(home, elsewhere)
    try:
        await store.audit.restored()
        body: Body = {"made_at": contents.made_at, "files": contents.files}
        await store.audit.write("restore", who=AT_THE_MACHINE, subject=INSTALLATION, body=body, came_of=DONE)
    finally:
        await store.close()
