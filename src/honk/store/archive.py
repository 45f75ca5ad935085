"""The state folder in one file: a tar of the database, the blobs and the repositories, and its way back.

Templates, environments and work trees are not in it: they are made again. Keys and settings are not in it: secrets
belong into no backup.
"""

import json
import os
import re
import sqlite3
import tarfile
import tempfile
from collections.abc import Iterator
from contextlib import closing
from dataclasses import asdict, dataclass
from importlib.metadata import version
from io import BytesIO
from pathlib import Path
from typing import IO, BinaryIO

from honk.base.clock import now
from honk.base.ids import new_id
from honk.store import StoreError
from honk.store.database import copy_database, refuse_newer, schema_of

FORMAT = 1
DATABASE = "honk.db"
FOLDERS = ("blobs", "mirrors", "forge")
ASIDE = "backup-"
RESTORING = ".restoring-"
REPLACED = "replaced-"
_FIRST, _LAST = "honk-backup.json", "end.json"
_NAME = re.compile(r"(?:blobs|mirrors|forge)(?:/[^/\0]+)+")
_LEFT_OUT = re.compile(
    r"mirrors/[^/]+/(lock|quarantine-[^/]*)|(mirrors/[^/]+|forge)/[^/]+\.git/(hooks|objects/(.+/)?tmp_[^/]*)"
    r"|.+\.lock|blobs/.+#\d+"
)
"""Locks, and what is only half there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Contents:
    """What an archive holds."""

    honk: str
    schema: str
    made_at: str
    files: int = 0
    size_bytes: int = 0


def write_archive(home: Path, into: BinaryIO) -> Contents:
    """Write everything that cannot be made again. The caller owns the state folder and runs nothing in it.

    Raises:
        StoreError: there is no database to save.
        OSError: the disk, or the reader of a pipe, refused.
    """
    if (schema := schema_of(home / DATABASE)) is None:
        raise StoreError(f"There is nothing to back up in {home}: no task was ever accepted there.")
    contents = Contents(honk=version("honk"), schema=schema, made_at=now().isoformat(timespec="seconds"))
    files = size = 0
    with (
        tempfile.TemporaryDirectory(dir=home, prefix=ASIDE) as aside,
        tarfile.open(fileobj=into, mode="w|", format=tarfile.PAX_FORMAT) as tar,
    ):
        _add(tar, _FIRST, json.dumps({"format": FORMAT, **asdict(contents)}).encode())
        copy = Path(aside) / DATABASE
        copy_database(home / DATABASE, copy)
        for name, path in ((DATABASE, copy), *_kept(home)):
            files += 1
            size += _add_path(tar, name, path)
        _add(tar, _LAST, json.dumps({"files": files, "size_bytes": size}).encode())
    return Contents(**{**asdict(contents), "files": files, "size_bytes": size})


def is_empty(home: Path) -> bool:
    """Whether nothing lies in the state folder that a restore would replace."""
    return not any((home / name).exists() for name in (DATABASE, *FOLDERS))


def read_archive(home: Path, archive: BinaryIO) -> tuple[Contents, Path]:
    """Unpack the archive aside and look at it; what it holds, and where it stands below the home. Nothing else is
    touched. Names are taken from a list of what a backup may hold; links and devices are refused.

    Raises:
        StoreError: it is no backup, not whole, or damaged.
        NewerSchema: a newer Honk wrote it.
    """
    aside = home / f"{RESTORING}{new_id()}"
    aside.mkdir(mode=0o700)
    try:
        with tarfile.open(fileobj=archive, mode="r|*") as tar:
            contents = _unpack(tar, aside)
    except (tarfile.TarError, EOFError, ValueError, KeyError, TypeError) as error:
        raise StoreError(f"The archive cannot be read: {error}. Nothing was restored.") from error
    refuse_newer(aside / DATABASE)
    with closing(sqlite3.connect(aside / DATABASE)) as database:
        if (found := database.execute("PRAGMA quick_check").fetchone()[0]) != "ok":
            raise StoreError(f"The database in the archive is damaged: {found}. Nothing was restored.")
    return contents, aside


def put_in_place(home: Path, aside: Path) -> Path | None:
    """Move what was unpacked into place, and what was there before aside; where that is now, if there was anything.

    The database comes last: a restore that died in the middle has none, and is simply done again.
    """
    names = (*FOLDERS, DATABASE)
    before = home / f"{REPLACED}{now():%Y%m%dT%H%M%S}-{new_id(4)}"
    for name in (DATABASE, f"{DATABASE}-wal", f"{DATABASE}-shm", *FOLDERS):
        if (home / name).exists():
            before.mkdir(mode=0o700, exist_ok=True)
            (home / name).rename(before / name)
    for name in names:
        if (aside / name).exists():
            (aside / name).rename(home / name)
    aside.rmdir()
    return before if before.exists() else None


def _kept(home: Path) -> Iterator[tuple[str, Path]]:
    """Folders before what is in them."""
    for folder in FOLDERS:
        for path, names, files in os.walk(home / folder):
            inside = [str((Path(path) / name).relative_to(home)) for name in sorted((*names, *files))]
            names[:] = [name for name in names if not _LEFT_OUT.fullmatch(f"{Path(path).relative_to(home)}/{name}")]
            yield from ((name, home / name) for name in inside if not _LEFT_OUT.fullmatch(name))


def _add_path(tar: tarfile.TarFile, name: str, path: Path) -> int:
    if path.is_dir():
        member = tarfile.TarInfo(name)
        member.type, member.mode = tarfile.DIRTYPE, 0o700
        tar.addfile(member)
        return 0
    with path.open("rb") as file:
        size = os.fstat(file.fileno()).st_size
        _add(tar, name, b"", file, size)
    return size


def _add(
    tar: tarfile.TarFile, name: str, content: bytes, file: IO[bytes] | None = None, size: int | None = None
) -> None:
    member = tarfile.TarInfo(name)
    member.size, member.mode, member.mtime = len(content) if size is None else size, 0o600, int(now().timestamp())
    tar.addfile(member, file or BytesIO(content))


def _unpack(tar: tarfile.TarFile, aside: Path) -> Contents:
    about = json.loads(_text(tar, tar.next(), _FIRST))
    if about.pop("format") != FORMAT:
        raise ValueError("it was written by a newer Honk")
    files = size = 0
    while (member := tar.next()) is not None and member.name != _LAST:
        if not (member.name == DATABASE or (_NAME.fullmatch(member.name) and ".." not in member.name.split("/"))):
            raise ValueError(f"{member.name!r} is nothing that a backup holds")
        place = aside / member.name
        place.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        files += 1
        size += _place(tar, member, place)
    end = json.loads(_text(tar, member, _LAST))
    if end != {"files": files, "size_bytes": size}:
        raise ValueError("it is not whole")
    return Contents(**{**about, **end})


def _text(tar: tarfile.TarFile, member: tarfile.TarInfo | None, name: str) -> bytes:
    if member is None or member.name != name or (file := tar.extractfile(member)) is None:
        raise ValueError("it is no backup of Honk, or it is not whole")
    return file.read(1 << 20)


def _place(tar: tarfile.TarFile, member: tarfile.TarInfo, place: Path) -> int:
    if member.isdir():
        place.mkdir(mode=0o700, exist_ok=True)
        return 0
    if not member.isreg() or (file := tar.extractfile(member)) is None:
        raise ValueError(f"{member.name!r} is no plain file")
    descriptor = os.open(place, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    with os.fdopen(descriptor, "wb") as target:
        while chunk := file.read(1 << 20):
            target.write(chunk)
    return member.size
