"""The demo's production: somebody else's machine, as far as Honk can tell.

It takes releases over HTTP from whoever shows its key, and runs the current one in a sandbox of its own, for nothing
that an agent wrote runs outside one. Its library holds what no test of the sample has: a playlist whose owner is gone.
"""

import asyncio
import hmac
import io
import json
import re
import socket
import zipfile
from collections.abc import Sequence
from contextlib import AsyncExitStack
from pathlib import Path
from types import TracebackType
from typing import Self

from aiohttp import web

from honk.base.digests import new_secret
from honk.sandbox import Mount, Process, Sandbox, SandboxBackend, SandboxSpec

PORT = 8000
"""Where the site listens in its sandbox."""
LIBRARY = "/opt/tonearm/library.json"
_SHA = re.compile(r"[0-9a-f]{40}")
_RELEASE_BYTES = 4 << 20
_START_SECONDS = 10.0
_PAUSE_SECONDS = 0.05
LEFT_BEHIND = {"title": "Left Behind", "owner": "", "tracks": []}
"""A playlist of an account that was closed."""


class Production:
    """`async with`: it listens, and nothing runs until the first release."""

    def __init__(self, folder: Path, backend: SandboxBackend, shipped: Sequence[object]) -> None:
        self.key = new_secret()
        self.current: str | None = None
        """The commit that runs."""
        self.url = ""
        """Where it takes releases, and where listeners find the site."""
        self._folder, self._backend = folder, backend
        self._library = [*shipped, LEFT_BEHIND]
        self._sandbox: Sandbox | None = None
        self._program: Process | None = None
        self._stack = AsyncExitStack()
        self._switching = asyncio.Lock()

    async def __aenter__(self) -> Self:
        (self._folder / "releases").mkdir(parents=True)
        (self._folder / "library.json").write_text(json.dumps(self._library))
        desk = web.Application(client_max_size=_RELEASE_BYTES)
        desk.add_routes([
            web.put("/-/releases/{sha}", self._take), web.put("/-/current", self._switch),
            web.route("*", "/{path:.*}", self._ask),
        ])  # fmt: skip
        runner = web.AppRunner(desk, access_log=None)
        await runner.setup()
        self._stack.push_async_callback(runner.cleanup)
        listening = socket.create_server(("127.0.0.1", 0))
        await web.SockSite(runner, listening).start()
        self.url = f"http://127.0.0.1:{listening.getsockname()[1]}"
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._stack.aclose()
        await self._end()

    async def _take(self, request: web.Request) -> web.Response:
        """A release: an archive of the package `tonearm`."""
        self._must_know(request)
        sha = request.match_info["sha"]
        if not _SHA.fullmatch(sha):
            raise web.HTTPBadRequest(text="a release is named by its commit")
        await asyncio.to_thread(_unpack, await request.read(), self._folder / "releases" / sha)
        return web.Response(text=f"{sha[:10]} is here")

    async def _switch(self, request: web.Request) -> web.Response:
        """Run the release of this commit instead of what runs."""
        self._must_know(request)
        sha = (await request.text()).strip()
        release = self._folder / "releases" / sha
        if not _SHA.fullmatch(sha) or not release.is_dir():
            raise web.HTTPConflict(text="there is no release of this commit here")
        async with self._switching:
            await self._end()
            await self._begin(sha, release)
        return web.Response(text=f"{sha[:10]} runs")

    async def _ask(self, request: web.Request) -> web.Response:
        """Whatever a listener asks, by one connection into the sandbox."""
        if self._sandbox is None or request.method != "GET":
            raise web.HTTPServiceUnavailable(text="nothing was released yet")
        status, kind, body = await _get(self._sandbox, request.path_qs)
        return web.Response(status=status, body=body, headers={"content-type": kind})

    def _must_know(self, request: web.Request) -> None:
        shown = request.headers.get("authorization", "")
        if not hmac.compare_digest(shown.encode(), f"Bearer {self.key}".encode()):
            raise web.HTTPForbidden(text="this is not our key")

    async def _begin(self, sha: str, release: Path) -> None:
        state = self._folder / "running" / sha
        state.mkdir(parents=True, exist_ok=True)
        library = Mount(source=self._folder / "library.json", target=LIBRARY)
        env = {"PORT": str(PORT), "TONEARM_LIBRARY": LIBRARY, "PYTHONDONTWRITEBYTECODE": "1"}
        spec = SandboxSpec(name="production", layers=(release,), state=state, mounts=(library,), env=env)
        self._sandbox, self.current = await self._backend.open(spec), sha
        self._program = await self._sandbox.spawn(["python3", "-m", "tonearm"])
        (await _connection(self._sandbox)).close()

    async def _end(self) -> None:
        if self._program is not None:
            await self._program.kill()
        if self._sandbox is not None:
            await self._sandbox.close()
        self._sandbox = self._program = self.current = None


def _unpack(archive: bytes, release: Path) -> None:
    """Plain files of the package alone, wherever the archive says they go; taken already: as it is."""
    if release.exists():
        return
    part = release.with_name(f"{release.name}.part")
    with zipfile.ZipFile(io.BytesIO(archive)) as files:
        for one in files.infolist():
            path = (part / one.filename).resolve()
            if one.is_dir() or not path.is_relative_to(part.resolve() / "tonearm"):
                continue
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(files.read(one))
    part.rename(release)


async def _connection(sandbox: Sandbox) -> socket.socket:
    """To the site, as soon as it listens."""
    try:
        async with asyncio.timeout(_START_SECONDS):
            while True:
                if (connection := await sandbox.connect(PORT)) is not None:
                    return connection
                await asyncio.sleep(_PAUSE_SECONDS)
    except TimeoutError:
        raise web.HTTPBadGateway(text="the site does not listen") from None


async def _get(sandbox: Sandbox, path: str) -> tuple[int, str, bytes]:
    """Status, kind and body of the site's answer, which ends with its connection."""
    reader, writer = await asyncio.open_connection(sock=await _connection(sandbox))
    try:
        writer.write(f"GET {path} HTTP/1.0\r\nHost: tonearm\r\n\r\n".encode())
        answer = bytearray()
        async with asyncio.timeout(_START_SECONDS):
            while len(answer) < _RELEASE_BYTES and (chunk := await reader.read(1 << 16)):
                answer += chunk
    finally:
        writer.close()
    head, _, body = bytes(answer).partition(b"\r\n\r\n")
    status = re.match(rb"HTTP/1\.[01] ([0-9]{3}) ", head)
    kind = re.search(rb"(?im)^content-type: *([ -~]+)", head)
    return int(status[1]) if status else 502, kind[1].decode() if kind else "text/plain", body
