"""Proves that people reach the server under the names of the settings: somebody opens a link, and the server notes it.

Command and server are two processes on one state folder: the link is a file in it, and so is the note.
"""

import asyncio
import json
import secrets
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from honk.base.clock import monotonic_seconds
from honk.workflows.doctor import Check, State

FOLDER = "reached"
LINK_BYTES = 18
SECONDS = 180.0
LOOK_SECONDS = 0.2
_START = "Start the server first: honk serve. The links lead to it."


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """One name, and the link that proves it."""

    name: str
    url: str
    nonce: str


def links(public_url: str, preview_domain: str) -> tuple[Link, ...]:
    """One for the console, one for a host below the previews' domain; none for what is not set."""
    made = []
    if public_url:
        nonce = secrets.token_urlsafe(LINK_BYTES)
        made.append(Link(name="public_url", url=f"{public_url}/reached/{nonce}", nonce=nonce))
    if preview_domain:
        nonce, parts = secrets.token_urlsafe(LINK_BYTES), urlsplit(public_url or "https://")
        host = f"doctor-{secrets.token_hex(4)}.{preview_domain}" + (f":{parts.port}" if parts.port else "")
        made.append(Link(name="preview_domain", url=f"{parts.scheme}://{host}/reached/{nonce}", nonce=nonce))
    return tuple(made)


async def prove(
    home: Path, wanted: Sequence[Link], address: tuple[str, int], show: Callable[[Link], None]
) -> AsyncIterator[Check]:
    """A check for each link as soon as somebody opened it; the others fail after `SECONDS`. `show` tells of a link once
    it leads somewhere.

    On cancellation the links are dead.
    """
    if not await _is_served(*address):
        yield Check(name="phone", state=State.FAILED, detail=f"nothing listens on {address[0]}", remedy=_START)
        return
    folder = home / FOLDER
    await asyncio.to_thread(_open, folder, wanted)
    try:
        for link in wanted:
            show(link)
        waiting, began = list(wanted), monotonic_seconds()
        while waiting and monotonic_seconds() - began < SECONDS:
            for link in list(waiting):
                if (note := await asyncio.to_thread(_note, folder / link.nonce)) is not None:
                    waiting.remove(link)
                    yield Check(name=link.name, state=State.OK, detail=f"reached as {note}")
            await asyncio.sleep(LOOK_SECONDS)
        for link in waiting:
            remedy = "Look at the name's DNS entry, the proxy and its certificate; then look again."
            yield Check(name=link.name, state=State.FAILED, detail=f"nobody opened {link.url}", remedy=remedy)
    finally:
        await asyncio.to_thread(_close, folder, wanted)


def note_reached(home: Path, nonce: str, host: str) -> bool:
    """The server's side: somebody opened the link under this host name. False for a link that nobody waits for."""
    path = home / FOLDER / nonce
    if not nonce.replace("-", "").replace("_", "").isalnum() or not path.is_file():
        return False
    path.write_text(json.dumps({"host": host[:300]}))
    return True


def _open(folder: Path, wanted: Sequence[Link]) -> None:
    folder.mkdir(mode=0o700, exist_ok=True)
    for link in wanted:
        (folder / link.nonce).write_text("")


def _note(path: Path) -> str | None:
    text = path.read_text()
    return str(json.loads(text)["host"]) if text else None


def _close(folder: Path, wanted: Sequence[Link]) -> None:
    for link in wanted:
        (folder / link.nonce).unlink(missing_ok=True)


async def _is_served(host: str, port: int) -> bool:
    try:
        _, writer = await asyncio.open_connection(host, port)
    except OSError:
        return False
    writer.close()
    return True
