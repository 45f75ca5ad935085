"""The HTTP API as one application, with the description that is made of it."""

import json
from typing import Any

from fastapi import FastAPI
from fastapi.responses import JSONResponse
from fastapi.routing import APIRoute

from honk import __version__
from honk.api.audit import audit_routes
from honk.api.entry import Entry
from honk.api.evidence import evidence_routes
from honk.api.handing import handing_routes
from honk.api.installation import installation_routes
from honk.api.previews import preview_routes
from honk.api.problems import MEDIA_TYPE, answer_problems
from honk.api.production import production_routes
from honk.api.shapes import EventOut
from honk.api.shipping import shipping_routes
from honk.api.talk import talk_routes
from honk.api.tasks import repository_routes, task_routes
from honk.team import Team

ABOUT = (
    "Tasks of a background coding agent: ask, watch, steer, stop, and read what came of it. What is refused comes as "
    "`application/problem+json`; its `detail` says what happened, what was kept and what to do next. A token may read, "
    "request and stop; what ships is a person's own yes, in the console."
)


def create_api(team: Team, entry: Entry) -> FastAPI:
    """The application; to be mounted where its paths shall begin."""
    api = _Described(title="Honk", version=__version__, description=ABOUT, docs_url=None, redoc_url=None,
                     default_response_class=AsciiJson,
                     generate_unique_id_function=_name_of, servers=[{"url": "/api"}])  # fmt: skip
    for routes in (repository_routes, task_routes, talk_routes, evidence_routes, handing_routes, shipping_routes,
                   audit_routes, production_routes, preview_routes, installation_routes):  # fmt: skip
        api.include_router(routes(team, entry))
    answer_problems(api)
    return api


def _name_of(route: APIRoute) -> str:
    return route.name


class AsciiJson(JSONResponse):
    """Paths of files need not be Unicode; their escapes are."""

    def render(self, content: Any) -> bytes:
        return json.dumps(content, ensure_ascii=True, allow_nan=False, separators=(",", ":")).encode()


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
