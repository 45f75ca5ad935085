"""How large a body may be, and how long it may take. Looked at before anything is read, and again while it is."""

import asyncio
from collections.abc import Mapping

from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from honk.api.problems import problem

BODY_BYTES = 896 << 10
"""A request of 65,536 characters, each escaped as two halves of a pair as JSON may do it (12 bytes), fits."""
PACKS: Mapping[str, int] = {"/give": 64 << 20}
"""What git sends is larger."""
BODY_SECONDS = 30.0
"""From the first byte to the last, of a body of the ordinary size; a larger one has as much more time."""
TOO_SLOW = "The body did not come within {seconds:.0f} seconds. Nothing of it was kept, nothing was done."
TOO_LARGE = "The body is larger than {most:,} bytes. Nothing of it was kept, nothing was done."


class Bounds:
    """Around the whole application. Some paths take more, by their end."""

    def __init__(self, app: ASGIApp, larger: Mapping[str, int] | None = None, *, seconds: float = BODY_SECONDS) -> None:
        self._app, self._seconds = app, seconds
        self._larger = larger or {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return await self._app(scope, receive, send)
        most = next((size for end, size in self._larger.items() if scope["path"].endswith(end)), BODY_BYTES)
        announced = dict(scope["headers"]).get(b"content-length", b"")
        words = TOO_LARGE.format(most=most)
        if announced.isdigit() and int(announced) > most:
            return await problem(413, words, {"connection": "close"})(scope, receive, send)
        left, is_whole = most, False
        seconds = self._seconds * max(1.0, most / (8 * BODY_BYTES))
        deadline = asyncio.get_running_loop().time() + seconds

        async def counted() -> Message:
            nonlocal left, is_whole
            if is_whole:  # what comes now is that the reader leaves, hours later maybe
                return await receive()
            try:
                async with asyncio.timeout_at(deadline):
                    message = await receive()
            except TimeoutError:
                raise HTTPException(408, TOO_SLOW.format(seconds=seconds), {"connection": "close"}) from None
            is_whole = not message.get("more_body", False)
            left -= len(message.get("body", b""))
            if left < 0:
                raise HTTPException(413, words, {"connection": "close"})
            return message

        await self._app(scope, counted, send)
