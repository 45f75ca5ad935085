"""The package route for Rust: a sparse index, and the crates that its settings say the place of.

Where a crate lies follows from name and version by the index's own template, so that nothing has to be listed first;
cargo checks each against the sum in the index and in Cargo.lock.
"""

import asyncio
import json
import re
from urllib.parse import unquote

from aiohttp import web
from yarl import URL

from honk.gateway import RegistryLog
from honk.gateway.index_page import place_of
from honk.gateway.registry import Forbidden, PackageRoute, Page, Visit, own_address

_N = r"[A-Za-z0-9_-]"
_ENTRY = re.compile(rf"/cargo/(?P<path>1/{_N}|2/{_N}{{2}}|3/{_N}/{_N}{{3}}|{_N}{{2}}/{_N}{{2}}/{_N}{{4,64}})")
# Of what a client may write in another way, only the plus of a version: a slash so written would leave the crates.
_CRATE = re.compile(rf"/cargo/crates/(?P<name>{_N}{{1,64}})/(?P<version>\d(?:[0-9A-Za-z.+-]|%2[bB]){{1,100}})/download")
_SETTINGS = "/cargo/config.json"
_MARKS = re.compile(r"\{(crate|version|prefix|lowerprefix|sha256-checksum)\}")
_MAX_PAGE_BYTES = 32 << 20


class CargoVisit(Visit):
    """One sandbox's socket."""

    def __init__(self, route: PackageRoute, log: RegistryLog) -> None:
        super().__init__(route, log)
        self._downloads: str | None = None
        self._reading = asyncio.Lock()

    async def _read(self, request: web.BaseRequest) -> web.StreamResponse:
        if crate := _CRATE.fullmatch(request.raw_path):
            name, version = crate["name"], unquote(crate["version"])
            url = URL(located(await self._template(request), name, version), encoded=True)
            return await self._through(request, url, f"{name} {version}")
        if request.raw_path == _SETTINGS:
            await self._template(request)
            # Whether the far index wants a token is nobody's business inside, and where its files lie neither.
            return web.json_response({"dl": f"http://{own_address(request)}/cargo/crates"})
        if (entry := _ENTRY.fullmatch(request.raw_path)) is None:
            raise Forbidden("no entry of an index and no crate")
        page = await self._far(request, entry["path"])
        if not isinstance(page, Page):
            return web.Response(status=page, text="The index lacks the crate.\n")
        return web.Response(body=page.content, headers={"content-type": "text/plain", "cache-control": "no-store"})

    async def _template(self, request: web.BaseRequest) -> str:
        """Where the far registry keeps its crates, asked once."""
        async with self._reading:
            if self._downloads is None:
                page = await self._far(request, "config.json")
                if not isinstance(page, Page):
                    raise Forbidden("an index without settings")
                self._downloads = downloads_of(page.content, page.url)
        return self._downloads

    async def _far(self, request: web.BaseRequest, path: str) -> Page | int:
        agent = {"user-agent": request.headers.get("user-agent", "cargo")}
        return await self._whole(self._route.at(path), agent, f"index {path}", _MAX_PAGE_BYTES)


def downloads_of(settings: bytes, base_url: str) -> str:
    """The template of addresses in an index's settings.

    Raises:
        Forbidden: there is none, or one that leads elsewhere than to files on the web.
    """
    try:
        told = json.loads(settings)
    except (ValueError, RecursionError):
        told = None
    template = told.get("dl") if isinstance(told, dict) else None
    if not isinstance(template, str) or place_of(base_url, _MARKS.sub("x", template) + "/x") is None:
        raise Forbidden("an index that does not say where its crates are")
    return template


def located(template: str, name: str, version: str) -> str:
    """The address of one crate.

    Raises:
        Forbidden: the template asks for what name and version do not tell.
    """
    if not _MARKS.search(template):
        return f"{template}/{name}/{version}/download"
    if "{sha256-checksum}" in template:
        raise Forbidden("an index that keeps its crates by their sums")
    prefix = prefix_of(name)
    parts = {"crate": name, "version": version, "prefix": prefix, "lowerprefix": prefix.lower()}
    return _MARKS.sub(lambda mark: parts[mark[1]], template)


def prefix_of(name: str) -> str:
    """The folder of a crate in an index."""
    match len(name):
        case 1 | 2:
            return str(len(name))
        case 3:
            return f"3/{name[0]}"
        case _:
            return f"{name[:2]}/{name[2:4]}"
