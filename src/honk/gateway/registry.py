"""The package route: a read-only view of one far registry, for set-up sandboxes. Python's index is here.

A client can name a package and nothing else. Files are fetched only where an index page, asked for on the same socket,
listed them, and under names of ours, so neither addresses nor credentials of the index enter the sandbox.
"""

import abc
import asyncio
import contextlib
import hashlib
import ipaddress
import re
import socket
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from enum import IntEnum

import aiohttp
from aiohttp import web
from aiohttp.abc import AbstractResolver, ResolveResult
from yarl import URL

from honk.base.errors import UsageError
from honk.gateway import RegistryLog
from honk.gateway.index_page import rewritten
from honk.gateway.serving import Patience, serve

_PAGE = re.compile(r"/python/([a-z0-9]+(?:-[a-z0-9]+)*)/?")
_FILE = re.compile(r"/file/([0-9a-f]{64})/([^/?]{1,300})")
_METADATA = ".metadata"
MAX_PAGE_BYTES = 128 << 20
_MAX_FILE_BYTES = 4 << 30
_REDIRECTS = 5
NOTES_KEPT = 1000
"""Of what was refused, and of what failed: the first of a flood tell enough."""
_UP = ("accept", "range", "user-agent")
_DOWN = ("content-type", "content-length", "content-range", "accept-ranges", "etag", "last-modified")


class PackageRoute:
    """One index, one shared session. A file may lie elsewhere, but no nearer to us than the index itself."""

    def __init__(self, index_url: str, *, patience: Patience | None = None, trust_env_proxy: bool = False) -> None:
        """`index_url`: the folder of the pages, with credentials where it wants any.

        With `trust_env_proxy` names are resolved by the proxy, which then has to refuse private addresses itself.

        Raises:
            UsageError: not an http or https address.
        """
        url = URL(index_url)
        if url.scheme not in ("http", "https") or url.host is None:
            raise UsageError("The package index must be an http or https address. Nothing was begun.")
        self._index = url.with_user(None).with_query(None).with_fragment(None)
        self._index = self._index.with_path(self._index.path.rstrip("/") + "/")
        self._auth = aiohttp.encode_basic_auth(url.user, url.password or "") if url.user else None
        self._patience = patience or Patience()
        self._trust_env_proxy = trust_env_proxy
        self._resolver = _Resolver(str(url.host))
        self._session: aiohttp.ClientSession | None = None

    @contextlib.asynccontextmanager
    async def serve(self, listener: socket.socket) -> AsyncIterator[RegistryLog]:
        """Serve on the socket until the context ends."""
        log = RegistryLog()
        async with serve(listener, IndexVisit(self, log).answer, self._patience):
            yield log

    async def close(self) -> None:
        """Close the connections. Idempotent."""
        session, self._session = self._session, None
        if session is not None:
            await session.close()

    def at(self, path: str) -> URL:
        """The address of a path below the index; `path` is encoded already."""
        return URL(f"{self._index}{path}", encoded=True)

    def is_index(self, url: URL) -> bool:
        """Whether the address is on the index's own host and port."""
        return url.origin() == self._index.origin()

    @contextlib.asynccontextmanager
    async def fetch(
        self, method: str, url: URL, headers: Mapping[str, str], *, stay: bool
    ) -> AsyncIterator[aiohttp.ClientResponse]:
        """The response to a GET or HEAD. Each redirect is checked like the first; `stay`: on the index's host only.

        Raises:
            Forbidden: the address, or one it redirects to, may not be fetched.
            aiohttp.ClientError, TimeoutError: it cannot be.
        """
        for _ in range(_REDIRECTS):
            await self._check(url, stay=stay)
            own = {"authorization": self._auth} if self._auth is not None and self.is_index(url) else {}
            async with self._opened().request(
                method, url, headers={**headers, **own}, allow_redirects=False
            ) as response:
                if not 300 <= response.status < 400 or (target := response.headers.get("location")) is None:
                    yield response
                    return
                url = response.url.join(URL(target)).with_fragment(None)
        raise Forbidden("too many redirects")

    async def _check(self, url: URL, *, stay: bool) -> None:
        if self.is_index(url):
            return
        if stay:
            raise Forbidden("the index sends to another host")
        if url.scheme != "https" and not (url.scheme == "http" and self._index.scheme == "http"):
            raise Forbidden(f"a file over {url.scheme}")
        # Literal addresses are never resolved, so they are looked at here; names are when they are resolved.
        try:
            is_allowed = await self._resolver.allows(str(url.host))
        except ValueError:
            return
        if not is_allowed:
            raise Forbidden("a file in a private network")

    def _opened(self) -> aiohttp.ClientSession:
        if self._session is None:
            resolver = None if self._trust_env_proxy else self._resolver
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(limit=32, resolver=resolver),
                cookie_jar=aiohttp.DummyCookieJar(),
                trust_env=self._trust_env_proxy,
                timeout=aiohttp.ClientTimeout(total=None, sock_connect=self._patience.connect_seconds, sock_read=120),
            )
        return self._session


