"""The page on which a person lets a change merge, and what they do there."""

from typing import Annotated

from fastapi import APIRouter, Form, Request
from fastapi.responses import Response

from honk.base.errors import UsageError
from honk.domain.people import Refused
from honk.entrance import SignedIn
from honk.insight.proof import proof_of
from honk.web.pages import Pages, lead

Sha = Annotated[str, Form(min_length=1, max_length=64)]
Sentence = Annotated[str, Form(max_length=4000)]


def ship_routes(pages: Pages) -> APIRouter:
    """`/tasks/ID/ship` and what is below it."""
    routes = APIRouter(prefix="/tasks/{task_id}/ship")

    @routes.get("")
    async def show(request: Request, task_id: str) -> Response:
        return await _page(pages, await pages.visitor(request), task_id)

    @routes.post("")
    async def approve(request: Request, task_id: str, head_sha: Sha, sentence: Sentence = "") -> Response:
        who = await pages.visitor(request)
        try:
            await pages.team.shipping.approve(who, task_id, head_sha, sentence)
        except Refused:
            raise
        except UsageError as error:
            return await _page(pages, who, task_id, refusal=str(error), sentence=sentence, status=422)
        return lead(request, f"/tasks/{task_id}")

    @routes.post("/withdraw")
    async def withdraw(request: Request, task_id: str) -> Response:
        who = await pages.visitor(request)
        await pages.team.shipping.withdraw(who, task_id)
        return lead(request, f"/tasks/{task_id}")

    return routes


async def _page(
    pages: Pages, who: SignedIn, task_id: str, *, refusal: str = "", sentence: str = "", status: int = 200
) -> Response:
    ship = await pages.team.shipping.look(who, task_id)
    if ship is None:
        raise UsageError("This task has no pull request: there is nothing to merge.")
    look = ship.sight.look
    return pages.page(
        "ship.html", status=status, who=who, ship=ship, task=ship.sight.task, task_id=task_id,
        proof=proof_of(look.examination, look.verdict), files=ship.sight.run.change.files if ship.sight.run.change
        else (), refusal=refusal, sentence=sentence,
    )  # fmt: skip
