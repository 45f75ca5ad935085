"""A task's preview in the console: opening it, starting it, ending it, and the pictures of it."""

import io
import time
from dataclasses import dataclass
from typing import Annotated
from urllib.parse import quote

import segno
from fastapi import APIRouter, Query, Request
from fastapi.responses import RedirectResponse, Response

from honk.base.errors import UsageError
from honk.base.ids import new_id
from honk.domain.preview import Preview
from honk.entrance import SignedIn
from honk.preview.hosts import Hosts
from honk.preview.tickets import FILE_SECONDS, LINK_SECONDS, Ticket, Use, written
from honk.web.pages import Pages, lead
from honk.web.preview_door import OWN
from honk.workflows.preview_ground import NO_HOSTS


@dataclass(frozen=True, slots=True)
class Links:
    """Signs the short-lived addresses that let people in."""

    hosts: Hosts
    key: bytes

    def enter(self, preview: Preview, person_id: str, path: str = "/") -> str:
        """Lets this person in, once.

        Raises:
            UsageError: previews have no place on this server.
        """
        signed = self._signed(Use.ENTER, preview, person_id, LINK_SECONDS, new_id(16))
        return f"{self._own(preview)}enter?ticket={signed}&to={quote(path, safe='')}"

    def file(self, preview: Preview, person_id: str) -> str:
        """Hands out the built file, to whoever has it, for some minutes.

        Raises:
            UsageError: previews have no place on this server.
        """
        assert preview.artifact is not None
        signed = self._signed(Use.FILE, preview, person_id, FILE_SECONDS, preview.artifact.digest)
        return f"{self._own(preview)}file?ticket={signed}"

    def _own(self, preview: Preview) -> str:
        if not self.hosts.domain:
            raise UsageError(NO_HOSTS)
        return f"{self.hosts.origin_of(preview.label)}{OWN}"

    def _signed(self, use: Use, preview: Preview, person_id: str, seconds: float, nonce: str) -> str:
        until = time.time() + seconds
        return written(self.key, Ticket(use=use, label=preview.label, person_id=person_id, until=until, nonce=nonce))


def preview_routes(pages: Pages, hosts: Hosts, public_url: str) -> APIRouter:
    """`/tasks/ID/preview` and `/previews/LABEL`."""
    routes = APIRouter()

    def led(who: SignedIn, preview: Preview) -> Response:
        links = Links(hosts, pages.team.previewing.desk.key)
        is_file = preview.artifact is not None and preview.artifact.kind != "site"
        link = (links.file if is_file else links.enter)(preview, who.member.person_id)
        return RedirectResponse(link, status_code=303)

    @routes.get("/tasks/{task_id}/preview/open")
    async def open_newest(request: Request, task_id: str) -> Response:
        who = await pages.visitor(request)
        return led(who, await pages.team.previewing.open(who, task_id))

    @routes.get("/tasks/{task_id}/preview/picture")
    async def picture(request: Request, task_id: str, key: Annotated[str, Query(max_length=200)]) -> Response:
        content = await pages.team.previewing.picture(await pages.visitor(request), task_id, key)
        return Response(content, media_type="image/png", headers={"content-security-policy": "sandbox"})

    @routes.get("/tasks/{task_id}/preview/qr.svg")
    async def code(request: Request, task_id: str) -> Response:
        await pages.team.task(await pages.visitor(request), task_id)
        origin = public_url or str(request.base_url).rstrip("/")
        drawn = io.BytesIO()
        link = f"{origin}/tasks/{task_id}/preview/open"
        segno.make(link, error="m").save(drawn, kind="svg", scale=5, border=3, light="#fff", xmldecl=False)
        return Response(drawn.getvalue(), media_type="image/svg+xml")

    @routes.get("/previews/{label}")
    async def open_by_label(request: Request, label: str) -> Response:
        who = await pages.visitor(request)
        return led(who, await pages.team.previewing.of_label(who, label))

    @routes.post("/tasks/{task_id}/preview/start")
    async def start(request: Request, task_id: str) -> Response:
        await pages.team.previewing.open(await pages.visitor(request), task_id)
        return lead(request, f"/tasks/{task_id}#preview")

    @routes.post("/tasks/{task_id}/preview/stop")
    async def stop(request: Request, task_id: str) -> Response:
        await pages.team.previewing.stop(await pages.visitor(request), task_id)
        return lead(request, f"/tasks/{task_id}#preview")

    return routes
