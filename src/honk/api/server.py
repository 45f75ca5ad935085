"""The HTTP API, described by its own OpenAPI document."""

from typing import Annotated

from fastapi import Depends, FastAPI, HTTPException, Request
from pydantic import BaseModel, Field

from honk import __version__
from honk.domain.people import Visitor
from honk.domain.task import Task
from honk.entrance import Entrance
from honk.team import NewRequest, Team


class TaskRequest(BaseModel):
    """A request."""

    repository_id: str = Field(min_length=1, max_length=200)
    prompt: str = Field(min_length=1, max_length=100_000)
    base: str | None = Field(None, max_length=250)


class RepositoryOut(BaseModel):
    """A repository that can be asked for."""

    repository_id: str
    name: str


class TaskOut(BaseModel):
    """A task."""

    task_id: str
    repository: str
    prompt: str
    status: str
    outcome: str | None
    reason: str | None
    created_at: str


def create_api(team: Team, entrance: Entrance) -> FastAPI:
    """The application; to be mounted where its paths shall begin."""
    api = FastAPI(title="Honk", version=__version__)

    async def visitor(request: Request) -> Visitor:
        shown = request.headers.get("authorization")
        found = await (entrance.visitor(request.cookies) if shown is None else entrance.bearer(shown))
        if found is None:
            raise HTTPException(401, "Sign in first.")
        return found

    @api.get("/repositories")
    async def repositories(who: Annotated[Visitor, Depends(visitor)]) -> list[RepositoryOut]:
        found = await team.repositories(who)
        return [RepositoryOut(repository_id=one.repository_id, name=one.name) for one in found]

    @api.get("/tasks")
    async def tasks(who: Annotated[Visitor, Depends(visitor)]) -> list[TaskOut]:
        return [_told(one) for one in await team.tasks(who)]

    @api.post("/tasks", status_code=201)
    async def request(wanted: TaskRequest, who: Annotated[Visitor, Depends(visitor)]) -> TaskOut:
        asked = NewRequest(repository_id=wanted.repository_id, prompt=wanted.prompt, base=wanted.base)
        return _told(await team.request(who, asked))

    @api.get("/tasks/{task_id}")
    async def task(task_id: str, who: Annotated[Visitor, Depends(visitor)]) -> TaskOut:
        return _told(await team.task(who, task_id))

    return api


def _told(task: Task) -> TaskOut:
    return TaskOut(
        task_id=task.task_id,
        repository=task.repository.name,
        prompt=task.prompt,
        status=str(task.status),
        outcome=str(task.outcome.name) if task.outcome else None,
        reason=task.outcome.reason if task.outcome else None,
        created_at=task.created_at.isoformat(),
    )