class Forbidden(Exception):
    """An address that may not be fetched: answered with 403, so it never leaves this module."""


class _Resolver(AbstractResolver):
    """Resolves names to addresses that lie no nearer than the index does; what it gives is what is dialled.

    An index in the open names files in the open only; one in a company's network may name others there.
    """

    def __init__(self, index_host: str) -> None:
        self._index_host = index_host
        self._inner = aiohttp.ThreadedResolver()
        self._allowed: _Nearness | None = None

    async def allows(self, address: str) -> bool:
        """Whether a literal address may be dialled. ValueError where it is none."""
        near = _nearness(address)
        if self._allowed is None:
            index = await self._inner.resolve(self._index_host, 0, socket.AF_UNSPEC)
            self._allowed = max(_nearness(one["host"]) for one in index)
        return near <= self._allowed

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        found = await self._inner.resolve(host, port, family)
        kept = [one for one in found if host == self._index_host or await self.allows(one["host"])]
        if not kept:
            raise OSError("no address that may be dialled")
        return kept

    async def close(self) -> None:
        await self._inner.close()


class _Nearness(IntEnum):
    PUBLIC = 0
    PRIVATE = 1
    OWN_MACHINE = 2
    NEVER = 3
    """Link-local, where clouds keep their metadata; multicast; nowhere."""


def _nearness(address: str) -> _Nearness:
    parsed = ipaddress.ip_address(address.partition("%")[0])
    parsed = getattr(parsed, "ipv4_mapped", None) or parsed
    if parsed.is_loopback:
        return _Nearness.OWN_MACHINE
    if parsed.is_link_local or parsed.is_multicast or parsed.is_unspecified:
        return _Nearness.NEVER
    return _Nearness.PUBLIC if parsed.is_global else _Nearness.PRIVATE


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """A page, as the far registry gave it."""

    content: bytes
    kind: str
    url: str


class Visit(abc.ABC):
    """One sandbox's socket: what it has asked for, and so what it may fetch. Who inherits it knows the paths."""

    def __init__(self, route: PackageRoute, log: RegistryLog) -> None:
        self.log = log
        self._route = route

    async def answer(self, request: web.BaseRequest) -> web.StreamResponse:
        """The answer to any request; what is not known is refused."""
        self.log.requests += 1
        what = f"{request.method} {request.raw_path[:200]!r}"
        if request.method not in ("GET", "HEAD"):
            return refused(self.log, what, "only reading is allowed")
        try:
            return await self._read(request)
        except Forbidden as why:
            return refused(self.log, what, str(why))
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            _note(self.log.failed, f"{what}: {type(error).__name__}")
            return web.Response(status=502, text="The package index cannot be reached.\n")

    @abc.abstractmethod
    async def _read(self, request: web.BaseRequest) -> web.StreamResponse:
        """The answer to a request that only reads, in the way of one registry."""

    async def _whole(self, url: URL, headers: Mapping[str, str], what: str, limit: int = MAX_PAGE_BYTES) -> Page | int:
        """A page of the far registry, or the status that stands for it."""
        async with self._route.fetch("GET", url, headers, stay=True) as response:
            if response.status != 200:
                _note(self.log.failed, f"{what}: HTTP {response.status}")
                return 404 if response.status < 500 else 502
            page = bytearray()
            async for chunk in response.content.iter_any():
                page += chunk
                if len(page) > limit:
                    raise Forbidden("a page that is too large")
            return Page(content=bytes(page), kind=response.headers.get("content-type", ""), url=str(response.url))

    async def _through(self, request: web.BaseRequest, url: URL, name: str) -> web.StreamResponse:
        """A file, passed on as it comes."""
        headers = {**_chosen(request.headers, _UP), "accept-encoding": "identity"}
        async with self._route.fetch(request.method, url, headers, stay=False) as response:
            if response.status not in (200, 206):
                _note(self.log.failed, f"file {name}: HTTP {response.status}")
                return web.Response(status=404 if response.status < 500 else 502, text="The index lacks the file.\n")
            if (response.content_length or 0) > _MAX_FILE_BYTES:
                raise Forbidden("a file that is too large")
            encoded = "content-encoding" in response.headers
            passed = _chosen(response.headers, _DOWN[:1] if encoded else _DOWN)
            return await _streamed(request, response, passed)


