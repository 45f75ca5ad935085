"""What every page of the console is made with: templates, and who is looking."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fastapi import Request
from fastapi.responses import HTMLResponse
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from honk.domain.task import subject_of
from honk.entrance import Entrance, SignedIn
from honk.team import Team

HERE = Path(__file__).parent


FIELDS = "honk_fields"
"""Where a form's fields stand in the request's state, for the pages that give people's words back."""


class Stranger(Exception):
    """Nobody is signed in (any more)."""


def kept(fields: Mapping[str, str]) -> Mapping[str, str]:
    """What a person wrote or chose in a form, without the token."""
    return {name: value for name, value in fields.items() if name != "csrf"}


def _templates() -> Environment:
    pages = Environment(loader=FileSystemLoader(HERE / "templates"), autoescape=True, undefined=StrictUndefined)
    pages.globals["subject_of"] = subject_of
    return pages


@dataclass(frozen=True, slots=True, kw_only=True)
class Pages:
    """Handed to each file of routes."""

    team: Team
    entrance: Entrance
    templates: Environment

    @classmethod
    def of(cls, team: Team, entrance: Entrance) -> "Pages":
        return cls(team=team, entrance=entrance, templates=_templates())

    async def visitor(self, request: Request) -> SignedIn:
        """Who is looking; a stranger gets no page."""
        if (found := await self.entrance.visitor(request.cookies)) is None:
            raise Stranger
        return found

    def page(self, name: str, *, status: int = 200, **shown: Any) -> HTMLResponse:
        """A page of these values; what a template asks for beside them is an error."""
        return HTMLResponse(self.templates.get_template(name).render(**shown), status_code=status)
