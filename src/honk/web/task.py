"""One task's page, what is below it, and what a person does there."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from typing import Annotated
from uuid import uuid4

from fastapi import APIRouter, Form, Query, Request
from fastapi.responses import PlainTextResponse, RedirectResponse, Response

from honk.base.errors import UsageError
from honk.domain.audit import who_of
from honk.domain.plain import clean
from honk.entrance import SignedIn
from honk.insight.task_view import TaskView
from honk.store import StoreError
from honk.web.live import Channels, may_steer, parts_of, told, view_of
from honk.web.pages import Pages, event_of, is_partial, lead, partial_of

PAGE_SECONDS = 2.0
"""So long a page waits for the audit log."""
MessageId = Annotated[str, Form(min_length=1, max_length=200)]


def task_routes(pages: Pages) -> APIRouter:
    """`/tasks/ID` and what is below it."""
    routes = APIRouter(prefix="/tasks/{task_id}")
    _watching(routes, pages, Channels(pages))
    _reading(routes, pages)
    _acting(routes, pages)
    return routes


def _watching(routes: APIRouter, pages: Pages, channels: Channels) -> None:
    @routes.get("")
    async def show(request: Request, task_id: str) -> Response:
        who = await pages.visitor(request)
        answer = await _page(pages, who, task_id)
        # A full disk or a locked database must not keep people from the page where they stop what fills it.
        with suppress(StoreError, TimeoutError):
            async with asyncio.timeout(PAGE_SECONDS):
                await pages.team.app.audit.tell_reading(who_of(who), task_id, "page")
        return answer

    @routes.get("/stream")
    async def stream(request: Request, task_id: str, seen: Annotated[int, Query(ge=0)] = 0) -> Response:
        who = await pages.visitor(request)
        sheet = await pages.team.lookout.sheet(who, task_id)
        last = request.headers.get("last-event-id", "")

        def tell(parts: dict[str, str], sequence: int) -> str:
            return event_of(pages.own(_partials(parts), who), str(sequence))

        async def lines() -> AsyncIterator[str]:
            yield "retry: 2000\n: a task\n\n"
            async with channels.of(who, sheet) as channel:
                async for event in told(channel, _number(last, seen), tell):
                    yield event

        return pages.telling(lines(), request, who)


def _reading(routes: APIRouter, pages: Pages) -> None:
    @routes.get("/diff")
    async def diff(request: Request, task_id: str) -> Response:
        sheet = await pages.team.lookout.sheet(await pages.visitor(request), task_id)
        name = f'attachment; filename="{sheet.task.task_id}.diff"'
        return Response(sheet.diff or b"", media_type="text/x-diff", headers={"content-disposition": name})

    @routes.get("/log")
    async def log(request: Request, task_id: str, key: Annotated[str, Query(max_length=500)]) -> Response:
        who = await pages.visitor(request)
        found = await pages.team.lookout.log(who, task_id, key)
        await pages.team.app.audit.tell_reading(who_of(who), task_id, "log")
        return PlainTextResponse(clean(found.decode("utf-8", "replace")))


def _acting(routes: APIRouter, pages: Pages) -> None:
    @routes.post("/say")
    async def say(request: Request, task_id: str, text: Annotated[str, Form()], message_id: MessageId) -> Response:
        who = await pages.visitor(request)
        try:
            said = await pages.team.say(who, task_id, text, _own_id(who, message_id))
        except UsageError as error:
            return await _refused(pages, request, who, task_id, text, str(error))
        if said.task_id != task_id:
            return lead(request, f"/tasks/{said.task_id}")
        return await _done(pages, request, who, task_id, is_said=True)

    @routes.post("/answer")
    async def answer(
        request: Request, task_id: str, question_id: Annotated[str, Form()], text: Annotated[str, Form()],
        message_id: MessageId,
    ) -> Response:  # fmt: skip
        who = await pages.visitor(request)
        done = await pages.team.answer(who, task_id, question_id, text, _own_id(who, message_id))
        if not done.is_first:
            raise UsageError(done.words)
        return await _done(pages, request, who, task_id)

    @routes.post("/extend")
    async def extend(request: Request, task_id: str, message_id: MessageId) -> Response:
        who = await pages.visitor(request)
        await pages.team.extend(who, task_id, _own_id(who, message_id))
        return await _done(pages, request, who, task_id)

    @routes.post("/stop")
    async def stop(request: Request, task_id: str) -> Response:
        who = await pages.visitor(request)
        await pages.team.stop(who, task_id)
        return await _done(pages, request, who, task_id)

    @routes.post("/retry")
    async def retry(request: Request, task_id: str) -> Response:
        who = await pages.visitor(request)
        again = await pages.team.retry(who, task_id)
        return lead(request, f"/tasks/{again.task_id}")


def _own_id(who: SignedIn, message_id: str) -> str:
    """The form's id of what is said, as this person's own: nobody else's words can be taken for said by it."""
    return f"{who.member.person_id}:console:{message_id}"


def _number(text: str, default: int) -> int:
    """Of an event; the default for what is none, or higher than any that there can be."""
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 16 else default


async def _page(
    pages: Pages, who: SignedIn, task_id: str, *, refusal: str = "", text: str = "", status: int = 200
) -> Response:
    view = await _view(pages, who, task_id)
    return pages.page(
        "task.html", status=status, who=who, view=view, message_id=str(uuid4()), refusal=refusal, text=text
    )


async def _view(pages: Pages, who: SignedIn, task_id: str) -> TaskView:
    """The page's values for this person."""
    sheet = await pages.team.lookout.sheet(who, task_id)
    return view_of(pages, sheet, may_steer=may_steer(who, sheet))


async def _done(pages: Pages, request: Request, who: SignedIn, task_id: str, *, is_said: bool = False) -> Response:
    """The page as it is now; for htmx its parts, and after words an empty field for the next ones."""
    if not is_partial(request):
        return RedirectResponse(f"/tasks/{task_id}", status_code=303)
    view = await _view(pages, who, task_id)
    html = _partials(parts_of(pages, view))
    if is_said:
        html += _composer(pages, view)
    return Response(pages.own(html, who), media_type="text/html")


async def _refused(pages: Pages, request: Request, who: SignedIn, task_id: str, text: str, words: str) -> Response:
    """What was typed stays in its field."""
    if not is_partial(request):
        return await _page(pages, who, task_id, refusal=words, text=text, status=422)
    html = _composer(pages, await _view(pages, who, task_id), refusal=words, text=text)
    return Response(pages.own(html, who), status_code=422, media_type="text/html")


def _composer(pages: Pages, view: TaskView, *, refusal: str = "", text: str = "") -> str:
    return pages.render("task/composer.html", who=None, view=view, message_id=str(uuid4()), refusal=refusal, text=text)


def _partials(parts: dict[str, str]) -> str:
    return "".join(partial_of(part, html) for part, html in parts.items())
