"""How large a body may be. Looked at before anything is read, and again while it is."""

from collections.abc import Mapping

from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from honk.api.problems import problem

BODY_BYTES = 512 << 10
"""A request of 64 KiB, escaped as JSON may escape it, fits."""
PACKS: Mapping[str, int] = {"/give": 64 << 20}
"""What git sends is larger."""
TOO_LARGE = "The body is larger than {most:,} bytes. Nothing of it was kept, nothing was done."


class Bounds:
    """Around the whole application. Some paths take more, by their end."""

    def __init__(self, app: ASGIApp, larger: Mapping[str, int] | None = None) -> None:
        self._app = app
        self._larger = larger or {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return await self._app(scope, receive, send)
        most = next((size for end, size in self._larger.items() if scope["path"].endswith(end)), BODY_BYTES)
        announced = dict(scope["headers"]).get(b"content-length", b"")
        words = TOO_LARGE.format(most=most)
        if announced.isdigit() and int(announced) > most:
            return await problem(413, words, {"connection": "close"})(scope, receive, send)
        left = most

        async def counted() -> Message:
            nonlocal left
            message = await receive()
            left -= len(message.get("body", b""))
            if left < 0:
                raise HTTPException(413, words, {"connection": "close"})
            return message

        await self._app(scope, counted, send)
