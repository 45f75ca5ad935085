"""The board, and what becomes of it while one looks."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import aclosing
from typing import Annotated, Any, cast

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response

from honk.desks.lookout import PAGE, watcher_of
from honk.domain.board import Filters, Lane, is_wanted
from honk.domain.listing import LONGEST_WORDS
from honk.domain.task import OutcomeName
from honk.entrance import SignedIn
from honk.insight.board_view import LaneView, lanes_of, query_of
from honk.web.pages import CALM_SECONDS, Pages, event_of, is_partial, partial_of

Words = Annotated[str, Query(max_length=LONGEST_WORDS)]
Id = Annotated[str, Query(max_length=200)]


def board_routes(pages: Pages) -> APIRouter:
    """`/` and its stream."""
    routes = APIRouter()

    @routes.get("/")
    async def board(
        request: Request, words: Words = "", repository: Id = "", person: Id = "", outcome: Id = "",
        before_runs: Id = "", before_mine: Id = "", before_others: Id = "", before_ended: Id = "",
    ) -> Response:  # fmt: skip
        who = await pages.visitor(request)
        filters = Filters(words=words, repository_id=repository, person_id=person, outcome=outcome)
        before = {
            Lane.RUNS: before_runs, Lane.MINE: before_mine, Lane.OTHERS: before_others, Lane.ENDED: before_ended,
        }  # fmt: skip
        before = {lane: task_id for lane, task_id in before.items() if task_id}
        shown: dict[str, Any] = {"who": who, "filters": filters, "query": query_of(filters, {}), "is_live": not before}
        shown["lanes"] = await _lanes(pages, who, filters, before)
        if is_partial(request):
            return pages.page("lanes.html", **shown)
        return pages.page("board.html", **shown, **await _choices(pages, who))

    @routes.get("/board/stream")
    async def stream(
        request: Request, words: Words = "", repository: Id = "", person: Id = "", outcome: Id = ""
    ) -> Response:
        who = await pages.visitor(request)
        filters = Filters(words=words, repository_id=repository, person_id=person, outcome=outcome)
        return pages.telling(_told(pages, who, filters), request, who)

    return routes


async def _choices(pages: Pages, who: SignedIn) -> dict[str, Any]:
    return {
        "repositories": await pages.team.repositories(who),
        "people": await pages.team.lookout.people(who),
        "outcomes": [str(name) for name in OutcomeName],
        "frost": (await pages.team.standing()).frost,
    }


async def _lanes(pages: Pages, who: SignedIn, filters: Filters, before: Mapping[Lane, str]) -> tuple[LaneView, ...]:
    lookout = pages.team.lookout
    found = {lane: await lookout.page(who, filters, lane, before=before.get(lane)) for lane in Lane}
    return lanes_of(found, await lookout.counts(who, filters), filters, before, PAGE)


async def _told(pages: Pages, who: SignedIn, filters: Filters) -> AsyncIterator[str]:
    """Each lane that something moved in or out of, as a whole: a lane is one page, however much there is."""
    seen: dict[str, tuple[int, bool]] = {}  # by task: its row as a number, and whether it was wanted here
    sent: dict[str, str] = {}
    async with aclosing(cast(Any, pages.team.lookout.watch())) as watching:
        async for task_ids in watching:
            if not task_ids:  # the beginning: whoever comes back after an hour gets what the board is now
                yield event_of(await _moved(pages, who, filters, sent))
                continue
            await asyncio.sleep(CALM_SECONDS)
            listed = await pages.team.lookout.listed(who, task_ids)
            now = {one.task.task_id: (hash(one), is_wanted(one, watcher_of(who), filters)) for one in listed}
            turned = {task_id for task_id, row in now.items() if seen.get(task_id) != row}
            is_moved = any(now[task_id][1] or seen.get(task_id, (0, False))[1] for task_id in turned)
            seen.update(now)
            if is_moved:
                html = await _moved(pages, who, filters, sent)
                yield event_of(html) if html else ""


async def _moved(pages: Pages, who: SignedIn, filters: Filters, sent: dict[str, str]) -> str:
    """Those lanes that look otherwise than they did."""
    told = []
    for lane in await _lanes(pages, who, filters, {}):
        html = pages.render("lane.html", who=who, lane=lane)
        if sent.get(lane.name) != html:
            sent[lane.name] = html
            told.append(partial_of(f"lane-{lane.name}", html))
    return "".join(told)
