"""Coming in and going out. To open a link does nothing yet: chats and browsers open links before people do."""

from typing import Annotated

from fastapi import APIRouter, Form, Request
from fastapi.responses import RedirectResponse, Response

from honk.web.pages import Pages

BAD_LINK = (
    "This link lets nobody in (any more): it is good once, and for 15 minutes. Nothing was done. Ask whoever sent it "
    "for a new one; the owner of this server gets one by: honk people link"
)


def enter_routes(pages: Pages) -> APIRouter:
    """`/enter` by a link, `/leave`."""
    routes, entrance = APIRouter(), pages.entrance

    @routes.get("/enter")
    async def arrive(key: str = "") -> Response:
        if not await entrance.ways_in.is_link_good(key):
            return pages.page("enter.html", status=403, key=None, words=BAD_LINK)
        return pages.page("enter.html", key=key, words=None)

    @routes.post("/enter")
    async def enter(request: Request, key: Annotated[str, Form()]) -> Response:
        session = await entrance.sign_in(key, request.cookies)
        if session is None:
            return pages.page("enter.html", status=403, key=None, words=BAD_LINK)
        answer = RedirectResponse("/", status_code=303)
        # Lax: a link from a chat to a task must find its reader signed in. Unsafe methods are guarded by themselves.
        answer.set_cookie(entrance.cookie, session, httponly=True, samesite="lax", secure=entrance.is_secure)
        return answer

    @routes.post("/leave")
    async def leave(request: Request) -> Response:
        who = await pages.visitor(request)
        if (await request.form()).get("everywhere"):
            await entrance.ways_in.end_all_sessions(who.member)
        await entrance.sign_out(request.cookies)
        answer = RedirectResponse("/enter", status_code=303)
        answer.delete_cookie(entrance.cookie, httponly=True, samesite="lax", secure=entrance.is_secure)
        return answer

    return routes
