"""One request to a preview's host, and the answers that are ours."""

import asyncio
from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass, field
from html import escape

from starlette.types import Receive, Scope, Send

from honk.preview.passage import Header, Place, ours

BODY_BYTES = 64 << 20
BODY_SECONDS = 300.0
_POLICY = b"default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
_STYLE = (
    "body{font:16px/1.5 system-ui,sans-serif;max-width:40rem;margin:10vh auto;padding:0 1rem;color-scheme:light dark}"
    "pre{white-space:pre-wrap;overflow-wrap:anywhere;font-size:13px;max-height:50vh;overflow:auto}"
)


@dataclass(slots=True)
class Visit:
    """What is asked, and the way back."""

    scope: Scope
    receive: Receive
    send: Send
    place: Place
    has_begun: bool = False
    is_read: asyncio.Event = field(default_factory=asyncio.Event)
    """Set when all of the request's body has come."""

    async def body(self) -> AsyncIterator[bytes]:
        """The request's, as it comes; what is too long or too slow breaks off."""
        left = BODY_BYTES
        async with asyncio.timeout(BODY_SECONDS):
            while True:
                message = await self.receive()
                if message["type"] != "http.request":
                    raise ConnectionError("the browser is gone")
                left -= len(message.get("body", b""))
                if left < 0:
                    raise ConnectionError("the request is too long")
                if message.get("body"):
                    yield message["body"]
                if not message.get("more_body", False):
                    self.is_read.set()
                    return

    async def left(self, *, has_body: bool) -> None:
        """Returns when the browser is gone."""
        if has_body:
            await self.is_read.wait()
        while (await self.receive())["type"] != "http.disconnect":
            pass

    async def start(self, status: int, headers: list[Header]) -> None:
        """The head of an answer."""
        self.has_begun = True
        await self.send({"type": "http.response.start", "status": status, "headers": headers})

    async def answer(self, status: int, headers: list[Header], parts: Iterable[bytes] = ()) -> None:
        """An answer of ours; between two parts of it others have their turn."""
        given = dict(headers)
        await self.start(status, [*(one for one in ours(self.place) if one[0] not in given), *headers])
        for part in parts:
            await self.send({"type": "http.response.body", "body": part, "more_body": True})
            await asyncio.sleep(0)
        await self.send({"type": "http.response.body", "body": b""})

    async def page(
        self, status: int, title: str, words: str, *, link: str = "", log: str = "", again_seconds: int = 0
    ) -> None:
        """A page of ours, of words alone. Nothing, where an answer has begun: then it breaks off."""
        if self.has_begun:
            return
        again = f'<meta http-equiv="refresh" content="{again_seconds}">' if again_seconds else ""
        parts = [
            f'<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">'
            f"{again}<title>{escape(title)} · Honk</title><style>{_STYLE}</style><h1>{escape(title)}</h1>"
            f"<p>{escape(words)}</p>"
        ]
        if link:
            parts.append(f'<p><a href="{escape(link)}">{escape(link)}</a></p>')
        if log.strip():
            parts.append(f"<p>The end of its log:</p><pre>{escape(log)}</pre>")
        headers = [(b"content-type", b"text/html; charset=utf-8"), (b"content-security-policy", _POLICY)]
        if again_seconds:
            headers.append((b"retry-after", str(again_seconds).encode()))
        await self.answer(status, headers, ("".join(parts).encode(),))
