"""A web socket of a preview: messages between a person's browser and a stranger's server, each way bounded."""

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from wsproto import ConnectionType, WSConnection
from wsproto.events import (
    AcceptConnection,
    BytesMessage,
    CloseConnection,
    Event,
    Ping,
    RejectConnection,
    Request,
    TextMessage,
)
from wsproto.utilities import ProtocolError

from honk.preview.exchange import BadAnswer
from honk.preview.passage import Header

MOST_BYTES = 4 << 20
"""Of one message."""
OPEN_SECONDS = 30.0
IDLE_SECONDS = 900.0
_CHUNK = 64 << 10
Said = str | bytes


@dataclass(slots=True)
class FarSocket:
    """The preview's end."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    protocol: str | None = None
    """What both speak, where the preview chose one."""
    _ws: WSConnection = field(default_factory=lambda: WSConnection(ConnectionType.CLIENT))

    async def open(self, host: str, target: str, protocols: Sequence[str], headers: Sequence[Header]) -> None:
        """Raises BadAnswer."""
        asked = Request(host=host, target=target, subprotocols=list(protocols), extra_headers=list(headers))
        self.writer.write(self._ws.send(asked))
        async for event in self._events(OPEN_SECONDS):
            if isinstance(event, AcceptConnection):
                self.protocol = event.subprotocol
                return
            if isinstance(event, RejectConnection):
                raise BadAnswer(f"it refuses the web socket ({event.status_code})")
        raise BadAnswer("it closed the connection without an answer")

    async def say(self, message: Said) -> None:
        """One message to the preview."""
        event = TextMessage(data=message) if isinstance(message, str) else BytesMessage(data=message)
        self.writer.write(self._ws.send(event))
        await self.writer.drain()

    async def messages(self) -> AsyncIterator[Said]:
        """Those of the preview, whole, until it closes.

        Raises:
            BadAnswer: one is too long, or it is none.
        """
        parts: list[Said] = []
        size = 0
        async for event in self._events(IDLE_SECONDS):
            if isinstance(event, TextMessage | BytesMessage):
                size += max(len(event.data), 1)  # a message of endless empty parts is long too
                if size > MOST_BYTES:
                    raise BadAnswer(f"a message of it is longer than {MOST_BYTES >> 20} MiB")
                parts.append(event.data if isinstance(event, TextMessage) else bytes(event.data))
                if event.message_finished:
                    yield _joined(parts)
                    parts, size = [], 0
            elif isinstance(event, Ping):
                self.writer.write(self._ws.send(event.response()))
                await self.writer.drain()
            elif isinstance(event, CloseConnection):
                return

    async def _events(self, seconds: float) -> AsyncIterator[Event]:
        while True:
            try:
                for event in self._ws.events():
                    yield event
                    await asyncio.sleep(0)  # one read may hold thousands of pings: others have their turn
                async with asyncio.timeout(seconds):
                    data = await self.reader.read(_CHUNK)
                if not data:
                    return
                self._ws.receive_data(data)
            except TimeoutError as error:
                raise BadAnswer(f"its web socket was silent for {seconds:.0f} s") from error
            except (ProtocolError, OSError, ValueError) as error:  # a name that is no ASCII is no protocol's error
                raise BadAnswer(f"what it answered is no web socket ({error})") from error

    def close(self) -> None:
        """Say goodbye, and leave."""
        with contextlib.suppress(ProtocolError, OSError):
            self.writer.write(self._ws.send(CloseConnection(code=1001)))
        self.writer.transport.close()


def _joined(parts: Sequence[Said]) -> Said:
    if all(isinstance(part, str) for part in parts):
        return "".join(part for part in parts if isinstance(part, str))
    return b"".join(part for part in parts if isinstance(part, bytes))


@asynccontextmanager
async def opened_socket(
    connection: socket.socket, host: str, target: str, protocols: Sequence[str], headers: Sequence[Header]
) -> AsyncIterator[FarSocket]:
    """The preview's end of a web socket, open; closed afterwards.

    Raises:
        BadAnswer: it opens none.
    """
    reader, writer = await asyncio.open_connection(sock=connection, limit=_CHUNK)
    far = FarSocket(reader, writer)
    try:
        await far.open(host, target, protocols, headers)
        yield far
    finally:
        far.close()
