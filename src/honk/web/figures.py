"""The scorecard and the health of the installation."""

from datetime import timedelta
from typing import Annotated, Literal

from fastapi import APIRouter, Form, Query, Request
from fastapi.responses import RedirectResponse, Response

from honk.base.clock import now
from honk.domain.people import EVERYWHERE, Act, why_not
from honk.insight.announcement import words_of
from honk.insight.delivery import badge_of
from honk.insight.plots import columns, weeks
from honk.insight.scorecard import scorecard
from honk.web.pages import Pages

DEPLOYED = 10
TOLD = 20
"""Announcements on the page; the API has all."""
PERIODS = {"4w": ("4 weeks", 28), "12w": ("12 weeks", 84), "1y": ("a year", 365), "all": ("everything", 0)}


def figure_routes(pages: Pages) -> APIRouter:
    """`/scorecard`, `/health`, and freezing."""
    routes = APIRouter()

    @routes.get("/scorecard")
    async def score(
        request: Request,
        period: Literal["4w", "12w", "1y", "all"] = "12w",
        repository: Annotated[str, Query(max_length=200)] = "",
    ) -> Response:
        who = await pages.visitor(request)
        days = PERIODS[period][1]
        since = now() - timedelta(days=days) if days else None
        scored = await pages.team.lookout.scores(who, since)
        chosen = [one for one in scored if repository in ("", one.repository_id)]
        card = scorecard(chosen)
        return pages.page(
            "scorecard.html", who=who, card=card, period=period, periods=PERIODS, repository=repository,
            repositories=await pages.team.repositories(who), by_week=weeks(card.weeks),
            by_minutes=columns(card.columns),
        )  # fmt: skip

    @routes.get("/health")
    async def health(request: Request) -> Response:
        who = await pages.visitor(request)
        may_freeze = why_not(who, Act.ADMINISTER, EVERYWHERE) is None
        told = (await pages.team.announcements(who))[-TOLD:] if may_freeze else ()
        return pages.page(
            "health.html", who=who, standing=await pages.team.standing(), may_freeze=may_freeze,
            deployments=[(one, badge_of(one)) for one in await pages.team.production.recent(who, DEPLOYED)],
            announcements=[(one.at, words_of(one)) for one in reversed(told)],
        )  # fmt: skip

    @routes.post("/freeze")
    async def freeze(request: Request, why: Annotated[str, Form(max_length=500)] = "") -> Response:
        await pages.team.freeze(await pages.visitor(request), why.strip() or "no reason was given")
        return RedirectResponse("/health", status_code=303)

    @routes.post("/thaw")
    async def thaw(request: Request) -> Response:
        await pages.team.thaw(await pages.visitor(request))
        return RedirectResponse("/health", status_code=303)

    return routes
