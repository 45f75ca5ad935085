"""One request to a stranger's server, over one connection."""

import asyncio
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest

from honk.preview.exchange import Answered, Asked, BadAnswer, Bounds, exchange, nothing

pytestmark = pytest.mark.anyio
Stranger = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]
GET = Asked(method="GET", target=b"/a?b", headers=[(b"host", b"localhost:8000")])
QUICK = Bounds(head_bytes=4096, head_seconds=0.1, body_bytes=10_000, idle_seconds=0.1, whole_seconds=1.0)


@asynccontextmanager
async def asking(
    stranger: Stranger, asked: Asked = GET, body: AsyncIterator[bytes] | None = None, bounds: Bounds = QUICK
) -> AsyncIterator[Answered]:
    ours, theirs = socket.socketpair()
    reader, writer = await asyncio.open_connection(sock=theirs)

    async def act() -> None:
        try:
            await stranger(reader, writer)
            await writer.drain()
        except ConnectionError:
            pass
        finally:
            writer.close()

    acting = asyncio.create_task(act())
    try:
        async with exchange(ours, asked, body or nothing(), bounds) as answered:
            yield answered
    finally:
        acting.cancel()
        await asyncio.wait([acting])
        writer.transport.abort()


def says(*parts: bytes, then: float = 0.0) -> Stranger:
    async def stranger(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        for part in parts:
            writer.write(part)
            await writer.drain()
        await asyncio.sleep(then)

    return stranger


async def whole(answered: Answered) -> bytes:
    return b"".join([part async for part in answered.body])


async def test_an_answer_comes_as_it_was_given_and_one_connection_serves_one() -> None:
    heard = []

    async def stranger(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heard.append(await reader.readuntil(b"\r\n\r\n"))
        writer.write(
            b"HTTP/1.1 201 Made\r\nContent-Length: 2\r\nX-A: b\r\n\r\nhiHTTP/1.1 200 OK\r\nX-Second: x\r\n\r\n"
        )

    async with asking(stranger) as answered:
        assert (answered.status, await whole(answered)) == (201, b"hi")
        assert dict(answered.headers)[b"x-a"] == b"b"
    assert heard[0].startswith(b"GET /a?b HTTP/1.1\r\n")
    assert b"connection: close" in heard[0].lower()


@pytest.mark.parametrize("length", [5, None])
async def test_a_body_is_sent_as_it_comes(length: int | None) -> None:
    async def body() -> AsyncIterator[bytes]:
        yield b"he"
        yield b"llo"

    async def stranger(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        rest = await (reader.readexactly(5) if length else reader.readuntil(b"0\r\n\r\n"))
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(head + rest) + head + rest)

    asked = Asked(method="POST", target=b"/", headers=[(b"host", b"x")], length=length, has_body=True)
    async with asking(stranger, asked, body()) as answered:
        said = await whole(answered)
    assert said.endswith(b"hello" if length else b"2\r\nhe\r\n3\r\nllo\r\n0\r\n\r\n")


@pytest.mark.parametrize(
    ("stranger", "why"),
    [
        (says(), "no sound HTTP"),
        (says(then=1.0), "no answer within"),
        (says(b"SSH-2.0-x\r\n\r\n"), "no sound HTTP"),
        (says(b"HTTP/1.1 200 OK\r\nX: " + b"a" * 8192), "no sound HTTP"),
        (says(b"HTTP/1.1 200 OK\r\nA: b\r\n c\nD: e\r\n\r\n\x00"), None),
        (says(b"HTTP/1.1 200 OK\r\nA: b\rSet-Cookie: x=1; Domain=y\r\n\r\n"), "no sound HTTP"),
        (says(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello"), "no sound HTTP"),
        (says(b"HTTP/1.1 101 Switching\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n"), "no sound HTTP"),
        (says(b"H", then=1.0), "no answer within"),
        (says(b"HTTP/1.1 999 No\r\nContent-Length: 2\r\n\r\nhi"), "status 999, which there is not"),
    ],
)
async def test_what_is_no_answer_is_told(stranger: Stranger, why: str | None) -> None:
    if why is None:
        async with asking(stranger) as answered:
            assert (b"a", b"b c") in answered.headers
        return
    with pytest.raises(BadAnswer, match=why):
        async with asking(stranger):
            pass


@pytest.mark.parametrize(
    ("stranger", "why"),
    [
        (says(b"HTTP/1.1 200 OK\r\n\r\n" + b"x" * 20_000), "longer than"),
        (says(b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\nabc", then=1.0), "paused"),
        (says(b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\nabc"), "broke off"),
        (says(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhel"), "broke off"),
        (says(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nhel"), "broke off"),
    ],
)
async def test_a_body_is_bounded(stranger: Stranger, why: str) -> None:
    with pytest.raises(BadAnswer, match=why):
        async with asking(stranger) as answered:
            await whole(answered)


async def test_others_have_their_turn_while_a_body_comes_in_crumbs() -> None:
    crumbs = b"1\r\nx\r\n" * 2_000
    turns = 0

    async def others() -> None:
        nonlocal turns
        while True:
            await asyncio.sleep(0)
            turns += 1

    async with asking(
        says(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + crumbs + b"0\r\n\r\n")
    ) as answered:
        beside = asyncio.create_task(others())
        assert len(await whole(answered)) == 2_000
        beside.cancel()
    assert turns >= 1_900


async def test_a_length_beside_chunks_is_not_passed_on() -> None:
    stranger = says(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Length: 999\r\n\r\n2\r\nhi\r\n0\r\n\r\n")
    async with asking(stranger) as answered:
        assert await whole(answered) == b"hi"
        assert b"content-length" not in dict(answered.headers)


async def test_an_answer_before_the_request_was_read_is_an_answer() -> None:
    async def endless() -> AsyncIterator[bytes]:
        while True:
            yield b"x" * 65_536

    asked = Asked(method="POST", target=b"/", headers=[(b"host", b"x")], has_body=True)
    async with asking(says(b"HTTP/1.1 413 No\r\nContent-Length: 0\r\n\r\n", then=1.0), asked, endless()) as answered:
        assert answered.status == 413
