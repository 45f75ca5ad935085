"""Repositories and tasks: list, ask, show, stop."""

from dataclasses import asdict, replace
from pathlib import Path
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Header, Query, Response

from honk.api.entry import Entry
from honk.api.problems import responses
from honk.api.shapes import KEY, OwnTaskRequest, PriceOut, RepositoryOut, TaskOut, TaskPage, TaskRequest
from honk.domain.listing import MOST, Listing, cursor_of, place_of
from honk.domain.people import Visitor
from honk.domain.task import OutcomeName, Status
from honk.team import NewRequest, OwnRequest, Team


class Wanted:
    """The filters of a list, as a query has them."""

    def __init__(
        self,
        status: Status | None = None,
        outcome: OutcomeName | None = None,
        repository_id: Annotated[str | None, Query(max_length=200)] = None,
        words: Annotated[str, Query(max_length=200, description="All in the request, in any order; or its id.")] = "",
        asker: Annotated[Literal["me", "anybody"], Query(description="Whose tasks.")] = "anybody",
        cursor: Annotated[str | None, Query(max_length=200, description="`next` of the page before.")] = None,
        limit: Annotated[int, Query(ge=1, le=MOST)] = 50,
    ) -> None:
        self.is_mine = asker == "me"
        self.listing = Listing(
            status=status,
            outcome=outcome,
            repository_ids=None if repository_id is None else frozenset({repository_id}),
            words=words,
            behind=place_of(cursor) if cursor else None,
            limit=limit,
        )

    def of(self, visitor: Visitor) -> Listing:
        """The listing, for whoever asks."""
        return replace(self.listing, person_id=visitor.member.person_id) if self.is_mine else self.listing


def repository_routes(team: Team, entry: Entry) -> APIRouter:
    """`/repositories`."""
    routes = APIRouter(tags=["repositories"])
    Who = Annotated[Visitor, Depends(entry.visitor)]

    @routes.get("/repositories", responses=responses())
    async def list_repositories(who: Who) -> list[RepositoryOut]:
        """Those that you may ask for, by name."""
        return [RepositoryOut.of(one) for one in await team.catalogs(who)]

    @routes.get("/repositories/{repository_id}/price", responses=responses())
    async def show_price(repository_id: str, who: Who) -> PriceOut:
        """What a task there will probably take, before it is asked for."""
        found = await team.price(who, repository_id)
        return PriceOut(words=found.words, **asdict(found))

    return routes


def task_routes(team: Team, entry: Entry) -> APIRouter:
    """`/tasks`."""
    routes = APIRouter()
    Who = Annotated[Visitor, Depends(entry.visitor)]

    @routes.get("/tasks", tags=["tasks"], responses=responses(409))
    async def list_tasks(who: Who, wanted: Annotated[Wanted, Depends()]) -> TaskPage:
        """Tasks that you may read, the newest first, page by page."""
        found = list(await team.find(who, wanted.of(who)))
        is_last = len(found) < wanted.listing.limit
        return TaskPage(tasks=[TaskOut.of(one) for one in found], next=None if is_last else cursor_of(found[-1]))

    @routes.post("/tasks", tags=["tasks"], status_code=201, responses=responses(409, 413, 507))
    async def request_task(
        wanted: TaskRequest,
        who: Who,
        answer: Response,
        idempotency_key: Annotated[
            str | None,
            Header(min_length=1, max_length=200, pattern=KEY, description="The same key again is the same request, "
                   "and gets the task that it made."),
        ] = None,
    ) -> TaskOut:  # fmt: skip
        """Ask for a change. The task is durable when this answers."""
        asked = NewRequest(
            repository_id=wanted.repository_id,
            prompt=wanted.prompt,
            base=wanted.base,
            delivery_id=idempotency_key,
            max_usd=wanted.max_usd,
            max_minutes=wanted.max_minutes,
        )
        task = await team.request(who, asked)
        answer.headers["location"] = f"/api/tasks/{task.task_id}"
        return TaskOut.of(task)

    @routes.post("/own-tasks", tags=["tasks"], status_code=201, responses=responses(409, 413, 507))
    async def request_own_task(wanted: OwnTaskRequest, who: Who) -> TaskOut:
        """For the owner's command line on the server's machine: in any repository there, on terms of their own."""
        own = {**wanted.model_dump(), "path": Path(wanted.path)}
        return TaskOut.of(await team.request_own(who, OwnRequest(**own)))

    @routes.get("/tasks/{task_id}", tags=["tasks"], responses=responses(404))
    async def show_task(task_id: str, who: Who) -> TaskOut:
        """One task, by its id or a beginning of it that no other shares."""
        return TaskOut.of(await team.task(who, task_id))

    @routes.post("/tasks/{task_id}/stop", tags=["tasks"], responses=responses(404, 409))
    async def stop_task(task_id: str, who: Who) -> TaskOut:
        """End it as cancelled: the agent is gone within 2 s, its work is kept. Ended already: nothing."""
        await team.stop(who, task_id)
        return TaskOut.of(await team.task(who, task_id))

    return routes
