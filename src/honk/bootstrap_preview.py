"""Names what previews are made of."""

import os
import secrets
from contextlib import suppress
from functools import partial
from pathlib import Path

from honk.config import Settings
from honk.preview.hosts import hosts_of
from honk.sandbox.none import NoneBackend
from honk.workflows.house import House
from honk.workflows.preview import Previews

KEY_NAME = "preview.key"
_KEY_BYTES = 32


def previews_of(settings: Settings, house: House) -> Previews:
    """The desk of previews, idle until its server begins."""
    is_walled = settings.sandbox != NoneBackend.name
    serve = settings.serve
    hosts = hosts_of(serve.preview_domain, serve.public_url, listens_on=serve.host, port=serve.port, is_secure=True)
    terms, key = settings.preview.terms(), partial(preview_key, settings.home)
    return Previews(house, terms, key, is_walled=is_walled, has_hosts=bool(hosts.domain))


def preview_key(home: Path) -> bytes:
    """The installation's own, made at the first need: whoever has it can open every preview, and nothing else."""
    path = home / KEY_NAME
    with suppress(FileExistsError):
        fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(fd, "wb") as file:
            file.write(secrets.token_bytes(_KEY_BYTES))
    key = path.read_bytes()
    if len(key) != _KEY_BYTES:
        path.unlink()
        return preview_key(home)
    return key
