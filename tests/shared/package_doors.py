"""The package door, open, with registries of ours behind it."""

import contextlib
import socket
from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass
from functools import partial

import aiohttp

from honk.gateway import RegistryLog
from honk.gateway.package_door import PackageDoor
from honk.testing.registries import FarRegistries


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenDoor:
    """The door, and what lies behind it."""

    url: str
    log: RegistryLog
    far: FarRegistries

    async def get(self, path: str, method: str = "GET") -> tuple[int, bytes]:
        async with aiohttp.ClientSession() as session, session.request(method, self.url + path) as response:
            return response.status, await response.read()


@contextlib.asynccontextmanager
async def open_door(behind: FarRegistries, names: Iterable[str]) -> AsyncIterator[OpenDoor]:
    """Registries of these names have an address; Python has none on this machine."""
    async with behind.serve() as far:

        async def address(name: str) -> str:
            return far.address(name)

        async def nothing() -> None:
            return None

        door = PackageDoor({"python": nothing, **{name: partial(address, name) for name in names}})
        listener = socket.create_server(("127.0.0.1", 0))
        try:
            async with door.serve(listener) as log:
                yield OpenDoor(url=f"http://127.0.0.1:{listener.getsockname()[1]}", log=log, far=far)
        finally:
            await door.close()
