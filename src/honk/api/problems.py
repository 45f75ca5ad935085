"""What went wrong, as RFC 9457 problem details: what happened, what was kept, what to do next."""

import logging
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel
from starlette.exceptions import HTTPException
from starlette.routing import compile_path

from honk.base.errors import HonkError, OutOfSpace, PlatformError, UsageError
from honk.desks.readers import Crowded
from honk.domain.plain import one_line
from honk.forge import ForgeNotFound
from honk.store import NotFound, StoreBusy
from honk.team import Refused

MEDIA_TYPE = "application/problem+json"
RETRY_SECONDS = "5"
_log = logging.getLogger("honk.api")

Responses = Mapping[int | str, Mapping[str, Any]]


class Problem(BaseModel):
    """Why a call was not carried out."""

    type: str = "about:blank"
    title: str
    """The status in words."""
    status: int
    detail: str
    """What happened, what was kept, what to do next: for a person."""


def responses(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """For a route's description: 401, 403, 422 and 503 beside those that are named."""
    told = sorted({401, 403, 422, 503, *statuses})
    return {status: {"model": Problem, "description": HTTPStatus(status).phrase} for status in told}


def problem(status: int, detail: str, headers: Mapping[str, str] | None = None) -> JSONResponse:
    """An answer that says why not."""
    body = Problem(title=HTTPStatus(status).phrase, status=status, detail=detail)
    return JSONResponse(body.model_dump(), status, dict(headers or {}), MEDIA_TYPE)


def status_of(error: HonkError) -> int:
    """The status by which a program knows what kind of error it is."""
    match error:
        case Refused():
            return 403
        case Crowded():
            return 429
        case NotFound() | ForgeNotFound():
            return 404
        case StoreBusy():
            return 503
        case OutOfSpace():
            return 507
        case UsageError():
            return 409
        case PlatformError():
            return 503
    return 500


def answer_problems(api: FastAPI) -> None:
    """Let every error of this application leave as a problem."""

    async def refused(request: Request, error: Exception) -> JSONResponse:
        assert isinstance(error, HonkError)
        status = status_of(error)
        if status >= 500:
            _log.warning("%s %s: %s", request.method, one_line(request.scope["path"], 300), error)
        return problem(status, str(error), {"retry-after": RETRY_SECONDS} if status in (429, 503, 507) else None)

    async def misshapen(_: Request, error: Exception) -> JSONResponse:
        assert isinstance(error, RequestValidationError)
        found = "; ".join(f"{'.'.join(str(part) for part in one['loc'])}: {one['msg']}" for one in error.errors()[:10])
        return problem(422, f"The call is not as the description has it: {found}. Nothing was done.")

    async def unanswered(request: Request, error: Exception) -> JSONResponse:
        assert isinstance(error, HTTPException)
        match error.status_code:
            case 400:
                return problem(422, "The body is no JSON text in UTF-8. Nothing was done.")
            case 404 if error.detail == HTTPStatus(404).phrase:
                return problem(404, "There is no such path. /api/openapi.json describes those that there are.")
            case 405:
                allowed = ", ".join(sorted(_methods(request)))
                words = f"This path knows {allowed}, and not {request.method}. Nothing was done."
                return problem(405, words, {"allow": allowed})
        return problem(error.status_code, error.detail, error.headers)

    async def broke(request: Request, error: Exception) -> JSONResponse:
        _log.error("%s %s broke", request.method, one_line(request.scope["path"], 300), exc_info=error)
        return problem(500, "A fault of Honk itself; its log has the trace. What was accepted before is kept.")

    api.add_exception_handler(HonkError, refused)
    api.add_exception_handler(RequestValidationError, misshapen)
    api.add_exception_handler(HTTPException, unanswered)
    api.add_exception_handler(Exception, broke)


def _methods(request: Request) -> set[str]:
    """Of every operation with this path: the framework would name those of the first."""
    path = request.scope["path"].removeprefix(request.scope.get("root_path", ""))
    told = request.app.openapi()["paths"].items()
    return {method.upper() for known, methods in told if compile_path(known)[0].match(path) for method in methods}
