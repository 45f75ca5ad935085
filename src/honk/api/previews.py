"""Previews: what is shown of a task's change, started and ended."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Depends
from pydantic import BaseModel, Field

from honk.api.entry import Entry
from honk.api.problems import responses
from honk.domain.people import Visitor
from honk.domain.preview import Preview, PreviewState, Standing
from honk.store import NotFound
from honk.team import Team


class ArtifactOut(BaseModel):
    """A built file or site."""

    name: str
    kind: str = Field(description="apk, ipa, zip or site.")
    digest: str = Field(description="SHA-256 of what is kept.")
    size_bytes: int


class PreviewOut(BaseModel):
    """One commit of a task, as it can be looked at."""

    task_id: str
    number: int = Field(description="Of the pull request.")
    head_sha: str
    kind: str = Field(description="server, site, apk, ipa or zip.")
    state: PreviewState
    words: str
    link: str = Field(description="Below the console's address; whoever opens it signs in there, and is led on.")
    created_at: datetime
    ready_seconds: float | None
    troubles: list[str] = Field(description="Errors that its pages reported.")
    unlooked: str = Field(description="What was not looked at, and why.")
    log: str = Field(description="The end of what it wrote.")
    artifact: ArtifactOut | None
    opened: int = Field(description="How often people opened it.")

    @classmethod
    def of(cls, one: Preview) -> "PreviewOut":
        file = one.artifact
        return cls(
            task_id=one.task_id, number=one.number, head_sha=one.head_sha, kind=one.kind, state=one.state,
            words=one.words, link=f"/previews/{one.label}", created_at=one.created_at,
            ready_seconds=one.ready_seconds, troubles=list(one.troubles), unlooked=one.unlooked, log=one.log,
            opened=one.opened, artifact=None if file is None else ArtifactOut(
                name=file.name, kind=file.kind, digest=file.digest, size_bytes=file.size_bytes
            ),
        )  # fmt: skip


class RunningOut(BaseModel):
    """A preview at work, with what was measured."""

    preview: PreviewOut
    age_seconds: float
    idle_seconds: float = Field(description="Since somebody last asked it anything.")
    cpu_seconds: float | None = Field(description="Of a core, used since its start.")

    @classmethod
    def of(cls, one: Preview, measured: Standing) -> "RunningOut":
        return cls(
            preview=PreviewOut.of(one), age_seconds=round(measured.age_seconds, 1),
            idle_seconds=round(measured.idle_seconds, 1), cpu_seconds=measured.cpu_seconds,
        )  # fmt: skip


def preview_routes(team: Team, entry: Entry) -> APIRouter:
    """`/previews`, and `/tasks/ID/preview`."""
    routes = APIRouter(tags=["previews"])
    Who = Annotated[Visitor, Depends(entry.visitor)]

    @routes.get("/previews", responses=responses())
    async def list_previews(who: Who) -> list[RunningOut]:
        """Those that run now, as far as you may see them."""
        return [RunningOut.of(*one) for one in await team.previewing.running(who)]

    @routes.get("/tasks/{task_id}/preview", responses=responses(404))
    async def show_preview(task_id: str, who: Who) -> PreviewOut:
        """The task's newest preview."""
        found = await team.previewing.of_task(who, task_id)
        if found is None:
            raise NotFound("This task has no preview.")
        return PreviewOut.of(found)

    @routes.post("/tasks/{task_id}/preview", responses=responses(404, 409))
    async def start_preview(task_id: str, who: Who) -> PreviewOut:
        """Start it, if it does not run."""
        return PreviewOut.of(await team.previewing.open(who, task_id))

    @routes.delete("/tasks/{task_id}/preview", responses=responses(404, 409))
    async def stop_preview(task_id: str, who: Who) -> PreviewOut:
        """End it; it starts again when somebody opens it."""
        await team.previewing.stop(who, task_id)
        return await show_preview(task_id, who)

    return routes
