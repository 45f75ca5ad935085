"""Links, sessions and tokens as the clock goes on, jumps, and while people leave."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from honk.base.digests import digest_of
from honk.base.errors import UsageError
from honk.domain.passes import Stay
from honk.domain.people import EVERYWHERE, OWNER, Role, checked_email, checked_name
from honk.store import StoreError
from honk.testing.audit import FakeAudit
from honk.testing.people import FakePeople, FakeWebSessions
from honk.workflows.people import PeopleDesk
from honk.workflows.ways_in import WaysIn

pytestmark = pytest.mark.anyio
NOON = datetime(2026, 3, 4, 12, tzinfo=UTC)
STAY = Stay(idle=timedelta(hours=2), whole=timedelta(hours=10))


@dataclass
class Hall:
    """People, their ways in, and a clock that the test sets."""

    people: FakePeople = field(default_factory=FakePeople)
    audit: FakeAudit = field(default_factory=FakeAudit)
    moment: datetime = NOON

    def after(self, **passed: float) -> None:
        self.moment = NOON + timedelta(**passed)

    def clock(self) -> datetime:
        return self.moment

    @property
    def ways_in(self) -> WaysIn:
        kept = self.people
        return WaysIn(
            people=kept,
            links=kept.links,
            sessions=kept.sessions,
            tokens=kept.tokens,
            audit=self.audit,
            stay=STAY,
            clock=self.clock,
        )

    @property
    def desk(self) -> PeopleDesk:
        return PeopleDesk(people=self.people, audit=self.audit, clock=self.clock)


@pytest.fixture
async def hall() -> Hall:
    hall = Hall()
    await hall.desk.owner()
    return hall


@pytest.mark.parametrize(
    ("minutes", "is_good"), [(0, True), (14.9, True), (15, False), (60, False), (-4, True), (-6, False)]
)
async def test_a_link_is_good_for_a_quarter_of_an_hour_by_a_clock_that_holds(
    hall: Hall, minutes: float, is_good: bool
) -> None:
    secret = await hall.ways_in.new_link(OWNER)
    hall.after(minutes=minutes)
    assert await hall.ways_in.is_link_good(secret) == is_good
    assert (await hall.ways_in.enter_by_link(secret) is not None) == is_good


async def test_of_two_at_one_link_one_comes_in(hall: Hall) -> None:
    secret = await hall.ways_in.new_link(OWNER)
    async with asyncio.TaskGroup() as group:
        tries = [group.create_task(hall.ways_in.enter_by_link(secret)) for _ in range(5)]
    assert sum(one.result() is not None for one in tries) == 1


async def test_a_session_goes_on_while_it_is_used_and_ends_in_any_case(hall: Hall) -> None:
    secret = await hall.ways_in.enter(OWNER)
    for hours in (1.5, 3, 4.5, 6, 7.5, 9, 9.9):
        hall.after(hours=hours)
        assert await hall.ways_in.member_of_session(secret) == OWNER, hours
    hall.after(hours=10)
    assert await hall.ways_in.member_of_session(secret) is None


async def test_an_idle_session_ends(hall: Hall) -> None:
    secret = await hall.ways_in.enter(OWNER)
    hall.after(hours=2)
    assert await hall.ways_in.member_of_session(secret) is None
    assert not await hall.ways_in.has_session(OWNER)


async def test_a_clock_that_is_set_back_lets_nobody_stay_longer(hall: Hall) -> None:
    hall.after(days=3650)
    secret = await hall.ways_in.enter(OWNER)
    token, _ = await hall.ways_in.new_token(OWNER, "ci")
    hall.after()
    assert await hall.ways_in.member_of_session(secret) is None
    assert await hall.ways_in.member_of_token(token) is None
    secret = await hall.ways_in.enter(OWNER)
    hall.after(minutes=-4)
    assert await hall.ways_in.member_of_session(secret) == OWNER
    hall.after(days=3650)
    assert await hall.ways_in.member_of_session(secret) is None


@pytest.mark.parametrize("forge", [lambda s: "", lambda s: s[:-1], lambda s: s + "A", lambda s: s.swapcase(), digest_of,
                                   lambda s: "é\x00", lambda s: s * 1000])  # fmt: skip
async def test_a_forged_secret_lets_nobody_in(hall: Hall, forge: Callable[[str], str]) -> None:
    ways_in = hall.ways_in
    link, session, (token, _) = (
        await ways_in.new_link(OWNER), await ways_in.enter(OWNER), await ways_in.new_token(OWNER, "ci")
    )  # fmt: skip
    assert await ways_in.enter_by_link(forge(link)) is None
    assert await ways_in.member_of_session(forge(session)) is None
    assert await ways_in.member_of_token(forge(token)) is None
    assert await ways_in.member_of_session(link) is None
    assert await ways_in.enter_by_link(session) is None
    assert await ways_in.member_of_session(token) is None


async def test_nothing_that_is_kept_lets_anybody_in(hall: Hall) -> None:
    secrets = [await hall.ways_in.new_link(OWNER), await hall.ways_in.enter(OWNER)]
    secrets.append((await hall.ways_in.new_token(OWNER, "ci"))[0])
    people = hall.people
    kept = repr([people.kept, people.links.kept, people.sessions.kept, people.tokens.kept])
    assert not any(secret in kept for secret in secrets)


async def test_a_token_ends_at_its_day(hall: Hall) -> None:
    secret, token = await hall.ways_in.new_token(OWNER, "  ci\n")
    assert token.name == "ci"
    hall.after(days=89)
    assert await hall.ways_in.member_of_token(secret) == OWNER
    assert [one.used_at for one in await hall.ways_in.tokens_of(OWNER)] == [NOON + timedelta(days=89)]
    hall.after(days=90)
    assert await hall.ways_in.member_of_token(secret) is None
    assert list(await hall.ways_in.tokens_of(OWNER)) == []


async def test_nobody_revokes_a_token_of_somebody_else(hall: Hall) -> None:
    ada = await hall.desk.add("ada@example.test", "Ada")
    secret, token = await hall.ways_in.new_token(OWNER, "ci")
    with pytest.raises(UsageError, match="no live token"):
        await hall.ways_in.revoke_token(ada, token.token_id)
    assert await hall.ways_in.member_of_token(secret) == OWNER


async def test_a_full_disk_keeps_nobody_out(hall: Hall, monkeypatch: pytest.MonkeyPatch) -> None:
    async def full(*_: Any) -> None:
        raise StoreError("full")

    secret = await hall.ways_in.enter(OWNER)
    hall.after(hours=1)
    monkeypatch.setattr(FakeWebSessions, "see", full)
    assert await hall.ways_in.member_of_session(secret) == OWNER


async def test_the_owner_is_there_from_the_first_look_and_cannot_lose_the_house(hall: Hall) -> None:
    assert [one.person_id for one in await hall.desk.all()] == ["owner"]
    with pytest.raises(UsageError):
        await hall.desk.leave(OWNER.email)
    for role in (Role.READER, None):
        with pytest.raises(UsageError):
            await hall.desk.grant(OWNER.email, role)
    assert (await hall.desk.owner()).grants == {EVERYWHERE: Role.ADMIN}


async def test_a_new_person_sees_nothing_until_it_is_granted(hall: Hall) -> None:
    ada = await hall.desk.add(" Ada@Example.test", "Ada  <Lovelace>")
    assert (ada.name, ada.email, dict(ada.grants)) == ("Ada Lovelace", "ada@example.test", {})
    with pytest.raises(UsageError, match="is here already"):
        await hall.desk.add("ADA@example.test", "Other")
    await hall.desk.grant("ada@example.test", Role.REQUESTER, "r1")
    found = await hall.desk.known("ada@example.test")
    assert (found.role_in("r1"), found.role_in("r2")) == (Role.REQUESTER, None)


async def test_who_left_is_unknown_and_comes_back_with_nothing(hall: Hall) -> None:
    await hall.desk.add("ada@example.test", "Ada", {EVERYWHERE: Role.ADMIN})
    await hall.desk.leave("ada@example.test")
    with pytest.raises(UsageError, match="Nobody here"):
        await hall.desk.known("ada@example.test")
    again = await hall.desk.add("ada@example.test", "Ada")
    assert again.role_in("r1") is None


@pytest.mark.parametrize(
    "text",
    ["", "ada", "@example.test", "ada@", "a da@example.test", "ada@example..test", "ada@example.test\n<x@y.z>",
     "ada@exämple.test", "a@b@c.test", "ada@-example.test", "<ada@example.test>", "ada@example.test\x00"],
)  # fmt: skip
def test_what_is_no_address_is_refused(text: str) -> None:
    with pytest.raises(UsageError):
        checked_email(text)


@pytest.mark.parametrize("text", ["", " ", "<>", "\x1b\u202e", "x" * 101])
def test_what_is_no_name_is_refused(text: str) -> None:
    with pytest.raises(UsageError):
        checked_name(text)
