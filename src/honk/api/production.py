"""What is in production of a task: deployments, undos; and to take it back."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Depends
from pydantic import BaseModel, Field

from honk.api.entry import Entry
from honk.api.problems import responses
from honk.api.shapes import Shape
from honk.domain.deployment import Deployment, DeploymentState, Undo, UndoState
from honk.domain.people import Visitor
from honk.team import Team


class UndoRequest(Shape):
    """What is to be undone."""

    merged_sha: str = Field(min_length=1, max_length=64, description="The merged commit that was looked at.")


class DeploymentOut(BaseModel):
    """One merged commit on its way to production."""

    deployment_id: str
    number: int = Field(description="Of the pull request.")
    merged_sha: str
    state: DeploymentState
    who: str = Field(description="Whose yes it was.")
    created_at: datetime
    begun_at: datetime | None
    ended_at: datetime | None
    exit_code: int | None
    seconds: float
    health: str
    reason: str
    log_blob: str | None = Field(description="Read it by `GET /tasks/{task_id}/blobs`.")

    @classmethod
    def of(cls, one: Deployment) -> "DeploymentOut":
        return cls(
            deployment_id=one.deployment_id, number=one.number, merged_sha=one.merged_sha, state=one.state,
            who=one.who.name, created_at=one.created_at, begun_at=one.begun_at, ended_at=one.ended_at,
            exit_code=one.exit_code, seconds=one.seconds, health=one.health, reason=one.reason, log_blob=one.log_blob,
        )  # fmt: skip


class UndoOut(BaseModel):
    """A wish to take a merged commit back."""

    undo_id: str
    number: int
    merged_sha: str
    state: UndoState
    who: str
    created_at: datetime
    to_sha: str | None = Field(description="What production goes back to; none where there is no rollback.")
    rollback: str = Field(description="What became of the rollback.")
    reason: str
    revert_task_id: str | None = Field(description="The task that makes the reverse change.")

    @classmethod
    def of(cls, one: Undo) -> "UndoOut":
        return cls(
            undo_id=one.undo_id, number=one.number, merged_sha=one.merged_sha, state=one.state, who=one.who.name,
            created_at=one.created_at, to_sha=one.to_sha, rollback=one.rollback, reason=one.reason,
            revert_task_id=one.revert_task_id,
        )  # fmt: skip


class ProductionOut(BaseModel):
    """What became of a task's merged changes."""

    deployments: list[DeploymentOut]
    undos: list[UndoOut]


def production_routes(team: Team, entry: Entry) -> APIRouter:
    """`/tasks/ID/production` and `/tasks/ID/undo`."""
    routes = APIRouter(prefix="/tasks/{task_id}", tags=["production"])
    Who = Annotated[Visitor, Depends(entry.visitor)]

    @routes.get("/production", responses=responses(404))
    async def show_production(task_id: str, who: Who) -> ProductionOut:
        """What was deployed of it, and what was taken back."""
        deployments, undos = await team.production.of_task(who, task_id)
        return ProductionOut(
            deployments=[DeploymentOut.of(one) for one in deployments], undos=[UndoOut.of(one) for one in undos]
        )

    @routes.post("/undo", status_code=202, responses=responses(404, 409))
    async def undo_merge(task_id: str, wanted: UndoRequest, who: Who) -> UndoOut:
        """Take a merged change back; twice is once. For people who are signed in: a token never may."""
        return UndoOut.of(await team.production.undo(who, task_id, wanted.merged_sha))

    return routes
