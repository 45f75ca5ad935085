"""Previews' own hosts, before all routes of the console: what is asked there never reaches one of ours.

Whoever comes needs a pass, a cookie of exactly that host, and gets it for a link that the console signed a minute ago.
"""

import asyncio
import re
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import parse_qs
from zipfile import BadZipFile

from starlette.requests import cookie_parser
from starlette.types import ASGIApp, Receive, Scope, Send

from honk.base.errors import HonkError
from honk.desks.previews import Previewing
from honk.domain.audit import Who
from honk.domain.people import Door
from honk.domain.preview import Artifact, Preview, PreviewState
from honk.preview.declared import KINDS
from honk.preview.exchange import Answered, Asked, BadAnswer, exchange
from honk.preview.hosts import Hosts
from honk.preview.passage import (
    COOKIE,
    SECURE_COOKIE,
    Elsewhere,
    Header,
    Place,
    answered_headers,
    asked_headers,
    is_from_its_own_page,
    is_service_worker,
)
from honk.preview.site import Site
from honk.preview.tickets import PASS_SECONDS, Ticket, Use, read, written
from honk.team import Team
from honk.web.origin import safe_path
from honk.web.preview_socket import refuse, relay_socket
from honk.web.preview_visit import BODY_BYTES, Visit
from honk.web.threshold import REACHED

OWN = "/.honk/"
"""Paths of a preview's host that are ours."""
_PLAIN = re.compile(r"[^A-Za-z0-9._-]+")
MOST_AT_ONCE = 64
"""Requests to one preview."""
FILES_AT_ONCE = 4
"""Built files, each whole in memory while it is handed out."""
SITES_AT_HAND = 2
START_SECONDS = 20.0
"""How long a browser waits for one that starts, before it is told so."""


