"""The doors of a server without a team behind them, and people who stand before them."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, cast

import pytest
from asking import Answer, ask

from honk.cli.serve import Behind, doors
from honk.config import Settings
from honk.domain.people import OWNER
from honk.entrance import Entrance
from honk.team import Team
from honk.testing.audit import FakeAudit
from honk.testing.people import FakePeople
from honk.workflows.ways_in import WaysIn

NOON = datetime(2026, 3, 4, 12, tzinfo=UTC)


@dataclass
class Front:
    """The doors of a server, and its clock."""

    app: Any
    ways_in: WaysIn
    people: FakePeople
    moment: datetime = NOON
    session: str = ""

    async def enter(self) -> None:
        await self.people.add(OWNER, NOON)
        self.session = await self.ways_in.enter(OWNER)

    async def ask(self, method: str, path: str, **more: Any) -> Answer:
        """By the browser that came in."""
        headers = {"cookie": f"honk_session={self.session}", **more.pop("headers", {})}
        return await ask(self.app, method, path, headers, **more)


class NoTeam:
    """Whatever reaches it was let through."""

    def __getattr__(self, name: str) -> Any:
        raise AssertionError(f"the desk was asked: {name}")


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Front:
    """Built once: its routes take most of a second."""
    people = FakePeople()
    front = Front(None, cast(WaysIn, None), people)
    front.ways_in = WaysIn(
        people=people,
        links=people.links,
        sessions=people.sessions,
        tokens=people.tokens,
        audit=FakeAudit(),
        clock=lambda: front.moment,
    )
    settings, entrance = Settings(home=tmp_path_factory.mktemp("home")), Entrance(ways_in=front.ways_in)
    front.app = doors(Behind(team=cast(Team, NoTeam()), settings=settings, entrance=entrance))
    return front


@pytest.fixture
def front(house: Front) -> Front:
    """Nobody is here, and nothing lets anybody in."""
    for kept in (house.people.kept, house.people.links.kept, house.people.sessions.kept, house.people.tokens.kept):
        kept.clear()
    house.moment, house.session = NOON, ""
    return house
