"""What every page of the console is made with: templates, what they are given, and who is looking."""

import secrets
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

from fastapi import Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response, StreamingResponse
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from honk.domain.amounts import counted, duration
from honk.domain.people import EVERYWHERE, Act, why_not
from honk.domain.plain import clean
from honk.domain.task import subject_of
from honk.entrance import Entrance, SignedIn, while_let_in
from honk.team import Team

HERE = Path(__file__).parent
_FIELD = f"csrf-{secrets.token_hex(16)}"
"""Stands in what is rendered for many, where each reader's own word against forged requests belongs."""

CALM_SECONDS = 0.1
"""What happens within it is shown together: an agent may say a hundred things a second."""
_EVENTS = {"cache-control": "no-store", "x-accel-buffering": "no"}


FIELDS = "honk_fields"
"""Where a form's fields stand in the request's state, for the pages that give people's words back."""


class Stranger(Exception):
    """Nobody is signed in (any more)."""


def kept(fields: Mapping[str, str]) -> Mapping[str, str]:
    """What a person wrote or chose in a form, without the token."""
    return {name: value for name, value in fields.items() if name != "csrf"}


def shown(value: object) -> object:
    """Every value of every template goes through here: text is made fit to be seen; `autoescape` does the rest."""
    return clean(value) if isinstance(value, str) and not isinstance(value, Markup) else value


@cache
def templates() -> Environment:
    """With our words for money, moments and durations; each template is compiled once."""
    pages = Environment(
        loader=FileSystemLoader(HERE / "templates"), autoescape=True, undefined=StrictUndefined, finalize=shown,
        trim_blocks=True, lstrip_blocks=True,
    )  # fmt: skip
    pages.globals.update(subject_of=subject_of, CSRF=_FIELD)
    pages.filters.update(money=money, duration=duration, moment=moment, counted=counted)
    return pages


def money(usd: float) -> str:
    """Cents, and what is smaller as such."""
    return f"${usd:.2f}" if usd >= 0.1 or usd == 0 else f"${usd:.4f}"


def moment(at: datetime) -> Markup:
    """For every reader: the page's script turns it into how long ago, in their zone."""
    return Markup('<time datetime="{}">{}</time>').format(at.isoformat(), at.strftime("%d %b, %H:%M UTC"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Pages:
    """Handed to each file of routes."""

    team: Team
    entrance: Entrance
    templates: Environment = field(default_factory=templates)

    @classmethod
    def of(cls, team: Team, entrance: Entrance) -> "Pages":
        return cls(team=team, entrance=entrance)

    async def visitor(self, request: Request) -> SignedIn:
        """Who is looking; a stranger gets no page."""
        if (found := await self.entrance.visitor(request.cookies)) is None:
            raise Stranger
        return found

    def telling(self, parts: AsyncIterator[str], request: Request, who: SignedIn) -> StreamingResponse:
        """Server-sent events, until they end or their reader is not who they were: signed out, or with other rights."""

        async def is_same() -> bool:
            return await self.entrance.visitor(request.cookies) == who

        readers, person_id = self.team.readers, who.member.person_id
        readers.refuse_crowd(person_id)
        told = while_let_in(parts, is_same, readers.one(person_id))
        return StreamingResponse(told, media_type="text/event-stream", headers=_EVENTS)

    def page(self, name: str, *, status: int = 200, **values: Any) -> HTMLResponse:
        """A page of these values; what a template asks for beside them is an error."""
        html = self.own(self.render(name, **values), values.get("who"))
        # A refusal is a page of its own, also where htmx waits for a part of one.
        headers = {"hx-retarget": "body", "hx-reswap": "innerHTML"} if status >= 400 else {}
        return HTMLResponse(html, status_code=status, headers=headers)

    def render(self, name: str, **values: Any) -> str:
        """The same for everybody who has the same rights."""
        who = values.get("who")
        is_admin = who is not None and why_not(who, Act.ADMINISTER, EVERYWHERE) is None
        return self.templates.get_template(name).render(is_admin=is_admin, **values)

    def own(self, html: str, who: SignedIn | None) -> str:
        """What was rendered, for this reader."""
        return html.replace(_FIELD, who.csrf if who is not None else "")

    def keep_session(self, answer: Response, session: str) -> None:
        """Let the browser keep it, also when it is closed: a phone closes it whenever it likes."""
        entrance, longest = self.entrance, int(self.entrance.ways_in.stay.whole.total_seconds())
        # Lax: a link from a chat to a task must find its reader signed in. Unsafe methods are guarded by themselves.
        answer.set_cookie(
            entrance.cookie, session, max_age=longest, httponly=True, samesite="lax", secure=entrance.is_secure
        )

    def sign_in_page(
        self,
        *,
        words: str = "",
        status: int = 200,
        key: str = "",
        next: str = "/",
        action: str = "",
        fields: Mapping[str, str] | None = None,
    ) -> HTMLResponse:
        """The page for strangers; `fields` are the words of somebody who was one of us just before."""
        recognition = self.entrance.recognition
        other = recognition.directory.name if recognition is not None else ""
        kept_fields = fields or {}
        return self.page(
            "enter.html", status=status, words=words, key=key, next=next, action=action, fields=kept_fields, other=other
        )


def is_partial(request: Request) -> bool:
    """Whether htmx asks, and wants a part of the page."""
    return request.headers.get("hx-request") == "true" and request.headers.get("hx-request-type") != "full"


def partial_of(element_id: str, html: str) -> str:
    """A part that takes the place of the element with this id; what the reader opened or typed there stays."""
    return f'<hx-partial hx-target="#{element_id}" hx-swap="outerMorph">{html}</hx-partial>'


def event_of(html: str, event_id: str = "") -> str:
    """One server-sent event."""
    lines = "".join(f"data: {line}\n" for line in html.splitlines() if line.strip())
    return (f"id: {event_id}\n" if event_id else "") + lines + "\n"


def lead(request: Request, path: str) -> Response:
    """To another page."""
    if is_partial(request):
        return Response(status_code=204, headers={"hx-redirect": path})
    return RedirectResponse(path, status_code=303)
