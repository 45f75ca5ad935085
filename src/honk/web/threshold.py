"""What every request to the server passes, whatever route it is for: host, size, kind, origin, token; and the headers
that every answer gets. It stands before all routes at once, so that none can forget it."""

import asyncio
import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from urllib.parse import parse_qsl

from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.requests import cookie_parser
from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from honk.entrance import csrf_of
from honk.web.origin import is_host_ours, why_foreign
from honk.web.pages import FIELDS, Pages, kept

FORM_BYTES = 256 << 10
"""A request of 64 KiB fits, however it is encoded. What goes to the API is bounded there."""
BODY_SECONDS = 30.0
MOST_FIELDS = 200
SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
FORM, PROBLEM = "application/x-www-form-urlencoded", "application/problem+json"
API = "/api/"
BEFORE_SESSIONS = "/enter"
"""Signing in: there is no session yet whose token could be asked for, so its origin alone is looked at."""
STATIC, REACHED = "/static/", "/reached/"
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; "
    "connect-src 'self'; manifest-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
HEADERS: Mapping[str, str] = {
    "content-security-policy": POLICY,
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    # Not "no-referrer": under that browsers send `Origin: null` from our own forms, as a stranger's sandbox does.
    "referrer-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal(Exception):
    """An answer before any route was asked."""

    status: int
    words: str


class Threshold:
    """An ASGI application around another one."""

    def __init__(self, app: ASGIApp, *, pages: Pages, public_url: str) -> None:
        self._app = app
        self._pages = pages
        self._public_url = public_url

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Refused requests never reach a route."""
        if scope["type"] != "http":
            raise RuntimeError("Honk is asked over plain HTTP only.")
        send = self._with_headers(scope, send)
        try:
            answer = await self._looked_at(scope, receive, send)
        except Refusal as refusal:
            answer = _refused(scope, refusal)
        if answer is not None:
            await answer(scope, receive, send)

    async def _looked_at(self, scope: Scope, receive: Receive, send: Send) -> Response | None:
        """None where a route answered. Raises Refusal."""
        headers = Headers(scope=scope)
        listening = (scope.get("server") or ("",))[0]
        is_ours = is_host_ours(headers.get("host", ""), self._public_url, listening)
        if not is_ours and not scope["path"].startswith(REACHED):
            raise Refusal(status=421, words="Honk is not known by this host name. Its operator sets serve.public_url.")
        if "authorization" in headers:
            # Who shows a token comes in by it or not at all: a cookie beside it counts for nothing.
            scope["headers"] = [(name, value) for name, value in scope["headers"] if name != b"cookie"]
        if scope["method"] in SAFE:
            await self._app(scope, receive, send)
            return None
        is_form = not scope["path"].startswith(API)
        body = await _whole(headers, receive) if is_form else b""
        fields = _fields(headers, body)
        if "authorization" not in headers:
            if (why := why_foreign(headers, scope["scheme"], self._public_url)) is not None:
                raise Refusal(status=403, words=f"Nothing was done with this request: {why}.")
            session = cookie_parser(headers.get("cookie", "")).get(self._pages.entrance.cookie, "")
            if session and not _is_meant(scope, headers, fields, session):
                return self._asked_again(scope, fields, session)
        scope.setdefault("state", {})[FIELDS] = fields
        await self._app(scope, _replayed(body, receive) if is_form else receive, send)
        return None

    def _asked_again(self, scope: Scope, fields: Mapping[str, str], session: str) -> Response:
        """The words go back to who sent them, with the token that they lacked: one tap, and they are sent again."""
        if scope["path"].startswith(API):
            words = "Nothing was done: send this session's token in the header X-CSRF-Token, or an API token."
            return _refused(scope, Refusal(status=403, words=words))
        return self._pages.page(
            "again.html", status=403, action=scope["path"], fields=kept(fields), csrf=csrf_of(session)
        )

    def _with_headers(self, scope: Scope, send: Send) -> Send:
        async def sent(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    headers.setdefault(name, value)
                if not scope["path"].startswith(STATIC):
                    headers.setdefault("cache-control", "no-store")
                if self._public_url.startswith("https:"):
                    headers.setdefault("strict-transport-security", "max-age=31536000")
            await send(message)

        return sent


def _is_meant(scope: Scope, headers: Headers, fields: Mapping[str, str], session: str) -> bool:
    """Whether it brings the token of the session that it would act by."""
    if scope["path"] == BEFORE_SESSIONS:
        return True
    shown = headers.get("x-csrf-token") or fields.get("csrf", "")
    return hmac.compare_digest(shown.encode("utf-8", "replace"), csrf_of(session).encode())


async def _whole(headers: Headers, receive: Receive) -> bytes:
    """The body. One that is too long is not read to its end. Raises Refusal."""
    told = headers.get("content-length", "0")
    too_long = Refusal(status=413, words=f"The request is longer than {FORM_BYTES >> 10} KiB. Nothing was done.")
    if not told.isdecimal() or int(told[:20]) > FORM_BYTES:
        raise too_long
    body = bytearray()
    try:
        async with asyncio.timeout(BODY_SECONDS):
            while True:
                message = await receive()
                if message["type"] != "http.request":
                    raise Refusal(status=400, words="The request broke off. Nothing was done.")
                body += message.get("body", b"")
                if len(body) > FORM_BYTES:
                    raise too_long
                if not message.get("more_body", False):
                    return bytes(body)
    except HTTPException as error:  # a bound around us
        raise Refusal(status=error.status_code, words=error.detail) from error
    except TimeoutError as error:
        raise Refusal(status=408, words="The request took too long to arrive. Nothing was done.") from error


def _fields(headers: Headers, body: bytes) -> Mapping[str, str]:
    """A form's fields. Raises Refusal for a body of another kind."""
    if not body:
        return {}
    if headers.get("content-type", "").partition(";")[0].strip().lower() != FORM:
        raise Refusal(status=415, words=f"Only {FORM} is understood here. Nothing was done.")
    try:
        text = body.decode("ascii")
        return dict(parse_qsl(text, keep_blank_values=True, max_num_fields=MOST_FIELDS, errors="replace"))
    except ValueError as error:
        raise Refusal(status=400, words="The form cannot be read. Nothing was done.") from error


def _replayed(body: bytes, receive: Receive) -> Receive:
    is_told = False

    async def once() -> Message:
        nonlocal is_told
        if is_told:
            return await receive()
        is_told = True
        return {"type": "http.request", "body": body, "more_body": False}

    return once


def _refused(scope: Scope, refusal: Refusal) -> Response:
    headers = {"connection": "close"} if refusal.status in (408, 413) else None
    if scope["path"].startswith(API):
        told = {"type": "about:blank", "title": HTTPStatus(refusal.status).phrase, "status": refusal.status}
        return JSONResponse({**told, "detail": refusal.words}, refusal.status, headers, PROBLEM)
    return Response(refusal.words, refusal.status, headers=headers, media_type="text/plain")
