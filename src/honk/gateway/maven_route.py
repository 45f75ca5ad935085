"""The package route for Maven and Gradle: a Maven repository, of which only files of one released version pass.

Where a file lies follows from its group, name and version, so that nothing has to be listed first. A snapshot is
refused: what stands under its name changes, and an environment is kept as long as its manifests are the same.
"""

import re

from aiohttp import web

from honk.gateway.registry import Forbidden, Page, Visit

_PART = r"[A-Za-z0-9_][A-Za-z0-9_.+-]*"
_FILE = re.compile(
    rf"/maven/(?P<path>{_PART}(?:/{_PART})*/(?P<name>{_PART})/(?P<version>{_PART})/"
    r"(?P=name)-(?P=version)[.-][A-Za-z0-9_.+-]+)"
)
_VERSIONS = re.compile(rf"/maven/(?P<path>{_PART}(?:/{_PART})+/maven-metadata\.xml(?:\.(?:md5|sha1|sha256|sha512))?)")
_SNAPSHOT = re.compile(r"-SNAPSHOT/", re.IGNORECASE)
_MAX_PAGE_BYTES = 32 << 20


class MavenVisit(Visit):
    """One sandbox's socket."""

    async def _read(self, request: web.BaseRequest) -> web.StreamResponse:
        if _SNAPSHOT.search(request.raw_path):
            raise Forbidden("a snapshot: only released versions pass")
        if file := _FILE.fullmatch(request.raw_path):
            return await self._through(request, self._route.at(file["path"]), file["path"])
        if versions := _VERSIONS.fullmatch(request.raw_path):
            return await self._versions(versions["path"])
        raise Forbidden("no file of a released version and no list of versions")

    async def _versions(self, path: str) -> web.Response:
        page = await self._whole(self._route.at(path), {}, f"versions {path}", _MAX_PAGE_BYTES)
        if not isinstance(page, Page):
            return web.Response(status=page, text="The repository lacks it.\n")
        return web.Response(body=page.content, headers={"content-type": page.kind, "cache-control": "no-store"})
