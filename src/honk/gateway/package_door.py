"""The one door of a set-up sandbox: several far registries behind one socket, told apart by the path.

`/python` and `/file` are Python's index, `/npm` an npm registry, `/go` a module proxy, `/cargo` an index of crates,
`/maven` a Maven repository. A registry is looked for when somebody first wants something of it.
"""

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping

from aiohttp import web

from honk.base.errors import UsageError
from honk.gateway import RegistryLog
from honk.gateway.cargo_route import CargoVisit
from honk.gateway.go_route import GoVisit
from honk.gateway.maven_route import MavenVisit
from honk.gateway.npm_route import TARBALL as NPM_TARBALL
from honk.gateway.npm_route import NpmVisit
from honk.gateway.registry import IndexVisit, PackageRoute, Visit, refused
from honk.gateway.serving import Patience, serve

Find = Callable[[], Awaitable[str | None]]
"""Finds the address of a far registry, credentials in it; None where this machine knows none."""
_VISITS: Mapping[str, type[Visit]] = {
    "python": IndexVisit, "npm": NpmVisit, "go": GoVisit, "cargo": CargoVisit, "maven": MavenVisit,
}  # fmt: skip


class PackageDoor:
    """Opens for whichever registry the path names; each has a route of its own, with its own checks of addresses."""

    def __init__(
        self, registries: Mapping[str, Find], *, patience: Patience | None = None, trust_env_proxy: bool = False
    ) -> None:
        """`registries`: how to find each, by name: "python", "npm", "go", "cargo", "maven"."""
        self._registries = registries
        self._patience = patience or Patience()
        self._trust_env_proxy = trust_env_proxy
        self._routes: dict[str, PackageRoute | None] = {}
        self._finding = asyncio.Lock()

    @contextlib.asynccontextmanager
    async def serve(self, listener: socket.socket) -> AsyncIterator[RegistryLog]:
        """Serve on the socket until the context ends."""
        log = RegistryLog()
        visits: dict[str, Visit] = {}

        async def answer(request: web.BaseRequest) -> web.StreamResponse:
            name = _registry_of(request.raw_path)
            if name not in visits:
                route = await self._route(name)
                if route is None:
                    return refused(
                        log, f"{request.method} {request.raw_path[:200]!r}", f"no registry for {name} is known"
                    )
                visits.setdefault(name, _VISITS[name](route, log))
            return await visits[name].answer(request)

        async with serve(listener, answer, self._patience):
            yield log

    async def close(self) -> None:
        """Close the connections. Idempotent."""
        for route in self._routes.values():
            if route is not None:
                await route.close()

    async def _route(self, name: str) -> PackageRoute | None:
        async with self._finding:
            if name not in self._routes:
                self._routes[name] = await self._found(name)
        return self._routes[name]

    async def _found(self, name: str) -> PackageRoute | None:
        find = self._registries.get(name)
        address = await find() if find is not None else None
        if address is None:
            return None
        try:
            return PackageRoute(address, patience=self._patience, trust_env_proxy=self._trust_env_proxy)
        except UsageError:
            return None


def _registry_of(path: str) -> str:
    if path.startswith("/npm/") or NPM_TARBALL.fullmatch(path):
        return "npm"
    return next((name for name in ("go", "cargo", "maven") if path.startswith(f"/{name}/")), "python")
