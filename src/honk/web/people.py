"""The team's people, for administrators: who is here, and what each may do."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Annotated, Literal

from fastapi import APIRouter, Form, Request
from fastapi.responses import Response

from honk.base.errors import UsageError
from honk.domain.passes import link_to
from honk.domain.people import EVERYWHERE, Member, Refused, Role
from honk.entrance import SignedIn
from honk.web.pages import Pages, lead

PAGE = "/people"
NONE = "none"
Email = Annotated[str, Form(max_length=320)]
Name = Annotated[str, Form(max_length=400)]
Where = Annotated[str, Form(max_length=200)]
Wanted = Annotated[Literal["none", "reader", "requester", "approver", "admin"], Form()]
Act = Callable[[SignedIn], Awaitable[tuple[Member, str] | Member]]
"""What an administrator does to somebody; with the secret of a link, where it makes one."""


def people_routes(pages: Pages, public_url: str) -> APIRouter:
    """`/people`."""
    routes, team, page = APIRouter(prefix=PAGE), pages.team, _Page(pages, public_url)

    @routes.get("")
    async def show(request: Request) -> Response:
        return await page.shown(await pages.visitor(request))

    @routes.post("")
    async def add(
        request: Request, email: Email = "", name: Name = "", role: Wanted = "requester", where: Where = EVERYWHERE
    ) -> Response:
        fields = {"email": email, "name": name}
        return await page.done(request, lambda who: team.roster.add(who, email, name, _role(role), where), fields)

    @routes.post("/link")
    async def link(request: Request, email: Email) -> Response:
        return await page.done(request, lambda who: team.roster.link(who, email))

    @routes.post("/grant")
    async def grant(request: Request, email: Email, role: Wanted, where: Where = EVERYWHERE) -> Response:
        return await page.done(request, lambda who: team.roster.grant(who, email, _role(role), where))

    @routes.post("/leave")
    async def let_go(request: Request, email: Email) -> Response:
        return await page.done(request, lambda who: team.roster.let_go(who, email))

    return routes


@dataclass(frozen=True, slots=True)
class _Page:
    pages: Pages
    public_url: str

    async def done(self, request: Request, act: Act, fields: Mapping[str, str] | None = None) -> Response:
        """The page as it is then; a link is shown this once, and what was typed for nothing stays in its fields."""
        who = await self.pages.visitor(request)
        try:
            came = await act(who)
        except Refused:
            raise
        except UsageError as error:
            return await self.shown(who, status=422, words=str(error), fields=fields)
        if isinstance(came, Member):
            return lead(request, PAGE)
        url = self.public_url or f"{request.url.scheme}://{request.headers['host']}"
        return await self.shown(who, link=link_to(url, came[1]), new=came[0])

    async def shown(
        self, who: SignedIn, *, status: int = 200, words: str = "", link: str = "", new: Member | None = None,
        fields: Mapping[str, str] | None = None,
    ) -> Response:  # fmt: skip
        """Raises Refused."""
        members, offered = await self.pages.team.roster.all(who), await self.pages.team.repositories(who)
        return self.pages.page(
            "people.html", status=status, who=who, members=members, words=words, link=link, new=new, roles=tuple(Role),
            repositories=offered, names={one.repository_id: one.name for one in offered}, everywhere=EVERYWHERE,
            fields=fields or {"email": "", "name": ""},
        )  # fmt: skip


def _role(text: str) -> Role | None:
    return None if text == NONE else Role(text)
