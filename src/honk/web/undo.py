"""The page on which a person takes a merged change back."""

from collections.abc import Awaitable, Callable
from typing import Annotated

from fastapi import APIRouter, Form, Request
from fastapi.responses import Response

from honk.base.errors import UsageError
from honk.domain.people import Refused, Visitor
from honk.entrance import SignedIn
from honk.web.pages import Pages, lead

Sha = Annotated[str, Form(min_length=1, max_length=64)]


def undo_routes(pages: Pages) -> APIRouter:
    """`/tasks/ID/undo`, and what may be done instead."""
    routes = APIRouter(prefix="/tasks/{task_id}/undo")

    @routes.get("")
    async def show(request: Request, task_id: str) -> Response:
        return await _page(pages, await pages.visitor(request), task_id)

    @routes.post("")
    async def undo(request: Request, task_id: str, merged_sha: Sha) -> Response:
        return await _done(pages, request, task_id, merged_sha, pages.team.production.undo)

    @routes.post("/again")
    async def again(request: Request, task_id: str, merged_sha: Sha) -> Response:
        return await _done(pages, request, task_id, merged_sha, pages.team.production.again)

    return routes


async def _done(
    pages: Pages, request: Request, task_id: str, merged_sha: str, act: Callable[[Visitor, str, str], Awaitable[object]]
) -> Response:
    """Back to the task; where it cannot be done, the page with the reason."""
    who = await pages.visitor(request)
    try:
        await act(who, task_id, merged_sha)
    except Refused:
        raise
    except UsageError as error:
        return await _page(pages, who, task_id, refusal=str(error), status=422)
    return lead(request, f"/tasks/{task_id}")


async def _page(pages: Pages, who: SignedIn, task_id: str, *, refusal: str = "", status: int = 200) -> Response:
    look = await pages.team.production.outlook(who, task_id)
    return pages.page(
        "undo.html", status=status, who=who, task=look.task, outlook=look.outlook, may_not=look.may_not,
        refusal=refusal,
    )  # fmt: skip
