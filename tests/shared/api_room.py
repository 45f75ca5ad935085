"""The API on a real socket over a real database; only the runs end at once, without an agent."""

import asyncio
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, cast

import uvicorn

from honk.api.bounds import PACKS, Bounds
from honk.api.entry import Entry
from honk.api.health import health_routes
from honk.api.metrics import Metrics, Timed
from honk.api.server import create_api
from honk.base.clock import now
from honk.bootstrap import limits_of, open_app
from honk.config import Settings
from honk.domain.people import Door, Member, Role, Visitor
from honk.domain.task import Outcome, OutcomeName, Repository
from honk.engine import Steps
from honk.entrance import Entrance
from honk.gateway import Upstream
from honk.store import NotFound
from honk.team import Team, Terms
from honk.testing.engine import FakeEngine
from honk.testing.workspace import FakeSource
from honk.workflows.house import House
from honk.workflows.record import Record

OWNER_TOKEN = "owner-token"
REPOSITORY = Repository(repository_id="fake", name="repository", location="/person/repository")
ADA = Member(person_id="ada", name="Ada", email="ada@example.org", grants={"*": Role.ADMIN})
EVE = Member(person_id="eve", name="Eve", email="eve@example.org", grants={"elsewhere": Role.ADMIN})
RITA = Member(person_id="rita", name="Rita", email="rita@example.org", grants={"fake": Role.READER})


@dataclass(frozen=True, kw_only=True)
class InBrowser(Visitor):
    csrf: str


class Doorkeeper:
    """Knows everybody by name: `Bearer ada`, or the cookie `honk_session=ada`."""

    people: Mapping[str, Member] = {one.person_id: one for one in (ADA, EVE, RITA)}

    async def visitor(self, cookies: Mapping[str, str]) -> Visitor | None:
        member = self.people.get(cookies.get("honk_session", ""))
        return InBrowser(member=member, door=Door.CONSOLE, csrf=f"csrf-{member.person_id}") if member else None

    async def bearer(self, authorization: str) -> Visitor | None:
        member = self.people.get(authorization.removeprefix("Bearer "))
        return Visitor(member=member, door=Door.TOKEN) if member else None


@dataclass
class ApiRoom:
    """A running server."""

    url: str
    home: Path
    team: Team
    house: House
    loop: asyncio.AbstractEventLoop

    def does(self, act: Any) -> Any:
        """Await something beside the server, in its own loop."""
        return asyncio.run_coroutine_threadsafe(act, self.loop).result(30)


@contextmanager
def serving_api(home: Path) -> Iterator[ApiRoom]:
    """A server that offers one repository."""
    ready: threading.Event = threading.Event()
    kept: dict[str, Any] = {}

    async def main() -> None:
        settings = Settings(home=home, agent="command:true")
        async with open_app(settings, upstream=Upstream(base_url="http://127.0.0.1:9", headers={})) as app:
            house = replace(app._house, source=FakeSource({"README.md": "# It\n"}))
            app._house, app._engine = house, _engine(house)
            app.talk.house, app.talk.engine = house, app._engine
            team = Team(app, Terms(agent=settings.agent, model="sonnet", limits=limits_of(settings)))
            await house.repositories.offer(REPOSITORY, now())
            api = _doors(team)
            server = Server(uvicorn.Config(api, port=0, log_level="critical", lifespan="off"))
            serving = asyncio.create_task(server.serve())
            while not server.started:
                await asyncio.sleep(0.01)
            port = server.servers[0].sockets[0].getsockname()[1]
            kept["server"] = server
            kept["room"] = ApiRoom(f"http://127.0.0.1:{port}", home, team, house, asyncio.get_running_loop())
            ready.set()
            await serving
            await app._engine.stop()

    thread = threading.Thread(target=asyncio.run, args=(main(),), daemon=True)
    thread.start()
    assert ready.wait(20)
    try:
        yield kept["room"]
    finally:
        kept["server"].should_exit = True
        thread.join(20)


def _doors(team: Team) -> Timed:
    metrics = Metrics()
    entry = Entry(entrance=cast(Entrance, Doorkeeper()), owner_token=OWNER_TOKEN)
    api = create_api(team, entry)
    api.include_router(health_routes(team, entry, metrics, lambda: False), include_in_schema=False)
    return Timed(Bounds(api, PACKS), metrics)


class Server(uvicorn.Server):
    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Signals are the test runner's."""
        yield


async def _committed(house: House, run_id: str) -> Record:
    """The fake engine begins before the transaction that enlisted the run has ended."""
    async with asyncio.timeout(20):
        while True:
            with suppress(NotFound):
                return await Record.load(house, run_id)
            await asyncio.sleep(0.005)


def _engine(house: House) -> FakeEngine:
    engine = FakeEngine()

    async def run_task(_steps: Steps, run_id: str) -> None:
        record = await _committed(house, run_id)
        await record.finish(Outcome(name=OutcomeName.NO_CHANGE, reason="Nothing was to be done."))

    engine.register("task", run_task)
    return engine
