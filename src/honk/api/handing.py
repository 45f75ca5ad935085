"""Taking a task's work along, and giving it back: packs, as git makes them."""

import tempfile
from typing import Annotated, Any

from fastapi import APIRouter, Depends, HTTPException, Query, Request
from fastapi.responses import Response
from starlette.requests import ClientDisconnect

from honk.api.entry import Entry
from honk.api.evidence import BINARY, SAFE, content
from honk.api.problems import responses
from honk.api.shapes import TakenOut, TaskOut
from honk.base.ids import new_id
from honk.domain.people import Visitor
from honk.team import Team

_PACK: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            BINARY: {
                "schema": {
                    "type": "string",
                    "format": "binary",
                    "minLength": 1,
                    "title": "Pack",
                    "description": "Your commits over the base.",
                }
            }
        },
    }
}
"""Read by the route itself: nothing of it is, before it is known who calls."""


def handing_routes(team: Team, entry: Entry) -> APIRouter:
    """`/tasks/ID` and what is below it."""
    routes = APIRouter(prefix="/tasks/{task_id}", tags=["handing over"])
    Who = Annotated[Visitor, Depends(entry.visitor)]
    packed = content(BINARY, {"type": "string", "format": "binary"})

    @routes.post("/take", responses=responses(404, 409))
    async def take_task(task_id: str, who: Who) -> TakenOut:
        """Stop it, if it has not ended, and tell what its work is. Its commits come by `pack`."""
        taken = await team.take(who, task_id)
        return TakenOut(
            task_id=taken.task_id,
            branch=taken.branch,
            base_branch=taken.base_branch,
            base_sha=taken.base_sha,
            head_sha=taken.head_sha,
            brief=taken.brief,
            pull_request=taken.pull_request,
        )

    @routes.get("/pack", response_class=Response, responses={**responses(404, 409), **packed})
    async def download_pack(task_id: str, who: Who) -> Response:
        """The work of an ended task as a thin pack over its base, for `git index-pack --fix-thin`."""
        with tempfile.TemporaryFile() as pack:
            await team.pack(who, task_id, pack)
            pack.seek(0)
            return Response(pack.read(), headers=SAFE, media_type=BINARY)

    @routes.post("/give", status_code=201, responses=responses(404, 409, 413, 507), openapi_extra=_PACK)
    async def give_task(
        task_id: str,
        who: Who,
        request: Request,
        sha: Annotated[str, Query(pattern=r"^[0-9a-f]{40}$", description="The newest of them.")],
        words: Annotated[str, Query(min_length=1, max_length=4000, description="What you did.")],
    ) -> TaskOut:
        """Give your own commits back: a linked task verifies them, and brings the pull request up to date."""
        with tempfile.TemporaryFile() as file:
            try:
                async for part in request.stream():
                    file.write(part)
            except ClientDisconnect as error:
                raise HTTPException(422, "The pack broke off. Nothing was taken.") from error
            if not file.tell():
                raise HTTPException(422, "The body is the pack of your commits, and it is empty. Nothing was taken.")
            file.seek(0)
            return TaskOut.of(await team.give(who, task_id, words, new_id(12), sha, file))

    return routes
