"""A new request: words first; where it belongs and what they settle is guessed, shown, and changed at once."""

from typing import Annotated, Any
from uuid import uuid4

from fastapi import APIRouter, Form, Request
from fastapi.responses import RedirectResponse, Response
from pydantic import BaseModel, ConfigDict, Field

from honk.base.errors import HonkError
from honk.domain.task import BriefTerms
from honk.entrance import SignedIn
from honk.intake.draft import draft_of
from honk.intake.guess import Candidate, guess
from honk.team import NewRequest, Refused
from honk.web.pages import Pages, is_partial

_TERMS = (
    ("preconditions", "Only if", "What must be so before anything is changed"),
    ("out_of_bounds", "Out of bounds", "What must stay as it is"),
    ("done_when", "Done when", "How one sees that it is done"),
)


class Typed(BaseModel):
    """The form as a person has filled it so far."""

    model_config = ConfigDict(frozen=True)

    prompt: str = Field("", max_length=200_000)
    repository_id: str = Field("", max_length=200)
    picked: str = Field("", max_length=200)
    """The repository that the person chose: no guess takes its place."""
    difference: str = Field("", max_length=4000)
    preconditions: str = Field("", max_length=20_000)
    out_of_bounds: str = Field("", max_length=20_000)
    done_when: str = Field("", max_length=20_000)
    was_preconditions: str = Field("", max_length=20_000)
    was_out_of_bounds: str = Field("", max_length=20_000)
    was_done_when: str = Field("", max_length=20_000)
    delivery_id: str = Field("", max_length=200)


def new_routes(pages: Pages) -> APIRouter:
    """`/new`, its guess, and `POST /tasks`, which begins."""
    routes = APIRouter()

    @routes.get("/new")
    async def new(request: Request, repository: str = "") -> Response:
        who = await pages.visitor(request)
        return await _form(pages, who, Typed(picked=repository, delivery_id=str(uuid4())))

    @routes.post("/new/guess")
    async def again(request: Request, typed: Annotated[Typed, Form()]) -> Response:
        who = await pages.visitor(request)
        has_chosen = request.headers.get("hx-source", "").startswith("select")
        picked = typed.repository_id if has_chosen else typed.picked
        values = await _values(pages, who, typed, picked)
        if is_partial(request):
            return pages.page("guess.html", who=who, **values)
        return pages.page("new.html", who=who, refusal="", **values)

    @routes.post("/tasks")
    async def ask(request: Request, typed: Annotated[Typed, Form()]) -> Response:
        who = await pages.visitor(request)
        try:
            task = await pages.team.request(who, _request(typed))
        except Refused:
            raise
        except HonkError as error:
            return await _form(pages, who, typed, refusal=str(error), status=422)
        return RedirectResponse(f"/tasks/{task.task_id}", status_code=303)

    return routes


def _request(typed: Typed) -> NewRequest:
    terms = BriefTerms(
        preconditions=_lines(typed.preconditions),
        out_of_bounds=_lines(typed.out_of_bounds),
        done_when=(*_lines(typed.done_when), *_lines(typed.difference)),
    )
    return NewRequest(
        repository_id=typed.repository_id or typed.picked,
        prompt=typed.prompt,
        delivery_id=f"console-{typed.delivery_id}" if typed.delivery_id else None,
        terms=terms,
    )


async def _form(pages: Pages, who: SignedIn, typed: Typed, *, refusal: str = "", status: int = 200) -> Response:
    values = await _values(pages, who, typed, typed.picked or typed.repository_id)
    return pages.page("new.html", status=status, who=who, refusal=refusal, **values)


async def _values(pages: Pages, who: SignedIn, typed: Typed, picked: str) -> dict[str, Any]:
    """The form with its guess: never more than two questions, and none that was answered."""
    offered = await pages.team.catalogs(who)
    repositories = [one.repository for one in offered]
    candidates = [
        Candidate(repository_id=one.repository.repository_id, name=one.repository.name, components=one.catalog.names)
        for one in offered
    ]
    found = guess(typed.prompt, candidates, await pages.team.lookout.asked(who))
    picked = picked if any(one.repository_id == picked for one in repositories) else ""
    chosen = picked or (found.best.candidate.repository_id if found.best and found.is_sure else "")
    draft = draft_of(typed.prompt)
    told = bool(typed.prompt.strip())
    return {
        "typed": typed,
        "picked": picked,
        "chosen": chosen,
        "why": found.best.why if found.best and found.is_sure and not picked else "",
        "near": [one for one in found.ranked[:3] if one.score] if told and not chosen else [],
        "repositories": repositories,
        "asks_where": told and not chosen,
        "asks_what": told and (draft.is_vague or bool(typed.difference)),
        "terms": [(name, title, hint, _kept(typed, name, draft.terms)) for name, title, hint in _TERMS],
        "price": await _price(pages, who, chosen),
    }


def _kept(typed: Typed, name: str, drafted: BriefTerms) -> tuple[str, str]:
    """What stands in a field, and what was drafted: a field that the person has changed is theirs."""
    now, was = (_tidy(getattr(typed, field)) for field in (name, f"was_{name}"))
    fresh = "\n".join(getattr(drafted, name))
    return (fresh, fresh) if now == was else (now, was)


async def _price(pages: Pages, who: SignedIn, repository_id: str) -> str:
    if not repository_id:
        return ""
    try:
        return (await pages.team.price(who, repository_id)).words
    except Refused as error:
        return str(error)


def _tidy(text: str) -> str:
    return "\n".join(_lines(text))


def _lines(text: str) -> tuple[str, ...]:
    return tuple(line.strip() for line in text.splitlines() if line.strip())
