"""The page on which administrators see to people."""

import re
from types import SimpleNamespace
from typing import cast

import pytest
from asking import Answer
from front_room import NOON, Front, front

from honk.app import App
from honk.cli.serve import Behind, doors
from honk.config import Settings
from honk.desks.roster import Roster
from honk.domain.people import EVERYWHERE, OWNER, Member, Role
from honk.entrance import Entrance, csrf_of
from honk.team import Team
from honk.testing.audit import FakeAudit
from honk.testing.people import FakePeople
from honk.workflows.people import PeopleDesk
from honk.workflows.ways_in import WaysIn

__all__ = ["front"]
pytestmark = pytest.mark.anyio
CALC = SimpleNamespace(repository_id="r1", name="calc <b>")
SECRET = re.compile(r"enter\?key=([\w-]+)")


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Front:
    """Built once, with a roster behind it and one repository."""
    people, audit = FakePeople(), FakeAudit()
    found = Front(None, cast(WaysIn, None), people)
    found.ways_in = WaysIn(
        people=people, links=people.links, sessions=people.sessions, tokens=people.tokens, audit=audit,
        clock=lambda: found.moment,
    )  # fmt: skip

    async def offered(*_: object) -> list[object]:
        return [CALC]

    app = SimpleNamespace(
        people=PeopleDesk(people=people, audit=audit, clock=lambda: found.moment), ways_in=found.ways_in,
        offered_repositories=offered,
    )  # fmt: skip
    team = cast(Team, SimpleNamespace(roster=Roster(cast(App, app)), repositories=offered, readers=None))
    settings = Settings(home=tmp_path_factory.mktemp("home"))
    found.app = doors(Behind(team=team, settings=settings, entrance=Entrance(ways_in=found.ways_in)))
    return found


async def post(front: Front, path: str, **form: str) -> Answer:
    return await front.ask("POST", path, form={"csrf": csrf_of(front.session), **form})


def secret_in(page: Answer) -> str:
    (secret,) = SECRET.findall(page.text)
    return str(secret)


async def ada(front: Front) -> Member:
    found = await front.people.find(email="ada@example.test")
    assert found is not None
    return found


async def test_somebody_new_comes_in_by_a_link_that_is_shown_once_and_may_what_was_given(front: Front) -> None:
    await front.enter()
    made = await post(front, "/people", email="Ada@example.test", name="Ada <i>", role="approver", where="r1")
    assert made.status == 200
    assert await front.ways_in.enter_by_link(secret_in(made)) is not None
    member = await ada(front)
    assert (member.name, member.grants) == ("Ada i", {"r1": Role.APPROVER})
    page = await front.ask("GET", "/people")
    assert "approver of calc &lt;b&gt;" in page.text
    assert SECRET.findall(page.text) == []


async def test_roles_are_given_and_taken_and_somebody_goes(front: Front) -> None:
    await front.enter()
    await post(front, "/people", email="ada@example.test", name="Ada", role="none")
    assert (await ada(front)).grants == {}
    assert (await post(front, "/people/grant", email="ada@example.test", role="reader")).status == 303
    assert (await ada(front)).grants == {EVERYWHERE: Role.READER}
    assert (await post(front, "/people/grant", email="ada@example.test", role="none")).status == 303
    assert (await ada(front)).grants == {}
    session = await front.ways_in.enter(await ada(front))
    assert (await post(front, "/people/leave", email="ada@example.test")).status == 303
    assert await front.ways_in.member_of_session(session) is None
    assert "ada@example.test" not in (await front.ask("GET", "/people")).text


async def test_who_is_signed_in_gets_no_second_link_by_somebody_else(front: Front) -> None:
    await front.enter()
    first = secret_in(await post(front, "/people", email="ada@example.test", name="Ada"))
    again = secret_in(await post(front, "/people/link", email="ada@example.test"))
    assert await front.ways_in.enter_by_link(again) is not None
    refused = await post(front, "/people/link", email="ada@example.test")
    assert (refused.status, "is signed in somewhere" in refused.text) == (422, True)
    assert first != again
    assert (await post(front, "/people/link", email=OWNER.email)).status == 422


@pytest.mark.parametrize(
    ("path", "form"),
    [
        ("/people", {"email": "nobody", "name": "Ada"}),
        ("/people", {"email": "owner@localhost", "name": "Ada"}),
        ("/people", {"email": "ada@example.test", "name": ""}),
        ("/people", {"email": "ada@example.test", "name": "Ada", "where": "elsewhere"}),
        ("/people", {"email": "ada@example.test", "name": "Ada", "role": "king"}),
        ("/people/grant", {"email": "owner@localhost", "role": "none"}),
        ("/people/grant", {"email": "nobody@example.test", "role": "admin"}),
        ("/people/leave", {"email": "owner@localhost"}),
        ("/people/link", {"email": "nobody@example.test"}),
    ],
)
async def test_what_cannot_be_is_refused_in_words_and_changes_nothing(
    front: Front, path: str, form: dict[str, str]
) -> None:
    await front.enter()
    refused = await post(front, path, **form)
    assert (refused.status, "Nothing was done" in refused.text) == (422, True), refused.text
    assert [one.email for one in await front.people.all()] == [OWNER.email]


async def test_it_is_for_administrators_who_are_there_themselves(front: Front) -> None:
    await front.enter()
    secret, _ = await front.ways_in.new_token(OWNER, "ci")
    await front.people.add(Member(person_id="b", name="Bob", email="bob@example.test", grants={"r1": Role.ADMIN}), NOON)
    bob = await front.people.find(person_id="b")
    assert bob is not None
    front.session = await front.ways_in.enter(bob)
    assert (await front.ask("GET", "/people")).status == 403
    for path in ("/people", "/people/link", "/people/grant", "/people/leave"):
        form = {"email": "bob@example.test", "name": "B", "role": "admin"}
        assert (await post(front, path, **form)).status == 403
        front.session, kept = "", front.session
        by_token = await front.ask("POST", path, form=form, headers={"authorization": f"Bearer {secret}"})
        assert by_token.status == 401
        front.session = kept
    assert (await front.people.find(person_id="b")) == bob


async def test_an_administrator_cannot_lower_or_lose_themselves(front: Front) -> None:
    await front.enter()
    admin = Member(person_id="b", name="Bob", email="bob@example.test", grants={EVERYWHERE: Role.ADMIN})
    await front.people.add(admin, NOON)
    front.session = await front.ways_in.enter(admin)
    for path in ("/people/grant", "/people/leave"):
        refused = await post(front, path, email="bob@example.test", role="reader")
        assert (refused.status, "another administrator can" in refused.text) == (422, True)
    assert await front.people.find(person_id="b") == admin
