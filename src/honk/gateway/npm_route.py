"""The package route for npm and its kin: pages of packages, and tarballs that such a page lists.

A lock file names tarballs that the client has read no page for, at hosts of its writer's choice; the clients put our
address in their place. So the page is read here first, and the tarball fetched from where it says.
"""

import asyncio
import re
from functools import partial
from urllib.parse import unquote

from aiohttp import web
from yarl import URL

from honk.gateway import RegistryLog
from honk.gateway.npm_page import rewritten
from honk.gateway.registry import Forbidden, PackageRoute, Page, Visit, own_address

_NAME = r"(?:@[a-z0-9~_-][\w.~-]*(?:/|%2[fF]))?[A-Za-z0-9~_-][\w.~-]*"
_PAGE = re.compile(rf"/npm/(?P<name>{_NAME})")
TARBALL = re.compile(rf"/(?:[\w.~-]+/)*(?P<name>{_NAME})/-/(?P<file>[\w.~+-]+\.(?:tgz|tar\.gz))")
"""Below any path: clients put our host in place of a lock file's, and keep the path that its writer's registry had."""
_SHORT = "application/vnd.npm.install-v1+json"
_PAGES_AT_ONCE = 8


class NpmVisit(Visit):
    """One sandbox's socket."""

    def __init__(self, route: PackageRoute, log: RegistryLog) -> None:
        super().__init__(route, log)
        self._tarballs: dict[tuple[str, str], URL] = {}
        self._gate = asyncio.Semaphore(_PAGES_AT_ONCE)

    async def _read(self, request: web.BaseRequest) -> web.StreamResponse:
        if file := TARBALL.fullmatch(request.raw_path):
            return await self._tarball(request, _plain(file["name"]), file["file"])
        if page := _PAGE.fullmatch(request.raw_path):
            return await self._package(request, _plain(page["name"]))
        raise Forbidden("no page of a package and no tarball of one")

    async def _package(self, request: web.BaseRequest, name: str) -> web.Response:
        full = _SHORT not in request.headers.get("accept", "")
        body = await self._page(request, name, full=full)
        if isinstance(body, int):
            return web.Response(status=body, text="The registry lacks the package.\n")
        kind = "application/json" if full else _SHORT
        return web.Response(body=body, headers={"content-type": kind, "cache-control": "no-store"})

    async def _tarball(self, request: web.BaseRequest, name: str, file: str) -> web.StreamResponse:
        if (name, file) not in self._tarballs:
            await self._page(request, name, full=False)
        url = self._tarballs.get((name, file))
        if url is None:
            raise Forbidden("a tarball that no page lists")
        return await self._through(request, url, file)

    async def _page(self, request: web.BaseRequest, name: str, *, full: bool) -> bytes | int:
        headers = {"accept": "application/json" if full else f"{_SHORT}; q=1.0, application/json; q=0.8"}
        async with self._gate:
            page = await self._whole(self._route.at(name.replace("/", "%2f")), headers, f"package {name}")
            if not isinstance(page, Page):
                return page
            ours = f"http://{own_address(request)}/npm/{name}/-/"
            link = partial(self._link, ours, name)
            try:
                return await asyncio.to_thread(rewritten, page.content, page.url, link)
            except (ValueError, RecursionError):
                raise Forbidden("a page that is none of a package") from None

    def _link(self, ours: str, package: str, address: str, name: str) -> str:
        url = URL(address, encoded=True).with_user(None)
        self._tarballs.setdefault((package, name), url)
        return ours + name


def _plain(name: str) -> str:
    return unquote(name)