class PreviewDoor:
    """An ASGI application around the console's."""

    def __init__(self, app: ASGIApp, *, team: Team, hosts: Hosts, console: str) -> None:
        """`console` is the origin that people know Honk by."""
        self._app, self._hosts, self._console = app, hosts, console
        self._team = team
        self._used: dict[str, float] = {}
        self._busy: dict[str, int] = {}
        self._sites: dict[str, Site] = {}
        self._reading = asyncio.Lock()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """By the host alone."""
        if scope["type"] not in ("http", "websocket"):
            return await self._app(scope, receive, send)
        named = [value for name, value in scope["headers"] if name == b"host"]
        labels = [label for host in named if (label := self._hosts.label_in(host.decode("latin-1"))) is not None]
        label = None if not labels else labels[0] if len(named) == 1 else ""
        if label is None:
            # The console has no web socket.
            return await (refuse(send) if scope["type"] == "websocket" else self._app(scope, receive, send))
        if not label and scope["path"].startswith(REACHED):
            return await self._app(scope, receive, send)  # `honk doctor --phone` asks by a name that is no preview's
        visit = Visit(scope, receive, send, self._hosts.place_of(label, 0))
        preview = await self._previewing.desk.of_label(label) if label else None
        if scope["type"] == "websocket":
            return await self._socket(visit, preview)
        if preview is None:
            return await visit.page(404, "No preview", "There is no preview of this name.")
        if scope["path"].startswith(OWN):
            return await self._own(visit, preview)
        if (person_id := self._let_in(visit, preview)) is None or not await self._may_look(person_id, preview):
            back = f"{self._console}/previews/{preview.label}"
            words = "Previews are for people who may see the repository. Open it from Honk:"
            return await visit.page(401, "Not signed in", words, link=back)
        if not is_from_its_own_page(scope["method"], scope["headers"]):
            return await visit.page(403, "Refused", "Another site sent this request. Nothing was done with it.")
        if is_service_worker(scope["headers"]):
            return await visit.page(403, "Refused", "No worker of a preview may outlive it.")
        await self._look(visit, preview, who_of_pass(person_id))

    async def _socket(self, visit: Visit, preview: Preview | None) -> None:
        """A web socket of the preview's own page, to one that runs."""
        scope, send = visit.scope, visit.send
        origins = [value for name, value in scope["headers"] if name == b"origin"]
        if preview is None or origins != [visit.place.origin.encode()]:
            return await refuse(send)
        if (person_id := self._let_in(visit, preview)) is None or not await self._may_look(person_id, preview):
            return await refuse(send)
        port, connection = await self._reached(preview)
        if port is None or connection is None:
            return await refuse(send)
        with self._counted(preview):
            await relay_socket(scope, visit.receive, send, connection, self._hosts.place_of(preview.label, port))

    async def _reached(self, preview: Preview) -> tuple[int | None, socket.socket | None]:
        """Where it listens, and a connection to it, as far as it may be asked more."""
        if self._busy.get(preview.label, 0) >= MOST_AT_ONCE:
            return None, None
        desk = self._previewing.desk
        return desk.port_of(preview.label), await desk.connect(preview.label)

    @contextmanager
    def _counted(self, preview: Preview) -> Iterator[None]:
        self._busy[preview.label] = self._busy.get(preview.label, 0) + 1
        try:
            with self._previewing.desk.watched(preview.label):
                yield
        finally:
            self._busy[preview.label] -= 1
            if not self._busy[preview.label]:
                del self._busy[preview.label]

    @property
    def _previewing(self) -> Previewing:
        return self._team.previewing

    async def _may_look(self, person_id: str, preview: Preview) -> bool:
        return await self._previewing.may_look(person_id, preview)

    def _let_in(self, visit: Visit, preview: Preview) -> str | None:
        """Whose pass the browser shows; None for a stranger."""
        cookies = [value.decode("latin-1") for name, value in visit.scope["headers"] if name == b"cookie"]
        shown = cookie_parser("; ".join(cookies)).get(self._cookie, "")
        ticket = read(self._previewing.desk.key, shown, Use.PASS, preview.label, time.time())
        return ticket.person_id if ticket is not None else None

    @property
    def _cookie(self) -> str:
        return SECURE_COOKIE if self._hosts.scheme == "https" else COOKIE

    async def _own(self, visit: Visit, preview: Preview) -> None:
        path, query = visit.scope["path"], parse_qs(visit.scope["query_string"].decode("latin-1"))
        shown = query.get("ticket", [""])[0]
        if path == f"{OWN}file" and visit.scope["method"] in ("GET", "HEAD"):
            return await self._file(visit, preview, shown)
        if path == f"{OWN}enter" and visit.scope["method"] == "GET":
            return await self._enter(visit, preview, shown, safe_path(query.get("to", ["/"])[0]))
        await visit.page(404, "Not here", "There is nothing at this address.")

    async def _file(self, visit: Visit, preview: Preview, shown: str) -> None:
        """The built file, to whoever has the link, while the preview is there and whose link it was may see it."""
        ticket = read(self._previewing.desk.key, shown, Use.FILE, preview.label, time.time())
        artifact = preview.artifact
        if (
            ticket is None or artifact is None or artifact.kind == "site" or ticket.nonce != artifact.digest
            or not await self._may_look(ticket.person_id, preview)
        ):  # fmt: skip
            back = f"{self._console}/previews/{preview.label}"
            return await visit.page(403, "Too old", "This link is too old. A new one:", link=back)
        if preview.state is not PreviewState.BUILT:
            return await self._instead(visit, preview)
        if self._busy.get(preview.label, 0) >= FILES_AT_ONCE:
            return await visit.page(503, "Busy", "This file is fetched too much at once. Try again in a moment.")
        with self._counted(preview):
            await self._hand_out(visit, preview, artifact)

    async def _hand_out(self, visit: Visit, preview: Preview, artifact: Artifact) -> None:
        try:
            content = await self._previewing.desk.file(preview)
        except HonkError as error:
            return await visit.page(410, "Not to be had", str(error))
        name = _PLAIN.sub("-", artifact.name)[-100:] or "file"
        kind = KINDS.get(f".{artifact.kind}", "application/octet-stream")
        headers = [(b"content-type", kind.encode()), (b"content-length", str(len(content)).encode()),
                   (b"content-disposition", f'attachment; filename="{name}"'.encode())]  # fmt: skip
        await visit.answer(200, headers, () if visit.scope["method"] == "HEAD" else (content,))

    async def _site(self, visit: Visit, preview: Preview) -> None:
        """A page of a built site."""
        if visit.scope["method"] not in ("GET", "HEAD"):
            return await visit.page(405, "Only to be read", "A built site takes nothing in.")
        try:
            site = await self._site_of(preview)
        except (HonkError, BadZipFile) as error:
            return await visit.page(410, "Not to be had", str(error))
        found = site.page(visit.scope["raw_path"])
        page = found or site.missing()
        headers = [(b"content-type", page.kind.encode()), (b"content-length", str(page.size_bytes).encode())]
        await visit.answer(200 if found else 404, headers, () if visit.scope["method"] == "HEAD" else page.parts)

    async def _site_of(self, preview: Preview) -> Site:
        """The site, as it was when its digest was looked at: the newest few are at hand."""
        async with self._reading:  # a page asks for many files at once
            if (known := self._sites.pop(preview.label, None)) is None:
                known = await asyncio.to_thread(Site.of, await self._previewing.desk.file(preview))
            self._sites[preview.label] = known
            while len(self._sites) > SITES_AT_HAND:
                self._sites.pop(next(iter(self._sites)))
            return known

    async def _enter(self, visit: Visit, preview: Preview, shown: str, path: str) -> None:
        now = time.time()
        ticket = read(self._previewing.desk.key, shown, Use.ENTER, preview.label, now)
        self._used = {nonce: until for nonce, until in self._used.items() if until > now}
        is_fresh = ticket is not None and ticket.nonce not in self._used
        if ticket is not None:
            self._used[ticket.nonce] = ticket.until  # before anything is waited for: it opens once
        if ticket is None or not is_fresh or not await self._may_look(ticket.person_id, preview):
            back = f"{self._console}/previews/{preview.label}"
            return await visit.page(403, "Too old", "This link was used, or is too old. A new one:", link=back)
        await self._previewing.desk.note_opened(preview.label, who_of_pass(ticket.person_id))
        passed = Ticket(use=Use.PASS, label=preview.label, person_id=ticket.person_id, until=now + PASS_SECONDS)
        secure = "; Secure" if self._hosts.scheme == "https" else ""
        cookie = (
            f"{self._cookie}={written(self._previewing.desk.key, passed)}; Path=/; HttpOnly; SameSite=Lax; "
            f"Max-Age={PASS_SECONDS:.0f}{secure}"
        )
        led = path if not path.startswith(OWN) else "/"
        await visit.answer(303, [(b"location", led.encode()), (b"set-cookie", cookie.encode())])

    async def _look(self, visit: Visit, preview: Preview, who: Who) -> None:
        """Hand the request on, to one that is woken first if need be."""
        desk = self._previewing.desk
        if preview.state is PreviewState.ASLEEP:
            preview = await desk.wake(preview.label, who) or preview
        if preview.state is PreviewState.STARTING:
            await desk.settled(preview.label, START_SECONDS)
            preview = await desk.of_label(preview.label) or preview
        if preview.state is PreviewState.BUILT and preview.artifact is not None and preview.artifact.kind == "site":
            return await self._site(visit, preview)
        if preview.state is not PreviewState.RUNNING:
            return await self._instead(visit, preview)
        if self._busy.get(preview.label, 0) >= MOST_AT_ONCE:
            return await visit.page(503, "Busy", "This preview is asked too much at once. Try again in a moment.")
        with self._counted(preview):
            await self._relay(visit, preview)

    async def _instead(self, visit: Visit, preview: Preview) -> None:
        """Why there is nothing to see."""
        if preview.state is PreviewState.STARTING:
            return await visit.page(503, "It starts…", preview.words, again_seconds=2)
        title = {PreviewState.GONE: "This preview is gone", PreviewState.ASLEEP: "It sleeps"}.get(
            preview.state, "This preview failed"
        )
        status = 410 if preview.state is PreviewState.GONE else 502
        back = f"{self._console}/tasks/{preview.task_id}#preview"
        await visit.page(status, title, preview.words, log=preview.log, link=back)

    async def _relay(self, visit: Visit, preview: Preview) -> None:
        connection = await self._previewing.desk.connect(preview.label)
        port = self._previewing.desk.port_of(preview.label)
        if connection is None or port is None:
            return await visit.page(502, "No answer", "The preview takes no connection just now.")
        place = self._hosts.place_of(preview.label, port)
        scope = visit.scope
        target = scope["raw_path"] + (b"?" + scope["query_string"] if scope["query_string"] else b"")
        length, has_body = _body_of(scope["headers"])
        if length is not None and length > BODY_BYTES:
            connection.close()
            return await visit.page(413, "Too long", f"A request to a preview may have {BODY_BYTES >> 20} MiB.")
        asked = Asked(method=scope["method"], target=target, headers=asked_headers(scope["headers"], place),
                      length=length, has_body=has_body)  # fmt: skip
        handing = asyncio.create_task(self._exchanged(visit, connection, asked, place))
        leaving = asyncio.create_task(visit.left(has_body=has_body))
        try:
            await asyncio.wait((handing, leaving), return_when=asyncio.FIRST_COMPLETED)
        finally:
            ended = handing.done()
            for one in (handing, leaving):
                one.cancel()
            await asyncio.wait((handing, leaving))
        if ended:
            await handing

    async def _exchanged(self, visit: Visit, connection: socket.socket, asked: Asked, place: Place) -> None:
        try:
            async with exchange(connection, asked, visit.body()) as answered:
                await self._hand_back(visit, answered, place)
        except Elsewhere as led:
            words = f"The preview leads to another host, {led.host}. It is not followed from here."
            await visit.page(403, "It leads elsewhere", words)
        except BadAnswer as error:
            await visit.page(502, "No answer", f"The preview gave nothing that can be shown: {error}.")

    async def _hand_back(self, visit: Visit, answered: Answered, place: Place) -> None:
        await visit.start(answered.status, answered_headers(answered.headers, place))
        async for part in answered.body:
            await visit.send({"type": "http.response.body", "body": part, "more_body": True})
        await visit.send({"type": "http.response.body", "body": b"", "more_body": False})


def who_of_pass(person_id: str) -> Who:
    """Whoever shows it, for the audit log."""
    return Who(name=person_id, person_id=person_id, door=str(Door.CONSOLE))


def _body_of(headers: list[Header]) -> tuple[int | None, bool]:
    """The told length of a request's body, and whether there is one."""
    told = dict(headers)
    if b"transfer-encoding" in told:
        return None, True
    length = told.get(b"content-length", b"")
    return (int(length), int(length) > 0) if length.isdigit() and len(length) < 16 else (None, False)
