"""Whether the process lives, whether it can take work, and its figures: for what watches over it."""

from collections.abc import Callable
from ipaddress import ip_address

from fastapi import APIRouter, HTTPException, Request
from fastapi.responses import JSONResponse, Response

from honk.api.entry import Entry
from honk.api.metrics import MEDIA_TYPE, Metrics, standing_of
from honk.domain.people import EVERYWHERE, Role
from honk.team import Team

ASK_NEAR = "The server is not ready. Asked on its own machine, it says why."
FORWARDED = ("forwarded", "x-forwarded-for", "x-real-ip")


def health_routes(team: Team, entry: Entry, metrics: Metrics, is_ending: Callable[[], bool]) -> APIRouter:
    """`/healthz`, `/readyz`, `/metrics`. `is_ending`: whether the server was asked to end."""
    routes = APIRouter()

    @routes.get("/healthz")
    async def healthz() -> dict[str, str]:
        """That somebody answers."""
        return {"status": "ok"}

    @routes.get("/readyz")
    async def readyz(request: Request) -> JSONResponse:
        """Whether work can be taken in; if not, this machine is told why."""
        problems = list(await team.app.unready())
        if is_ending():
            problems.append("The server is ending; what runs goes on at the next start.")
        if problems and not is_near(request):
            problems = [ASK_NEAR]
        return JSONResponse({"is_ready": not problems, "problems": problems}, 503 if problems else 200)

    @routes.get("/metrics")
    async def figures(request: Request) -> Response:
        """For this machine itself, or an administrator's token."""
        if not is_near(request) and (await entry.visitor(request)).member.role_in(EVERYWHERE) is not Role.ADMIN:
            raise HTTPException(403, "The figures are for administrators, and for this machine itself.")
        return Response(metrics.page(await standing_of(team)), media_type=MEDIA_TYPE)

    return routes


def is_near(request: Request) -> bool:
    """Whether a program of this machine asks, and for nobody else."""
    try:
        is_loopback = request.client is not None and ip_address(request.client.host).is_loopback
    except ValueError:
        return False
    return is_loopback and not any(name in request.headers for name in FORWARDED)
