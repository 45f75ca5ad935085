"""The one way out of a deployment's sandbox: CONNECT to exactly the hosts and ports that were granted.

A name is compared letter by letter and never mended: what two parsers could read in two ways is refused. Names are
resolved here, not inside, and what was resolved is what is dialled.
"""

import asyncio
import contextlib
import ipaddress
import re
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass, field

from honk.base.errors import HonkError

Resolve = Callable[[str, int], Awaitable[Sequence[str]]]
"""From a name and a port to addresses."""
MAX_HEAD_BYTES = 8 << 10
HEAD_SECONDS = 20.0
DIAL_SECONDS = 20.0
CONNECTIONS = 64
_CHUNK = 1 << 16
_LINE = re.compile(rb"CONNECT ([!-~]{1,300}) HTTP/1\.[01]")
_HEADER = re.compile(rb"([!#$%&'*+.^_`|~0-9A-Za-z-]{1,100}):[ \t]*([ -~\t\x80-\xff]*)")
_NAME = re.compile(
    r"(?!(.*\.)?[0-9][0-9a-fx]*$)[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)*"
)
"""A host in lower case, without a dot at its end, whose last part cannot be taken for a number."""


_CARRIERS = (
    (ipaddress.IPv6Network("::ffff:0:0/96"), 0),
    (ipaddress.IPv6Network("::ffff:0:0:0/96"), 0),
    (ipaddress.IPv6Network("64:ff9b::/96"), 0),
    (ipaddress.IPv6Network("64:ff9b:1::/48"), 0),
    (ipaddress.IPv6Network("2002::/16"), 80),
)
"""IPv6 addresses that carry an IPv4 one, and how far from their end: mapped, translated, and 6to4."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """Where one may go."""

    host: str
    port: int
    is_private: bool = False
    """Whether the name may lead into a private network. An address goes where it says."""

    @property
    def authority(self) -> str:
        """As a request must name it, to the letter."""
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"

    @property
    def is_address(self) -> bool:
        with contextlib.suppress(ValueError):
            return bool(ipaddress.ip_address(self.host))
        return False


def target_of(text: str, *, is_private: bool = False) -> Target:
    """A granted `host:port`.

    Raises:
        ValueError: it is none, or one that could be read in two ways.
    """
    host, _, port = text.rpartition(":")
    wrong = f"{text!r} is no host:port, as deploy.example.org:443"
    if not port.isascii() or not port.isdecimal() or not 0 < int(port) < 65536 or port != str(int(port)):
        raise ValueError(wrong)
    bare = host[1:-1] if host.startswith("[") and host.endswith("]") else host
    try:
        address = ipaddress.ip_address(bare)
    except ValueError:
        if len(host) > 253 or (host != "localhost" and not _NAME.fullmatch(host)):
            raise ValueError(f"{wrong}: in lower case, without a dot at its end") from None
        return Target(host=host, port=int(port), is_private=is_private)
    if str(address) != bare or (address.version == 6) != (bare != host) or _is_never(bare):
        raise ValueError(f"{text!r} is no address that may be dialled, written the usual way")
    return Target(host=bare, port=int(port), is_private=True)


class Refused(HonkError):
    """Not to be dialled; the words go into the log of the deployment."""


async def _resolve(host: str, port: int) -> Sequence[str]:
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return [str(one[4][0]) for one in found]


@dataclass(slots=True, kw_only=True)
class Door:
    """Serves one sandbox. Notes what was asked for, for the log."""

    targets: Sequence[Target]
    resolve: Resolve = _resolve
    notes: list[str] = field(default_factory=list)
    _open: set[asyncio.Task[None]] = field(default_factory=set)

    @contextlib.asynccontextmanager
    async def serve(self, listener: socket.socket) -> AsyncIterator[None]:
        """Let through until the context ends, which breaks everything off."""

        def begin(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            if len(self._open) >= CONNECTIONS:
                writer.transport.abort()
                return
            visit = asyncio.get_running_loop().create_task(self._visit(reader, writer))
            self._open.add(visit)
            visit.add_done_callback(self._open.discard)

        server = await asyncio.start_server(begin, sock=listener, limit=MAX_HEAD_BYTES)
        try:
            yield
        finally:
            server.close()
            left = set(self._open)
            for visit in left:
                visit.cancel()
            if left:
                await asyncio.wait(left)

    async def _visit(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            async with asyncio.timeout(HEAD_SECONDS):
                head = await reader.readuntil(b"\r\n\r\n")
            target = asked_for(head, self.targets)
            far_reader, far_writer = await self._dial(target)
        except Refused as refused:
            self._note(str(refused))
            await _answer(writer, b"HTTP/1.1 403 Forbidden\r\ncontent-length: 0\r\nconnection: close\r\n\r\n")
        except (OSError, TimeoutError, asyncio.IncompleteReadError, asyncio.LimitOverrunError) as error:
            self._note(f"failed: {type(error).__name__} {error}"[:300])
            await _answer(writer, b"HTTP/1.1 502 Bad Gateway\r\ncontent-length: 0\r\nconnection: close\r\n\r\n")
        else:
            self._note(f"passed: {target.authority}")
            try:
                writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
                await _both_ways(reader, writer, far_reader, far_writer)
            finally:
                far_writer.transport.abort()
        finally:
            writer.transport.abort()

    async def _dial(self, target: Target) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        async with asyncio.timeout(DIAL_SECONDS):
            addresses = [target.host] if target.is_address else await self.resolve(target.host, target.port)
            allowed = [one for one in addresses if may_dial(one, target)]
            if not allowed:
                raise Refused(f"refused: {target.authority} leads to no address that may be dialled")
            for address in allowed[:-1]:
                with contextlib.suppress(OSError):
                    return await asyncio.open_connection(address, target.port)
            return await asyncio.open_connection(allowed[-1], target.port)

    def _note(self, words: str) -> None:
        if len(self.notes) < 200:
            self.notes.append(words)


def asked_for(head: bytes, targets: Sequence[Target]) -> Target:
    """What a request's head asks for.

    Raises:
        Refused: it is not granted, or not written in the one way that cannot be misread.
    """
    first, *lines = head.removesuffix(b"\r\n\r\n").split(b"\r\n")
    asked = _LINE.fullmatch(first)
    if asked is None:
        raise Refused(f"refused: {first[:200]!r}: only CONNECT is answered")
    name = asked[1].decode("ascii")
    target = next((one for one in targets if one.authority == name), None)
    if target is None:
        raise Refused(f"refused: {name[:200]!r} is not among the granted hosts")
    hosts = []
    for line in lines:
        header = _HEADER.fullmatch(line)
        if header is None or header[1].lower() in (b"content-length", b"transfer-encoding", b"upgrade"):
            raise Refused(f"refused: a request for {name} with a header that does not belong to it")
        if header[1].lower() == b"host":
            hosts.append(header[2].strip().decode("ascii", "replace"))
    if len(hosts) > 1 or any(host not in (name, target.host) for host in hosts):
        raise Refused(f"refused: a request for {name} that names another host as well")
    return target


def may_dial(address: str, target: Target) -> bool:
    """Whether what a name was resolved to may be dialled. An address that was granted as such goes where it says."""
    if _is_never(address):
        return False
    parsed = _parsed(address)
    is_open = parsed.is_global and not getattr(parsed, "is_site_local", False)
    return target.is_address or is_open or (target.is_private and not parsed.is_loopback)


def _is_never(address: str) -> bool:
    """Link-local, where clouds keep their metadata; multicast; nowhere."""
    parsed = _parsed(address)
    return parsed.is_link_local or parsed.is_multicast or parsed.is_unspecified


def _parsed(address: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address:
    """Where it leads in the end: gateways take the one that some addresses carry."""
    parsed = ipaddress.ip_address(address.partition("%")[0])
    for net, shift in _CARRIERS:
        if parsed in net:
            return ipaddress.IPv4Address(int(parsed) >> shift & 0xFFFFFFFF)
    return parsed


async def _answer(writer: asyncio.StreamWriter, words: bytes) -> None:
    with contextlib.suppress(OSError, TimeoutError):
        writer.write(words)
        async with asyncio.timeout(1):
            await writer.drain()


async def _both_ways(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter,
    far_reader: asyncio.StreamReader, far_writer: asyncio.StreamWriter,
) -> None:  # fmt: skip
    """Until both sides have said all."""
    async with asyncio.TaskGroup() as group:
        group.create_task(_one_way(reader, far_writer))
        group.create_task(_one_way(far_reader, writer))


async def _one_way(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError):
        while chunk := await source.read(_CHUNK):
            sink.write(chunk)
            await sink.drain()
    with contextlib.suppress(OSError, RuntimeError):
        sink.write_eof()
