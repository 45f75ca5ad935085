"""An HTTP server on a socket that somebody else opened, which a hostile client can neither fill nor stall."""

import asyncio
import contextlib
import logging
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass

from aiohttp import web
from aiohttp.http_exceptions import HttpProcessingError
from aiohttp.web_protocol import RequestHandler

Answer = Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """How long one waits for whom, and how many may wait."""

    request_seconds: float = 60.0
    """For a client to send a whole request, once connected."""
    connect_seconds: float = 30.0
    silence_seconds: float = 900.0
    """Longest silence of the far side in an answer."""
    connections: int = 64
    """Open at once on one socket; more are closed at once."""


def _is_ours(record: logging.LogRecord) -> bool:
    """Whether it tells a fault of ours. Words that are no request are answered; a flood of them is not written down."""
    return not (record.exc_info and isinstance(record.exc_info[1], HttpProcessingError))


_LOG = logging.getLogger(__name__)
_LOG.addFilter(_is_ours)


class _Server(web.Server):
    def __init__(self, answer: Answer, patience: Patience) -> None:
        super().__init__(self._first_note, handler_cancellation=True, access_log=None, logger=_LOG)
        self._answer = answer
        self._patience = patience
        self._silent: dict[RequestHandler, asyncio.TimerHandle] = {}

    def connection_made(self, handler: RequestHandler, transport: asyncio.Transport) -> None:
        super().connection_made(handler, transport)
        if len(self.connections) > self._patience.connections:
            transport.abort()
            return
        loop = asyncio.get_running_loop()
        self._silent[handler] = loop.call_later(self._patience.request_seconds, transport.abort)

    def connection_lost(self, handler: RequestHandler, exc: BaseException | None = None) -> None:
        self._note(handler)
        super().connection_lost(handler, exc)

    def _note(self, handler: RequestHandler) -> None:
        if (timer := self._silent.pop(handler, None)) is not None:
            timer.cancel()

    async def _first_note(self, request: web.BaseRequest) -> web.StreamResponse:
        self._note(request.protocol)
        return await self._answer(request)


@contextlib.asynccontextmanager
async def serve(listener: socket.socket, answer: Answer, patience: Patience) -> AsyncIterator[None]:
    """Answer requests on the socket until the context ends, which closes it and breaks calls under way off."""
    runner = web.ServerRunner(_Server(answer, patience), shutdown_timeout=0.05)
    await runner.setup()
    try:
        await web.SockSite(runner, listener).start()
        yield
    finally:
        await runner.cleanup()


async def read_body(request: web.BaseRequest, limit: int, patience: Patience) -> bytes | None:
    """The request's body; None where it is larger than the limit.

    Raises:
        TimeoutError: the client did not send it in time.
    """
    body = bytearray()
    async with asyncio.timeout(patience.request_seconds):
        async for chunk in request.content.iter_any():
            body += chunk
            if len(body) > limit:
                return None
    return bytes(body)
