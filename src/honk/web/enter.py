"""Coming in and going out. To open a link does nothing yet: chats and browsers open links before people do."""

from typing import Annotated

from fastapi import APIRouter, Form, Request
from fastapi.responses import RedirectResponse, Response

from honk.web.origin import safe_path
from honk.web.pages import FIELDS, Pages, kept

BAD_LINK = (
    "This link lets nobody in (any more): it is good once, and for 15 minutes. Nothing was done. Ask whoever sent it "
    "for a new one; the owner of this server gets one by: honk people link"
)
FIRST = (
    "Sign in first: by the link that an administrator sent you (they get one by: honk people link EMAIL). A link is "
    "good once, and for 15 minutes."
)
EXPIRED = (
    "You are not signed in any more, so nothing was done. Your words are kept on this page, and nowhere else: sign in "
    "in another tab, come back here, and send them again."
)


def enter_routes(pages: Pages) -> APIRouter:
    """`/enter` by a link, `/leave`."""
    routes, entrance = APIRouter(), pages.entrance

    @routes.get("/enter")
    async def arrive(key: str = "", next: str = "/") -> Response:
        if not key:
            return pages.sign_in_page(words=FIRST, next=safe_path(next))
        if not await entrance.ways_in.is_link_good(key):
            return _bad_link(pages)
        return pages.sign_in_page(key=key, next=safe_path(next))

    @routes.post("/enter")
    async def enter(request: Request, key: Annotated[str, Form()], next: Annotated[str, Form()] = "/") -> Response:
        session = await entrance.sign_in(key, request.cookies)
        if session is None:
            return _bad_link(pages)
        answer = RedirectResponse(safe_path(next), status_code=303)
        pages.keep_session(answer, session)
        return answer

    @routes.post("/leave")
    async def leave(request: Request) -> Response:
        who = await pages.visitor(request)
        if getattr(request.state, FIELDS, {}).get("everywhere"):
            await entrance.ways_in.end_all_sessions(who.member)
        await entrance.sign_out(request.cookies)
        answer = RedirectResponse("/enter", status_code=303)
        answer.delete_cookie(entrance.cookie, httponly=True, samesite="lax", secure=entrance.is_secure)
        return answer

    return routes


async def sign_in_first(pages: Pages, request: Request, _stranger: Exception) -> Response:
    """The answer to who is not signed in (any more). What they had just written stays on the page, to be sent again."""
    fields = kept(getattr(request.state, FIELDS, {}))
    path = request.url.path if request.method == "GET" else "/"
    words = EXPIRED if fields else FIRST
    return pages.sign_in_page(words=words, status=401, next=safe_path(path), action=request.url.path, fields=fields)


def _bad_link(pages: Pages) -> Response:
    return pages.sign_in_page(words=BAD_LINK, status=403)
