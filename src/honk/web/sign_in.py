"""Signing in by another system: away, and back with a code that only the browser that left can use."""

import base64
import hmac
import json
from collections.abc import Mapping
from dataclasses import dataclass, field

from fastapi import APIRouter, Request
from fastapi.responses import RedirectResponse, Response

from honk.base.errors import HonkError
from honk.people import Departure
from honk.web.origin import safe_path
from honk.web.pages import Pages
from honk.workflows.recognition import Recognition

AWAY, BACK = "/enter/oidc", "/enter/oidc/answer"
COOKIE_SECONDS = 600
NOT_OURS = (
    "This answer belongs to no sign-in that this browser began, or to one that was over. Nobody was signed in. "
    "Begin again."
)
DECLINED = "The other system did not sign you in. Nothing was done. Begin again, or ask an administrator for a link."


@dataclass(frozen=True, slots=True, kw_only=True)
class Errand:
    """What the browser keeps while it is away."""

    state: str = field(repr=False)
    nonce: str = field(repr=False)
    verifier: str = field(repr=False)
    next: str = "/"


def sign_in_routes(pages: Pages, recognition: Recognition, public_url: str) -> APIRouter:
    """`/enter/oidc` and the way back."""
    routes, entrance = APIRouter(), pages.entrance
    cookie = "__Host-honk_errand" if entrance.is_secure else "honk_errand"

    def refused(words: str, status: int = 403) -> Response:
        answer = pages.sign_in_page(words=words, status=status)
        answer.delete_cookie(cookie, httponly=True, samesite="lax", secure=entrance.is_secure)
        return answer

    @routes.get(AWAY)
    async def depart(request: Request, next: str = "/") -> Response:
        try:
            departure = await recognition.directory.depart(_back(request, public_url))
        except HonkError as error:
            return refused(str(error), 502)
        answer = RedirectResponse(departure.url, status_code=303)
        errand = Errand(state=departure.state, nonce=departure.nonce, verifier=departure.verifier, next=safe_path(next))
        # Lax: the way back begins on another site. Only this browser has what its answer is checked with.
        answer.set_cookie(
            cookie, _packed(errand), max_age=COOKIE_SECONDS, httponly=True, samesite="lax", secure=entrance.is_secure
        )
        return answer

    @routes.get(BACK)
    async def come_back(request: Request, state: str = "", code: str = "", iss: str = "", error: str = "") -> Response:
        errand = _unpacked(request.cookies.get(cookie, ""))
        if errand is None or not hmac.compare_digest(state.encode("utf-8", "replace"), errand.state.encode()):
            return refused(NOT_OURS)
        if iss and iss != recognition.directory.issuer:
            return refused(NOT_OURS)
        if error or not code:
            return refused(DECLINED)
        departure = Departure(url="", state=errand.state, nonce=errand.nonce, verifier=errand.verifier)
        try:
            session = await recognition.enter(departure, code, _back(request, public_url))
        except HonkError as why:
            return refused(str(why))
        await entrance.sign_out(request.cookies)
        answer = RedirectResponse(safe_path(errand.next), status_code=303)
        answer.delete_cookie(cookie, httponly=True, samesite="lax", secure=entrance.is_secure)
        pages.keep_session(answer, session)
        return answer

    return routes


def _back(request: Request, public_url: str) -> str:
    """Where the other system sends the browser: an address of ours, for the threshold has looked at the host."""
    here = f"{request.url.scheme}://{request.headers['host']}"
    return f"{public_url or here}{BACK}"


def _packed(errand: Errand) -> str:
    told = {"state": errand.state, "nonce": errand.nonce, "verifier": errand.verifier, "next": errand.next}
    return base64.urlsafe_b64encode(json.dumps(told).encode()).decode()


def _unpacked(text: str) -> Errand | None:
    """None for what we never packed."""
    try:
        told = json.loads(base64.urlsafe_b64decode(text.encode("ascii")))
    except ValueError:
        return None
    if not isinstance(told, Mapping) or set(told) != {"state", "nonce", "verifier", "next"}:
        return None
    if not all(isinstance(value, str) and value.isascii() and value for value in told.values()):
        return None
    return Errand(**told)
