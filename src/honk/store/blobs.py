"""Blobs in a folder below HONK_HOME."""

import re
from pathlib import Path

import obstore
from obstore.exceptions import BaseError, NotFoundError
from obstore.store import LocalStore

from honk.base.disk import is_about_space
from honk.store import NotFound, StoreError, StoreFull

_KEY = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._-]*(/[A-Za-z0-9_-][A-Za-z0-9._-]*)*")


class FolderBlobs:
    """Port `Blobs`: written beside, then renamed, so that a half-written one is never seen."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._store = LocalStore(folder, mkdir=True)

    async def put(self, key: str, data: bytes) -> str:
        """Raises StoreError: the disk refused, or the key is no path of plain names."""
        try:
            await obstore.put_async(self._store, _checked(key), data)
        except (BaseError, OSError) as error:
            kind = StoreFull if is_about_space(error) else StoreError
            raise kind(
                f"{key} could not be kept below {self._folder}: {error}. Nothing half-written was left. "
                "Check the disk's free space and the folder's rights."
            ) from error
        return key

    async def get(self, key: str) -> bytes:
        """Raises NotFound, or StoreError: the disk refused."""
        try:
            found = await obstore.get_async(self._store, _checked(key))
            return bytes(await found.bytes_async())
        except (NotFoundError, FileNotFoundError) as error:
            raise NotFound(f"Nothing is kept under {key}.") from error
        except (BaseError, OSError) as error:
            raise StoreError(f"{key} could not be read below {self._folder}: {error}.") from error


def _checked(key: str) -> str:
    if not _KEY.fullmatch(key):
        raise StoreError(f"{key!r} is no key: plain names with / between them are.")
    return key
