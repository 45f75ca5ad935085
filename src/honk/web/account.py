"""A person's own page: the tokens of their programs, and signing out."""

from datetime import timedelta
from typing import Annotated

from fastapi import APIRouter, Form, Request
from fastapi.responses import RedirectResponse, Response

from honk.base.errors import UsageError
from honk.domain.audit import who_of
from honk.entrance import SignedIn
from honk.web.pages import Pages


def account_routes(pages: Pages) -> APIRouter:
    """`/account`."""
    routes, ways_in = APIRouter(prefix="/account"), pages.entrance.ways_in

    async def shown(who: SignedIn, *, status: int = 200, secret: str = "", words: str = "") -> Response:
        tokens = await ways_in.tokens_of(who.member)
        return pages.page("account.html", status=status, who=who, tokens=tokens, secret=secret, words=words)

    @routes.get("")
    async def show(request: Request) -> Response:
        return await shown(await pages.visitor(request))

    @routes.post("/tokens")
    async def new(
        request: Request, name: Annotated[str, Form()] = "", days: Annotated[int, Form(ge=1, le=366)] = 90
    ) -> Response:
        who = await pages.visitor(request)
        try:
            secret, _ = await ways_in.new_token(who.member, name, timedelta(days=days), who=who_of(who))
        except UsageError as error:
            return await shown(who, status=422, words=str(error))
        return await shown(who, secret=secret)

    @routes.post("/tokens/{token_id}/revoke")
    async def revoke(request: Request, token_id: str) -> Response:
        who = await pages.visitor(request)
        try:
            await ways_in.revoke_token(who.member, token_id, who=who_of(who))
        except UsageError as error:
            return await shown(who, status=404, words=str(error))
        return RedirectResponse("/account", status_code=303)

    return routes
