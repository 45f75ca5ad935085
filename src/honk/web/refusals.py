"""What people are told when something is not theirs, not there, or not possible: a page, or a word for htmx."""

import logging
from collections.abc import Awaitable, Callable

from fastapi import FastAPI, HTTPException, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import HTMLResponse, Response
from starlette.exceptions import HTTPException as AnyHTTPException

from honk.base.errors import HonkError, PlatformError, UsageError
from honk.desks.readers import Crowded
from honk.domain.plain import one_line
from honk.store import NotFound
from honk.team import Refused
from honk.web.pages import Pages, is_partial

TITLES = {
    400: "That was not understood",
    401: "Sign in first",
    403: "That is not yours to do",
    404: "There is nothing here",
    405: "Not that way",
    413: "That is too much",
    429: "That is too many at once",
    422: "That cannot be done so",
    500: "Honk itself broke",
    503: "Not now",
}
_WORDS = {
    404: "No page has this address, or nothing that you may know of.",
    405: "This address does something else. Nothing was done.",
    500: "The fault is written into the server's log. What was asked before goes on; nothing new was begun. Try again.",
}
_STATUS: tuple[tuple[type[HonkError], int], ...] = (
    (Crowded, 429), (NotFound, 404), (Refused, 403), (PlatformError, 503), (UsageError, 422), (HonkError, 503),
)  # fmt: skip
_log = logging.getLogger("honk.web")


def refuse_in_words(console: FastAPI, pages: Pages) -> None:
    """Every error becomes a page of this console."""

    def page(request: Request, status: int, words: str) -> Response:
        if is_partial(request):
            headers = {"hx-retarget": "#toast", "hx-reswap": "innerHTML"}
            body = pages.render("toast.html", who=None, words=words)
            return HTMLResponse(body, status_code=status, headers=headers)
        title = TITLES.get(status, TITLES[400])
        return pages.page("error.html", status=status, code=status, who=None, title=title, words=words)

    async def http(request: Request, error: Exception) -> Response:
        status = error.status_code if isinstance(error, AnyHTTPException) else 500
        detail = str(error.detail) if isinstance(error, HTTPException) else ""
        return page(request, status, _WORDS.get(status) or detail or TITLES.get(status, ""))

    async def invalid(request: Request, error: Exception) -> Response:
        problems = error.errors() if isinstance(error, RequestValidationError) else []
        told = "; ".join(f"{problem['loc'][-1]}: {problem['msg']}" for problem in problems[:5])
        return page(request, 422, f"What was sent does not fit: {one_line(told, 500)}. Nothing was done.")

    def worded(status: int) -> Callable[[Request, Exception], Awaitable[Response]]:
        async def answer(request: Request, error: Exception) -> Response:
            return page(request, status, str(error))

        return answer

    async def broken(request: Request, error: Exception) -> Response:
        _log.error("%s %s broke", request.method, one_line(request.url.path, 300), exc_info=error)
        return page(request, 500, _WORDS[500])

    console.add_exception_handler(AnyHTTPException, http)
    console.add_exception_handler(RequestValidationError, invalid)
    for kind, status in _STATUS:
        console.add_exception_handler(kind, worded(status))
    console.add_exception_handler(Exception, broken)
