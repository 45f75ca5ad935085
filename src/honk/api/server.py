"""The HTTP API as one application, with the description that is made of it."""

from typing import Any

from fastapi import FastAPI
from fastapi.routing import APIRoute

from honk import __version__
from honk.api.entry import Entry
from honk.api.evidence import evidence_routes
from honk.api.problems import MEDIA_TYPE, answer_problems
from honk.api.shapes import EventOut
from honk.api.talk import talk_routes
from honk.api.tasks import task_routes
from honk.team import Team

ABOUT = (
    "Tasks of a background coding agent: ask, watch, steer, stop, and read what came of it. What is refused comes as "
    "`application/problem+json`; its `detail` says what happened, what was kept and what to do next. A token may read, "
    "request and stop; what ships is a person's own yes, in the console."
)


def create_api(team: Team, entry: Entry) -> FastAPI:
    """The application; to be mounted where its paths shall begin."""
    api = _Described(title="Honk", version=__version__, description=ABOUT, docs_url=None, redoc_url=None,
                     generate_unique_id_function=_name_of, servers=[{"url": "/api"}])  # fmt: skip
    for routes in (task_routes(team, entry), talk_routes(team, entry), evidence_routes(team, entry)):
        api.include_router(routes)
    answer_problems(api)
    return api


def _name_of(route: APIRoute) -> str:
    return route.name


class _Described(FastAPI):
    """Describes errors as they are sent: as problems."""

    def openapi(self) -> dict[str, Any]:
        if self.openapi_schema is None:
            told = super().openapi()
            event = EventOut.model_json_schema(ref_template="#/components/schemas/{model}")
            told["components"]["schemas"]["EventOut"] = event
            for methods in told["paths"].values():
                for operation in methods.values():
                    for status, answer in operation["responses"].items():
                        content = answer.get("content", {})
                        if int(status) >= 400 and "application/json" in content:
                            answer["content"] = {MEDIA_TYPE: content["application/json"]}
                        elif len(content) > 1:
                            content.pop("application/json", None)
        assert self.openapi_schema is not None
        return self.openapi_schema
