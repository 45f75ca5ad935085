"""The console as one application: its files of routes, its static files."""

from functools import partial

from fastapi import FastAPI
from fastapi.staticfiles import StaticFiles

from honk.config import ServeSettings
from honk.entrance import Entrance
from honk.preview.hosts import Hosts
from honk.team import Team
from honk.web.account import account_routes
from honk.web.board import board_routes
from honk.web.enter import enter_routes, sign_in_first
from honk.web.figures import figure_routes
from honk.web.new import new_routes
from honk.web.pages import HERE, Pages, Stranger
from honk.web.people import people_routes
from honk.web.preview import preview_routes
from honk.web.reached import reached_routes
from honk.web.refusals import refuse_in_words
from honk.web.ship import ship_routes
from honk.web.sign_in import sign_in_routes
from honk.web.task import task_routes
from honk.web.threshold import Threshold
from honk.web.undo import undo_routes


def create_console(team: Team, serve: ServeSettings, entrance: Entrance, hosts: Hosts | None = None) -> FastAPI:
    """Everything but the way in and the health is for people who are signed in."""
    console = FastAPI(openapi_url=None)
    console.mount("/static", StaticFiles(directory=HERE / "static"), name="static")
    pages = Pages.of(team, entrance)
    console.add_middleware(Threshold, pages=pages, public_url=serve.public_url)
    console.add_exception_handler(Stranger, partial(sign_in_first, pages))
    for routes in (enter_routes(pages), account_routes(pages), board_routes(pages), new_routes(pages)):
        console.include_router(routes)
    for routes in (task_routes(pages), ship_routes(pages), undo_routes(pages), figure_routes(pages)):
        console.include_router(routes)
    console.include_router(people_routes(pages, serve.public_url))
    console.include_router(preview_routes(pages, hosts or Hosts(domain=""), serve.public_url))
    refuse_in_words(console, pages)
    console.include_router(reached_routes(team))
    if entrance.recognition is not None:
        console.include_router(sign_in_routes(pages, entrance.recognition, serve.public_url))
    return console
