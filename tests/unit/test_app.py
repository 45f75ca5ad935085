"""What the front desk adds to what its rooms answer."""

from dataclasses import replace
from types import SimpleNamespace
from typing import cast

import pytest

from honk.app import App
from honk.domain.change import PullRequest
from honk.domain.prompt import checked_prompt
from honk.engine import Engine
from honk.engine.at_once import AtOnceEngine
from honk.testing.audit import FakeAudit
from honk.testing.people import FakePeople
from honk.testing.store import FakeStore
from honk.workflows.house import House
from honk.workflows.housekeeping import Housekeeper
from honk.workflows.people import PeopleDesk
from honk.workflows.preview import Previews
from honk.workflows.tapping import Tapping
from honk.workflows.watch import Watch
from honk.workflows.ways_in import WaysIn

pytestmark = pytest.mark.anyio

FIRST = PullRequest(
    pull_request_id="p", number=1, repository_id="r", task_id="t1", title="T", body="", branch="honk/x",
    base_branch="main", base_sha="a" * 40, head_sha="b" * 40, state="open", is_draft=False, url="",
)  # fmt: skip


class Forge:
    async def pull_requests(self) -> list[PullRequest]:
        return [FIRST, replace(FIRST, number=3), replace(FIRST, number=2)]


def desk() -> App:
    house = SimpleNamespace(forge=Forge(), tasks=FakeStore().tasks, audit=FakeAudit())
    people, ways_in = PeopleDesk(people=FakePeople(), audit=FakeAudit()), cast(WaysIn, None)
    engine, keeper = cast(Engine, None), cast(Housekeeper, None)
    watch = cast(Watch, SimpleNamespace(purse=SimpleNamespace(within=None)))
    deploying = SimpleNamespace(production=SimpleNamespace(engine=AtOnceEngine()))
    delivery = cast(Tapping, SimpleNamespace(deploying=deploying))
    return App(cast(House, house), engine, keeper, people=people, ways_in=ways_in, watch=watch, delivery=delivery,
               previews=cast(Previews, None))  # fmt: skip


async def test_pull_requests_come_newest_first() -> None:
    assert [one.number for one in await desk().pull_requests()] == [3, 2, 1]


async def test_a_pull_request_whose_task_was_deleted_is_nobody_s() -> None:
    assert await desk().repository_name(FIRST) == ""


@pytest.mark.parametrize(
    ("raw", "kept"),
    [
        ("fix \x1b[31mred\x1b[0m titles", "fix red titles"),
        ("\x1b]0;owned\x07fix it", "fix it"),
        ("fix\x1bc it\x00\x7f\u202e", "fix it"),
        ("one\n\ttwo", "one\n\ttwo"),
    ],
)
def test_a_request_keeps_its_words_and_loses_what_commands_a_terminal(raw: str, kept: str) -> None:
    assert checked_prompt(raw) == kept
