"""Where the server of a state folder is: it writes that down while it serves, for the owner's commands beside it."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from honk.base.lock import LOCK_NAME

ADDRESS_NAME = "serve.address"
TOKEN_NAME = "serve.token"  # noqa: S105 - a file's name
"""Lets the owner's own commands in."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Whereabouts:
    """Of a server at work."""

    address: str
    token: str = field(repr=False)


@contextmanager
def told(home: Path, whereabouts: Whereabouts) -> Iterator[None]:
    """While it lasts they stand in the state folder. A killed server leaves them behind; then the owner's lock tells
    that it is gone, and the token is good for nothing."""
    with _written(home / ADDRESS_NAME, whereabouts.address), _written(home / TOKEN_NAME, whereabouts.token):
        yield


def server_of(home: Path) -> Whereabouts | None:
    """Where the server of this folder is; None where none is at work, whatever one before left behind."""
    try:
        token = (home / TOKEN_NAME).read_text().strip()
        address = (home / ADDRESS_NAME).read_text().strip()
    except OSError:
        return None
    return Whereabouts(address=address, token=token) if is_owned(home) else None


def is_owned(home: Path, name: str = LOCK_NAME) -> bool:
    """Whether somebody works in the folder, or holds the lock of that name. Nobody is kept from it by the look."""
    try:
        descriptor = os.open(home / name, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except OSError:
        return True
    finally:
        os.close(descriptor)
    return False


@contextmanager
def _written(path: Path, text: str) -> Iterator[None]:
    half = path.with_name(f"{path.name}.part")
    half.unlink(missing_ok=True)
    descriptor = os.open(half, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(f"{text}\n")
    os.replace(half, path)  # noqa: PTH105 - whole or not at all
    try:
        yield
    finally:
        path.unlink(missing_ok=True)
