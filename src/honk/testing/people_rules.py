"""What every store of people must do. A rule takes a fresh one."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Protocol

from honk.domain.passes import ApiToken, SignInLink, WebSession
from honk.domain.people import EVERYWHERE, Member, Role
from honk.store.people_ports import ApiTokens, People, SignInLinks, WebSessions

NOON = datetime(2026, 3, 4, 12, tzinfo=UTC)
LATER = NOON + timedelta(hours=1)
ADA = Member(
    person_id="p1", name="Ada", email="ada@example.test", grants={"r1": Role.APPROVER, EVERYWHERE: Role.READER}
)
BOB = Member(person_id="p2", name="Bob", email="bob@example.test")


class PeopleStore(Protocol):
    """Every port of it."""

    @property
    def people(self) -> People: ...
    @property
    def links(self) -> SignInLinks: ...
    @property
    def sessions(self) -> WebSessions: ...
    @property
    def tokens(self) -> ApiTokens: ...


def a_link(digest: str = "l1", person_id: str = "p1", at: datetime = NOON) -> SignInLink:
    return SignInLink(digest=digest, person_id=person_id, created_at=at, expires_at=at + timedelta(minutes=15))


def a_session(digest: str = "s1", person_id: str = "p1", at: datetime = NOON) -> WebSession:
    return WebSession(digest=digest, person_id=person_id, created_at=at, seen_at=at, expires_at=at + timedelta(days=1))


def a_token(token_id: str, person_id: str = "p1", at: datetime = NOON) -> ApiToken:
    return ApiToken(
        token_id=token_id, digest=f"d-{token_id}", person_id=person_id, name="ci", created_at=at, expires_at=LATER
    )


async def both(store: PeopleStore) -> None:
    """Ada and Bob come in."""
    assert await store.people.add(ADA, NOON)
    assert await store.people.add(BOB, NOON)


async def a_person_is_found_by_what_is_theirs(store: PeopleStore) -> None:
    await both(store)
    assert await store.people.find(person_id="p1") == ADA
    assert await store.people.find(email="ada@example.test") == ADA
    assert await store.people.find(subject="ada@example.test") is None
    assert await store.people.find(email="p1") is None
    assert list(await store.people.all()) == [ADA, BOB]


async def an_address_belongs_to_one(store: PeopleStore) -> None:
    await both(store)
    assert not await store.people.add(replace(ADA, person_id="p3", grants={EVERYWHERE: Role.ADMIN}), LATER)
    assert not await store.people.add(replace(ADA, email="other@example.test"), LATER)
    assert list(await store.people.all()) == [ADA, BOB]


async def a_grant_takes_the_place_of_the_last_one(store: PeopleStore) -> None:
    await both(store)
    await store.people.grant("p2", "r1", Role.READER)
    await store.people.grant("p2", "r1", Role.ADMIN)
    await store.people.grant("p2", "r2", Role.READER)
    await store.people.grant("p2", "r2", None)
    await store.people.grant("p2", "r3", None)
    assert await store.people.find(person_id="p2") == replace(BOB, grants={"r1": Role.ADMIN})
    assert await store.people.find(person_id="p1") == ADA


async def a_subject_is_bound_once(store: PeopleStore) -> None:
    await both(store)
    assert await store.people.bind("p1", "issuer 7")
    assert not await store.people.bind("p2", "issuer 7")
    assert not await store.people.bind("p1", "issuer 8")
    assert not await store.people.bind("p9", "issuer 9")
    assert await store.people.find(subject="issuer 7") == replace(ADA, subject="issuer 7")


async def who_leaves_takes_every_way_in_along(store: PeopleStore) -> None:
    await both(store)
    await store.people.bind("p1", "issuer 7")
    for person in ("p1", "p2"):
        await store.links.add(a_link(f"l-{person}", person))
        await store.sessions.add(a_session(f"s-{person}", person))
        await store.tokens.add(a_token(f"t-{person}", person))
    await store.people.leave("p1", LATER)
    await store.people.leave("p1", LATER + timedelta(hours=1))
    assert await store.people.find(person_id="p1") == replace(ADA, grants={}, left_at=LATER)
    assert await store.people.find(subject="issuer 7") is None
    assert not await store.people.bind("p1", "issuer 7")
    assert await store.links.find("l-p1") is None
    assert await store.sessions.find("s-p1") is None
    assert await store.tokens.find("d-t-p1") == replace(a_token("t-p1"), revoked_at=LATER)
    assert await store.links.find("l-p2") == a_link("l-p2", "p2")
    assert await store.sessions.find("s-p2") == a_session("s-p2", "p2")
    assert await store.tokens.find("d-t-p2") == a_token("t-p2", "p2")


async def who_comes_back_is_a_new_person(store: PeopleStore) -> None:
    await both(store)
    await store.people.leave("p1", LATER)
    again = replace(ADA, person_id="p3", grants={})
    assert await store.people.add(again, LATER)
    assert await store.people.find(email=ADA.email) == again
    gone = await store.people.find(person_id="p1")
    assert gone is not None
    assert (gone.left_at, dict(gone.grants)) == (LATER, {})


async def a_link_is_used_by_exactly_one(store: PeopleStore) -> None:
    await both(store)
    await store.links.add(a_link())
    async with asyncio.TaskGroup() as group:
        tries = [group.create_task(store.links.use("l1", LATER)) for _ in range(8)]
    assert sorted(one.result() for one in tries) == [False] * 7 + [True]
    assert await store.links.find("l1") == replace(a_link(), used_at=LATER)
    assert not await store.links.use("l9", LATER)


async def what_has_ended_is_forgotten_with_the_next(store: PeopleStore) -> None:
    await both(store)
    await store.links.add(a_link())
    await store.sessions.add(a_session())
    later = NOON + timedelta(days=2)
    await store.links.add(a_link("l2", at=later))
    await store.sessions.add(a_session("s2", at=later))
    assert await store.links.find("l1") is None
    assert await store.sessions.find("s1") is None
    assert await store.links.find("l2") == a_link("l2", at=later)
    assert await store.sessions.find("s2") == a_session("s2", at=later)


async def a_session_ends_alone_or_with_all_of_its_person(store: PeopleStore) -> None:
    await both(store)
    for digest, person in (("s1", "p1"), ("s2", "p1"), ("s3", "p1"), ("s4", "p2")):
        await store.sessions.add(a_session(digest, person))
    await store.sessions.see("s2", LATER)
    await store.sessions.see("s9", LATER)
    await store.sessions.end("s1")
    await store.sessions.end("s1")
    assert await store.sessions.find("s1") is None
    assert await store.sessions.find("s2") == replace(a_session("s2"), seen_at=LATER)
    assert {one.digest for one in await store.sessions.of("p1")} == {"s2", "s3"}
    await store.sessions.end_all("p1")
    assert list(await store.sessions.of("p1")) == []
    assert await store.sessions.find("s4") is not None


async def a_token_is_revoked_once_and_told_ever_after(store: PeopleStore) -> None:
    await both(store)
    await store.tokens.add(a_token("t1"))
    await store.tokens.add(a_token("t2", at=LATER))
    await store.tokens.see("t1", LATER)
    assert await store.tokens.revoke("t1", LATER)
    assert not await store.tokens.revoke("t1", LATER + timedelta(hours=1))
    assert not await store.tokens.revoke("t9", LATER)
    revoked = replace(a_token("t1"), used_at=LATER, revoked_at=LATER)
    assert list(await store.tokens.of("p1")) == [a_token("t2", at=LATER), revoked]
    assert await store.tokens.find("d-t1") == revoked
    assert list(await store.tokens.of("p2")) == []


PeopleRule = Callable[[PeopleStore], Awaitable[None]]
PEOPLE_RULES: tuple[PeopleRule, ...] = (
    a_person_is_found_by_what_is_theirs,
    an_address_belongs_to_one,
    a_grant_takes_the_place_of_the_last_one,
    a_subject_is_bound_once,
    who_leaves_takes_every_way_in_along,
    who_comes_back_is_a_new_person,
    a_link_is_used_by_exactly_one,
    what_has_ended_is_forgotten_with_the_next,
    a_session_ends_alone_or_with_all_of_its_person,
    a_token_is_revoked_once_and_told_ever_after,
)
