"""What came of a task: events, result, reports, diff, kept files."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Header, HTTPException, Request
from fastapi.responses import Response

from honk.api.entry import Entry
from honk.api.problems import responses
from honk.api.shapes import BlobList
from honk.api.watch import MEDIA_TYPE as EVENTS
from honk.api.watch import EventStream
from honk.domain.audit import who_of
from honk.domain.evidence import Report
from honk.domain.people import Visitor
from honk.entrance import while_let_in
from honk.store import NotFound
from honk.team import RunResult, Team

DIFF = "text/x-diff"
BINARY = "application/octet-stream"
SAFE = {"x-content-type-options": "nosniff", "content-security-policy": "default-src 'none'; sandbox"}
"""Whatever stands in a diff or a log, no browser runs it."""
_EVENT = {
    "type": "object",
    "description": "`data` is an EventOut in JSON, `event` its kind, `id` its sequence. The last event is `end`.",
    "properties": {name: {"type": "string"} for name in ("id", "event", "data")},
    "required": ["event", "data"],
}


def content(media_type: str, schema: Any) -> dict[int | str, dict[str, Any]]:
    return {200: {"content": {media_type: {"schema": schema}}, "description": "OK"}}


async def _may_read(team: Team, entry: Entry, request: Request, task_id: str) -> bool:
    """Whether whoever began this call may still read the task."""
    try:
        await team.task(await entry.visitor(request), task_id)
    except (HTTPException, NotFound):
        return False
    return True


def evidence_routes(team: Team, entry: Entry) -> APIRouter:
    """`/tasks/ID` and what is below it."""
    routes = APIRouter(prefix="/tasks/{task_id}", tags=["evidence"])
    Who = Annotated[Visitor, Depends(entry.visitor)]
    stream = content(EVENTS, _EVENT)

    @routes.get("/events", response_class=Response, responses={**responses(404, 429), **stream})
    async def follow_task(
        task_id: str,
        who: Who,
        request: Request,
        last_event_id: Annotated[int, Header(ge=0, lt=2**53, description="The last one that was seen.")] = 0,
    ) -> Response:
        """What happened and what happens, as server-sent events; ends behind the outcome."""
        task = await team.task(who, task_id)
        team.readers.refuse_crowd(who.member.person_id)
        await team.app.audit.tell_reading(who_of(who), task.task_id, "events")
        events = team.follow(who, task.task_id, last_event_id)
        counted = team.readers.one(who.member.person_id)
        return EventStream(while_let_in(events, lambda: _may_read(team, entry, request, task.task_id), counted))

    @routes.get("/result", responses=responses(404, 409))
    async def show_result(task_id: str, who: Who) -> RunResult:
        """What came of it, once it has ended."""
        return await team.result(who, task_id)

    @routes.get("/reports", responses=responses(404))
    async def list_reports(task_id: str, who: Who) -> list[Report]:
        """What each verifier said of the newest change, also while the task runs."""
        examination = (await team.kept(who, task_id)).run.examination
        return list(examination.reports) if examination is not None else []

    @routes.get(
        "/diff", response_class=Response, responses={**responses(404, 409), **content(DIFF, {"type": "string"})}
    )
    async def show_diff(task_id: str, who: Who) -> Response:
        """The newest change of an ended task, also one that was refused; empty where there is none."""
        return Response(await team.diff(who, task_id), headers=SAFE, media_type=DIFF)

    @routes.get("/blobs", responses=responses(404))
    async def list_blobs(task_id: str, who: Who) -> BlobList:
        """The keys of what is kept with it: diffs and logs."""
        return BlobList(keys=list((await team.kept(who, task_id)).blobs))

    @routes.get(
        "/blobs/{key:path}",
        response_class=Response,
        responses={**responses(404), **content(BINARY, {"type": "string", "format": "binary"})},
    )
    async def download_blob(task_id: str, key: str, who: Who) -> Response:
        """One of them, to be saved and never shown."""
        data = await team.blob(who, task_id, key)
        name = "".join(char if char.isalnum() and char.isascii() else "-" for char in key)
        return Response(
            data, headers={**SAFE, "content-disposition": f'attachment; filename="{name}"'}, media_type=BINARY
        )

    return routes
