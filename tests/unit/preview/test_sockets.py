"""A web socket of a stranger's server."""

import asyncio
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any, cast

import pytest
from wsproto import ConnectionType, WSConnection
from wsproto.events import AcceptConnection, CloseConnection, Message, Ping, Pong, RejectConnection, Request

from honk.preview import sockets
from honk.preview.exchange import BadAnswer
from honk.preview.passage import Place
from honk.preview.sockets import FarSocket, opened_socket
from honk.web.preview_socket import relay_socket

pytestmark = pytest.mark.anyio
Stranger = Callable[[asyncio.StreamReader, asyncio.StreamWriter, WSConnection], Awaitable[None]]
PLACE = Place(origin="https://p.previews.example.net", port=8000)


async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, ws: WSConnection) -> None:
    """Shouts back what it hears; leaves when it hears "bye"."""
    while data := await reader.read(65_536):
        ws.receive_data(data)
        for event in ws.events():
            if isinstance(event, Request):
                heard = dict(event.extra_headers)
                assert heard[b"cookie"] == b"sid=1", heard
                writer.write(ws.send(AcceptConnection(subprotocol=next(iter(event.subprotocols), None))))
                writer.write(ws.send(Ping(payload=b"there?")))
            elif isinstance(event, Message):
                if event.data == "bye":
                    writer.write(ws.send(CloseConnection(code=1000)))
                    return
                writer.write(ws.send(Message(data=event.data.upper())))
            elif isinstance(event, Pong):
                assert event.payload == b"there?"


async def rejects(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, ws: WSConnection) -> None:
    ws.receive_data(await reader.readuntil(b"\r\n\r\n"))
    list(ws.events())
    writer.write(ws.send(RejectConnection(status_code=403)))


async def babbles(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, ws: WSConnection) -> None:
    await reader.readuntil(b"\r\n\r\n")
    writer.write(b"HTTP/1.1 101 x\r\nUpgrade: websocket\r\nConnection: upgrade\r\nSec-WebSocket-Accept: forged\r\n\r\n")


async def floods(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, ws: WSConnection) -> None:
    ws.receive_data(await reader.readuntil(b"\r\n\r\n"))
    list(ws.events())
    writer.write(ws.send(AcceptConnection()))
    while True:
        writer.write(ws.send(Message(data=b"x" * 65_536, message_finished=False)))
        await writer.drain()


async def mumbles(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, ws: WSConnection) -> None:
    """Empty parts of a message that never ends."""
    ws.receive_data(await reader.readuntil(b"\r\n\r\n"))
    list(ws.events())
    writer.write(ws.send(AcceptConnection()))
    writer.write(ws.send(Message(data="", message_finished=False)) + b"\x00\x00" * 5_000)
    await reader.read()


async def chooses_no_name(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, ws: WSConnection) -> None:
    ws.receive_data(await reader.readuntil(b"\r\n\r\n"))
    list(ws.events())
    answer = ws.send(AcceptConnection(subprotocol="chat"))
    writer.write(answer.replace(b"chat", b"ch\xe4t"))


async def pings(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, ws: WSConnection) -> None:
    ws.receive_data(await reader.readuntil(b"\r\n\r\n"))
    list(ws.events())
    writer.write(ws.send(AcceptConnection()) + b"\x89\x00" * 2_000 + ws.send(CloseConnection(code=1000)))
    await reader.read()


@asynccontextmanager
async def at(stranger: Stranger) -> AsyncIterator[socket.socket]:
    ours, theirs = socket.socketpair()
    reader, writer = await asyncio.open_connection(sock=theirs)

    async def act() -> None:
        try:
            await stranger(reader, writer, WSConnection(ConnectionType.SERVER))
            await writer.drain()
        except ConnectionError:
            pass
        finally:
            writer.close()

    acting = asyncio.create_task(act())
    try:
        yield ours
    finally:
        acting.cancel()
        await asyncio.wait([acting])
        writer.transport.abort()


@asynccontextmanager
async def speaking(stranger: Stranger) -> AsyncIterator[FarSocket]:
    async with (
        at(stranger) as ours,
        opened_socket(ours, "localhost:8000", "/live?a=1", ["chat"], [(b"cookie", b"sid=1")]) as far,
    ):
        yield far


async def test_messages_pass_both_ways_until_one_side_leaves() -> None:
    async with speaking(echo) as far:
        assert far.protocol == "chat"
        messages = far.messages()
        await far.say("honk")
        assert await anext(messages) == "HONK"
        await far.say(b"bytes")
        assert await anext(messages) == b"BYTES"
        await far.say("bye")
        assert [one async for one in messages] == []


@pytest.mark.parametrize(
    ("stranger", "why"), [(rejects, "refuses"), (babbles, "no web socket"), (chooses_no_name, "no web socket")]
)
async def test_what_is_no_web_socket_is_told(stranger: Stranger, why: str) -> None:
    with pytest.raises(BadAnswer, match=why):
        async with speaking(stranger):
            pass


async def test_a_message_has_an_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sockets, "MOST_BYTES", 1 << 20)
    with pytest.raises(BadAnswer, match="longer than 1 MiB"):
        async with speaking(floods) as far:
            await anext(far.messages())


async def test_a_message_of_endless_empty_parts_has_an_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sockets, "MOST_BYTES", 1_000)
    with pytest.raises(BadAnswer, match="longer than"):
        async with speaking(mumbles) as far, asyncio.timeout(5):
            await anext(far.messages())


async def test_others_have_their_turn_while_it_pings() -> None:
    turns = 0

    async def others() -> None:
        nonlocal turns
        while True:
            await asyncio.sleep(0)
            turns += 1

    async with speaking(pings) as far:
        beside = asyncio.create_task(others())
        assert [one async for one in far.messages()] == []
        beside.cancel()
    assert turns >= 1_900


async def test_a_browser_s_socket_is_handed_on_without_what_is_ours() -> None:
    said: list[dict[str, Any]] = []
    asked: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
    for message in ({"type": "websocket.connect"}, {"type": "websocket.receive", "text": "honk"}):
        asked.put_nowait(message)

    async def send(message: Any) -> None:
        said.append(message)
        if message["type"] == "websocket.send":
            asked.put_nowait({"type": "websocket.disconnect", "code": 1000})

    scope = {
        "raw_path": b"/live", "query_string": b"", "subprotocols": [],
        "headers": [(b"cookie", b"__Host-honk_preview=s; sid=1"), (b"sec-websocket-key", b"theirs"),
                    (b"origin", PLACE.origin.encode()), (b"x-forwarded-for", b"1.2.3.4")],
    }  # fmt: skip
    async with at(echo) as ours:
        await relay_socket(cast(Any, scope), asked.get, send, ours, PLACE)
    assert said == [
        {"type": "websocket.accept", "subprotocol": None}, {"type": "websocket.send", "text": "HONK"},
    ]  # fmt: skip
