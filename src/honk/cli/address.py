"""Where the server of a state folder is reached: it writes that down while it serves, for commands beside it."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

if TYPE_CHECKING:
    from honk.config import Settings

ADDRESS_NAME = "serve.address"
TOKEN_NAME = "serve.token"  # noqa: S105 - a file's name
"""Lets the owner's own commands in."""


@contextmanager
def address_told(home: Path, address: str, token: str) -> Iterator[None]:
    """While it lasts the address and the owner's token stand in the state folder. A killed server leaves them behind;
    then the owner's lock tells that it is gone, and the token is good for nothing."""
    with _told(home / ADDRESS_NAME, address), _told(home / TOKEN_NAME, token):
        yield


@contextmanager
def _told(path: Path, text: str) -> Iterator[None]:
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


def address_of(settings: "Settings") -> str:
    """What a person's browser is sent to: the public URL, else where the server is or was, else where it would be."""
    if settings.serve.public_url:
        return settings.serve.public_url
    try:
        return (settings.home / ADDRESS_NAME).read_text().strip()
    except OSError:
        return f"http://{settings.serve.host}:{settings.serve.port}"


def link_to(url: str, secret: str) -> str:
    """The sign-in link of this secret."""
    return f"{url.rstrip('/')}/enter?key={quote(secret)}"