def refused(log: RegistryLog, what: str, why: str) -> web.Response:
    """Written down, and told."""
    _note(log.refused, f"{what}: {why}")
    return web.Response(status=403, text=f"Refused: {why}.\n")


def own_address(request: web.BaseRequest) -> str:
    """Where the client reached us: the socket's own address, not what the client calls it."""
    assert request.transport is not None
    host, port = request.transport.get_extra_info("sockname")[:2]
    return f"{host}:{port}"


class IndexVisit(Visit):
    """Python's: pages below /python, files below /file."""

    def __init__(self, route: PackageRoute, log: RegistryLog) -> None:
        super().__init__(route, log)
        self._files: dict[str, tuple[URL, str]] = {}

    async def _read(self, request: web.BaseRequest) -> web.StreamResponse:
        if page := _PAGE.fullmatch(request.raw_path):
            return await self._page(request, page[1])
        if file := _FILE.fullmatch(request.raw_path):
            return await self._file(request, file[1], file[2])
        raise Forbidden("no page of a package and no file of one")

    async def _page(self, request: web.BaseRequest, package: str) -> web.Response:
        headers = _chosen(request.headers, ("accept", "user-agent"))
        page = await self._whole(self._route.at(f"{package}/"), headers, f"package {package}")
        if isinstance(page, int):
            return web.Response(status=page, text="No such page in the index.\n")
        try:
            body = await asyncio.to_thread(rewritten, page.content, page.kind, page.url, self._link)
        except (ValueError, RecursionError):
            raise Forbidden("a page that is no index page") from None
        # Links live as long as the socket; a client must not remember them.
        return web.Response(body=body, headers={"content-type": page.kind, "cache-control": "no-store"})

    def _link(self, address: str, name: str) -> str:
        key = hashlib.sha256(address.encode()).hexdigest()
        self._files[key] = (URL(address, encoded=True).with_user(None), name)
        return f"/file/{key}/{name}"

    async def _file(self, request: web.BaseRequest, key: str, name: str) -> web.StreamResponse:
        url, listed = self._files.get(key, (None, ""))
        if url is None or name not in (listed, listed + _METADATA):
            raise Forbidden("a file that no page listed")
        if name != listed:
            url = url.with_path(url.raw_path + _METADATA, encoded=True, keep_query=True)
        return await self._through(request, url, name)


async def _streamed(
    request: web.BaseRequest, response: aiohttp.ClientResponse, headers: Mapping[str, str]
) -> web.StreamResponse:
    """Pass the body on as it comes. One that breaks or grows too large breaks for the client too."""
    answer = web.StreamResponse(status=response.status, headers=headers)
    await answer.prepare(request)
    size = 0
    try:
        async for chunk in response.content.iter_any():
            if (size := size + len(chunk)) > _MAX_FILE_BYTES:
                raise aiohttp.ClientPayloadError("too large")
            await answer.write(chunk)
    except (aiohttp.ClientError, TimeoutError, OSError):
        if request.transport is not None:
            request.transport.abort()
        return answer
    await answer.write_eof()
    return answer


def _note(notes: list[str], note: str) -> None:
    if len(notes) < NOTES_KEPT:
        notes.append(note)


def _chosen(headers: Mapping[str, str], names: tuple[str, ...]) -> dict[str, str]:
    return {name: headers[name] for name in names if name in headers}
