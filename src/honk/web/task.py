"""One task's page, and its events as they come."""

import json
from collections.abc import AsyncIterator

from fastapi import APIRouter, Request
from fastapi.responses import Response, StreamingResponse

from honk.web.pages import Pages


def task_routes(pages: Pages) -> APIRouter:
    """`/tasks/ID` and what is below it."""
    routes = APIRouter(prefix="/tasks/{task_id}")

    @routes.get("")
    async def show(request: Request, task_id: str) -> Response:
        who = await pages.visitor(request)
        return pages.page("task.html", who=who, task=await pages.team.task(who, task_id))

    @routes.get("/events")
    async def events(request: Request, task_id: str) -> Response:
        who, after = await pages.visitor(request), request.headers.get("last-event-id", "")
        await pages.team.task(who, task_id)

        async def told() -> AsyncIterator[str]:
            async for event in pages.team.follow(who, task_id, int(after) if after.isdecimal() else 0):
                data = json.dumps({"kind": event.kind, "body": dict(event.body)})
                yield f"id: {event.sequence}\nevent: message\ndata: {data}\n\n"
            yield "event: end\ndata: {}\n\n"

        return StreamingResponse(told(), media_type="text/event-stream", headers={"cache-control": "no-store"})

    return routes
