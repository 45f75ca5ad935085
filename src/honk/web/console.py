"""The console as one application: its files of routes, its static files, its health."""

from fastapi import APIRouter, FastAPI, HTTPException
from fastapi.responses import RedirectResponse, Response
from fastapi.staticfiles import StaticFiles

from honk.config import ServeSettings
from honk.entrance import COOKIE, Entrance
from honk.team import Team
from honk.web.board import board_routes
from honk.web.pages import HERE, Pages
from honk.web.reached import reached_routes
from honk.web.task import task_routes


def create_console(team: Team, serve: ServeSettings, entrance: Entrance) -> FastAPI:
    """Everything but the way in and the health is for people who are signed in."""
    console = FastAPI(openapi_url=None)
    console.mount("/static", StaticFiles(directory=HERE / "static"), name="static")
    pages = Pages.of(team, entrance)
    for routes in (_way_in(entrance, is_secure=serve.public_url.startswith("https")), board_routes(pages)):
        console.include_router(routes)
    console.include_router(task_routes(pages))
    console.include_router(reached_routes(team))
    return console


def _way_in(entrance: Entrance, *, is_secure: bool) -> APIRouter:
    routes = APIRouter()

    @routes.get("/healthz")
    async def healthz() -> dict[str, str]:
        return {"status": "ok"}

    @routes.get("/enter")
    async def enter(key: str) -> Response:
        if (session := entrance.sign_in(key)) is None:
            raise HTTPException(403, "This link was used, or is none of ours.")
        answer = RedirectResponse("/", status_code=303)
        answer.set_cookie(COOKIE, session, httponly=True, samesite="strict", secure=is_secure)
        return answer

    return routes
