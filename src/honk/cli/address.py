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


@contextmanager
def address_told(home: Path, address: str) -> Iterator[None]:
    """While it lasts the address stands in the state folder. A killed server leaves it behind."""
    path, half = home / ADDRESS_NAME, home / f"{ADDRESS_NAME}.part"
    half.write_text(f"{address}\n")
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
