"""One request to a preview and its answer, over one connection that is used once: nothing of one is left for the next.

The far side is a stranger: its head is bounded in size and time, its body in both, and what is no HTTP/1.1 is an error.
"""

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import h11

from honk.preview.passage import Header

_CHUNK = 64 << 10


class BadAnswer(Exception):
    """The preview answered nothing that can be passed on; says what."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """Of one exchange."""

    head_bytes: int = 64 << 10
    head_seconds: float = 30.0
    """From the request to the end of the answer's head."""
    body_bytes: int = 256 << 20
    idle_seconds: float = 300.0
    """Between two parts of the answer."""
    whole_seconds: float = 3600.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A request."""

    method: str
    target: bytes
    headers: list[Header]
    length: int | None = None
    """Of the body, where it is known; None with `has_body` is sent in chunks."""
    has_body: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """The head of an answer, and its body as it comes."""

    status: int
    headers: list[Header]
    body: AsyncIterator[bytes]
    """Raises BadAnswer where it breaks off, or passes the bounds."""


async def nothing() -> AsyncIterator[bytes]:
    """No body."""
    return
    yield b""


@dataclass(slots=True)
class _Wire:
    """A connection and where its HTTP stands."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    bounds: Bounds
    http: h11.Connection = field(init=False)

    def __post_init__(self) -> None:
        self.http = h11.Connection(h11.CLIENT, max_incomplete_event_size=self.bounds.head_bytes)

    async def send(self, asked: Asked, body: AsyncIterator[bytes]) -> None:
        """The whole request. A server that reads no further has its reasons: the answer tells them. What cannot be sent
        ends the connection, so that nobody waits for an answer."""
        try:
            await self._send(asked, body)
        except (h11.LocalProtocolError, TimeoutError):
            self.writer.transport.abort()

    async def _send(self, asked: Asked, body: AsyncIterator[bytes]) -> None:
        headers = [*asked.headers, *_framing(asked), (b"connection", b"close")]
        with contextlib.suppress(ConnectionError):
            await self._write(h11.Request(method=asked.method, target=asked.target, headers=headers))
            if asked.has_body:
                async for part in body:
                    await self._write(h11.Data(data=part))
            await self._write(h11.EndOfMessage())

    async def _write(self, event: h11.Event) -> None:
        if data := self.http.send(event):
            self.writer.write(data)
            await self.writer.drain()

    async def next(self) -> h11.Event | type[h11.PAUSED]:
        """The next event of the answer. One read may hold ten thousand: between two, others have their turn."""
        await asyncio.sleep(0)
        while (event := self.http.next_event()) is h11.NEED_DATA:
            self.http.receive_data(await self.reader.read(_CHUNK))
        return event  # type: ignore[return-value]  # NEED_DATA was the other one


@asynccontextmanager
async def exchange(
    connection: socket.socket, asked: Asked, body: AsyncIterator[bytes], bounds: Bounds | None = None
) -> AsyncIterator[Answered]:
    """Ask, and read the answer. The connection is closed at the end, whatever is left on it.

    Raises:
        BadAnswer: there is no answer, or it is none.
    """
    bounds = bounds or Bounds()
    reader, writer = await asyncio.open_connection(sock=connection, limit=_CHUNK)
    wire = _Wire(reader, writer, bounds)
    sending = asyncio.create_task(wire.send(asked, body))
    try:
        async with asyncio.timeout(bounds.whole_seconds):
            head = await _head(wire, sending)
            yield Answered(status=head.status_code, headers=_told(head), body=_body(wire))
    except TimeoutError as error:
        raise BadAnswer("the answer took too long") from error
    finally:
        sending.cancel()
        writer.transport.abort()
        with contextlib.suppress(asyncio.CancelledError, Exception):
            await sending


def _framing(asked: Asked) -> Iterable[Header]:
    if not asked.has_body:
        return [(b"content-length", b"0")] if asked.method in ("POST", "PUT", "PATCH") else []
    if asked.length is not None:
        return [(b"content-length", str(asked.length).encode())]
    return [(b"transfer-encoding", b"chunked")]


async def _head(wire: _Wire, sending: "asyncio.Task[None]") -> h11.Response:
    try:
        async with asyncio.timeout(wire.bounds.head_seconds):
            while True:
                event = await wire.next()
                if isinstance(event, h11.Response):
                    if event.status_code >= 600:  # our own server has no words for it, and would break
                        raise BadAnswer(f"it answers with the status {event.status_code}, which there is not")
                    return event
                if not isinstance(event, h11.InformationalResponse) or event.status_code == 101:
                    raise BadAnswer("it closed the connection without an answer")
    except TimeoutError as error:
        raise BadAnswer(f"it gave no answer within {wire.bounds.head_seconds:.0f} s") from error
    except h11.RemoteProtocolError as error:
        raise BadAnswer(f"what it answered is no sound HTTP ({error})") from error
    except OSError as error:
        why = sending.exception() if sending.done() and not sending.cancelled() else None
        raise BadAnswer(f"the connection broke ({error.strerror or why or error})") from error


def _told(head: h11.Response) -> list[Header]:
    """The headers; where the body comes in chunks, a length beside them is a lie to somebody."""
    headers = [(bytes(name), bytes(value)) for name, value in head.headers]
    is_chunked = any(name == b"transfer-encoding" for name, _ in headers)
    return [one for one in headers if not (is_chunked and one[0] == b"content-length")]


async def _body(wire: _Wire) -> AsyncIterator[bytes]:
    left = wire.bounds.body_bytes
    while True:
        try:
            async with asyncio.timeout(wire.bounds.idle_seconds):
                event = await wire.next()
        except TimeoutError as error:
            raise BadAnswer(f"its answer paused for {wire.bounds.idle_seconds:.0f} s") from error
        except (h11.RemoteProtocolError, OSError) as error:
            raise BadAnswer(f"its answer broke off ({error})") from error
        if not isinstance(event, h11.Data):
            return
        left -= len(event.data)
        if left < 0:
            raise BadAnswer(f"its answer is longer than {wire.bounds.body_bytes >> 20} MiB")
        yield bytes(event.data)
