"""The package route for Go: the module proxy's own protocol, of which only what names a module and a version passes.

Where a module's files lie follows from its name and version, so that nothing has to be listed first; `go` checks each
against go.sum.
"""

import re

from aiohttp import web

from honk.gateway.registry import Forbidden, Page, Visit

_PART = r"[A-Za-z0-9~_!-][A-Za-z0-9.~_!-]*"
_VERSION = r"v[A-Za-z0-9][A-Za-z0-9.~_!+-]*"
_QUERY = re.compile(
    rf"/go/(?P<path>{_PART}(?:/{_PART})*/@(?:latest|v/(?:list|{_VERSION}\.(?:info|mod|(?P<archive>zip)))))"
)
_MAX_PAGE_BYTES = 16 << 20


class GoVisit(Visit):
    """One sandbox's socket."""

    async def _read(self, request: web.BaseRequest) -> web.StreamResponse:
        query = _QUERY.fullmatch(request.raw_path)
        if query is None:
            raise Forbidden("no module and no version of one")
        url = self._route.at(query["path"])
        if query["archive"]:
            return await self._through(request, url, query["path"])
        page = await self._whole(url, {}, f"module {query['path']}", _MAX_PAGE_BYTES)
        if not isinstance(page, Page):
            return web.Response(status=page, text="not found: the module proxy lacks it\n")
        return web.Response(body=page.content, headers={"content-type": page.kind, "cache-control": "no-store"})
