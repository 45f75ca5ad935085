"""A package route with wheels of our own making, for tests of set-ups: no registry, no network."""

import asyncio
import hashlib
import io
import socket
import zipfile
from collections.abc import AsyncIterator, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager

from honk.gateway import Grant, RegistryLog


def wheel(name: str, version: str, files: Mapping[str, str], requires: tuple[str, ...] = ()) -> tuple[str, bytes]:
    """File name and content of a pure Python wheel."""
    stem = f"{name.replace('-', '_')}-{version}"
    needs = "".join(f"Requires-Dist: {line}\n" for line in requires)
    contents = {
        **files,
        f"{stem}.dist-info/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n{needs}",
        f"{stem}.dist-info/WHEEL": "Wheel-Version: 1.0\nGenerator: t\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    record = "".join(f"{path},,\n" for path in (*contents, f"{stem}.dist-info/RECORD"))
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for path, text in {**contents, f"{stem}.dist-info/RECORD": record}.items():
            archive.writestr(path, text)
    return f"{stem}-py3-none-any.whl", buffer.getvalue()


class PackageShelf:
    """A `Gateway` that knows these wheels and no model."""

    def __init__(self, *wheels: tuple[str, bytes]) -> None:
        self._wheels = dict(wheels)

    def serve_model(self, listener: socket.socket, grant: Grant) -> AbstractAsyncContextManager[None]:
        raise NotImplementedError("there is no model on this shelf")

    @asynccontextmanager
    async def serve_registry(self, listener: socket.socket) -> AsyncIterator[RegistryLog]:
        """Serve index pages and files until the context ends."""
        log = RegistryLog()

        async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            head = await reader.readuntil(b"\r\n\r\n")
            log.requests += 1
            path = head.split(b" ")[1].decode()
            status, kind, body = self._page(path)
            if status != 200:
                log.refused.append(path)
            writer.write(
                f"HTTP/1.1 {status} X\r\nContent-Type: {kind}\r\nContent-Length: {len(body)}\r\n"
                "Connection: close\r\n\r\n".encode()
                + (b"" if head.startswith(b"HEAD") else body)
            )
            await writer.drain()
            writer.close()

        server = await asyncio.start_server(answer, sock=listener)
        try:
            yield log
        finally:
            server.close()

    async def close(self) -> None: ...

    def _page(self, path: str) -> tuple[int, str, bytes]:
        parts = path.strip("/").split("/")
        if parts[0] == "file" and parts[-1] in self._wheels:
            return 200, "application/octet-stream", self._wheels[parts[-1]]
        links = "".join(
            f'<a href="/file/{name}#sha256={hashlib.sha256(content).hexdigest()}">{name}</a>\n'
            for name, content in self._wheels.items()
            if parts[0] == "python" and name.split("-")[0].replace("_", "-") == parts[-1]
        )
        return (200 if links else 404), "text/html", f"<!DOCTYPE html><html><body>{links}</body></html>".encode()
