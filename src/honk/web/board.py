"""The board, and asking from it."""

from typing import Annotated

from fastapi import APIRouter, Form, Request
from fastapi.responses import RedirectResponse, Response

from honk.base.errors import HonkError
from honk.team import NewRequest
from honk.web.pages import Pages


def board_routes(pages: Pages) -> APIRouter:
    """`/` and a new request."""
    routes = APIRouter()

    @routes.get("/")
    async def board(request: Request) -> Response:
        who = await pages.visitor(request)
        tasks, repositories = await pages.team.tasks(who), await pages.team.repositories(who)
        return pages.page("board.html", who=who, tasks=tasks, repositories=repositories)

    @routes.post("/tasks")
    async def ask(request: Request, repository_id: Annotated[str, Form()], prompt: Annotated[str, Form()]) -> Response:
        who = await pages.visitor(request)
        try:
            task = await pages.team.request(who, NewRequest(repository_id=repository_id, prompt=prompt))
        except HonkError as error:
            return pages.page("refused.html", who=who, words=str(error))
        return RedirectResponse(f"/tasks/{task.task_id}", status_code=303)

    return routes
