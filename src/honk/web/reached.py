"""The link that `honk doctor --phone` shows: who opens it has reached this server, and learns nothing else."""

from fastapi import APIRouter, HTTPException, Request
from fastapi.responses import PlainTextResponse, Response

from honk.team import Team


def reached_routes(team: Team) -> APIRouter:
    """For strangers, under whatever host name they came."""
    routes = APIRouter()

    @routes.get("/reached/{nonce}")
    async def reached(request: Request, nonce: str) -> Response:
        if not await team.app.note_reached(nonce, request.headers.get("host", "")):
            raise HTTPException(404)
        return PlainTextResponse("Honk is reached. You can close this page.")

    return routes
