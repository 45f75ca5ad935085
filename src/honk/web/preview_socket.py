"""A web socket between a person's browser and a preview, as ASGI has it."""

import asyncio
import socket

from starlette.types import Message, Receive, Scope, Send

from honk.preview.exchange import BadAnswer
from honk.preview.passage import Place, asked_headers
from honk.preview.sockets import FarSocket, opened_socket

WHOLE_SECONDS = 8 * 3600.0
_REFUSED: Message = {"type": "websocket.close", "code": 1008}
_BROKEN: Message = {"type": "websocket.close", "code": 1011}
_HANDSHAKE = (b"sec-websocket-key", b"sec-websocket-version", b"sec-websocket-extensions", b"sec-websocket-protocol")


async def refuse(send: Send) -> None:
    """Before it is open: the browser gets a 403."""
    await send(_REFUSED)


async def relay_socket(scope: Scope, receive: Receive, send: Send, connection: socket.socket, place: Place) -> None:
    """Hand messages on both ways, until one side leaves."""
    if (await receive())["type"] != "websocket.connect":
        return
    query = f"?{scope['query_string'].decode('latin-1')}" if scope["query_string"] else ""
    target = scope["raw_path"].decode("latin-1") + query
    headers = [one for one in asked_headers(scope["headers"], place) if one[0] not in (b"host", *_HANDSHAKE)]
    host = place.inner.removeprefix("http://")
    try:
        async with asyncio.timeout(WHOLE_SECONDS):
            async with opened_socket(connection, host, target, scope.get("subprotocols", ()), headers) as far:
                await send({"type": "websocket.accept", "subprotocol": far.protocol})
                await _both_ways(far, receive, send)
    except (BadAnswer, TimeoutError):
        await _tell_end(send, _BROKEN)


async def _both_ways(far: FarSocket, receive: Receive, send: Send) -> None:
    async def out() -> None:
        async for message in far.messages():
            kind = "text" if isinstance(message, str) else "bytes"
            await send({"type": "websocket.send", kind: message})

    async def into() -> None:
        while (message := await receive())["type"] == "websocket.receive":
            said = message.get("text")
            await far.say(said if said is not None else message.get("bytes") or b"")

    ways = [asyncio.create_task(out()), asyncio.create_task(into())]
    try:
        done, _ = await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        for one in done:
            one.result()
    except ConnectionError as error:
        raise BadAnswer("its connection broke") from error
    finally:
        for one in ways:
            one.cancel()
        await asyncio.wait(ways)
    if ways[0] in done:
        await _tell_end(send, {"type": "websocket.close", "code": 1000})


async def _tell_end(send: Send, message: Message) -> None:
    """Whoever has left already need not hear it."""
    try:
        await send(message)
    except (RuntimeError, OSError):
        return
