"""Away to another system and back: by the browser that left, to a page of ours, and else nowhere."""

import base64
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from aiohttp import web
from asking import Answer, ask
from front_room import NOON, NoTeam
from small_issuer import ADA, SmallIssuer, small_issuer

from honk.config import ServeSettings
from honk.domain.people import EVERYWHERE, Member, Role
from honk.domain.recognition import Admittance
from honk.entrance import Entrance
from honk.people.oidc import OidcDirectory
from honk.testing.audit import FakeAudit
from honk.testing.people import FakePeople
from honk.web.console import create_console
from honk.workflows.people import PeopleDesk
from honk.workflows.recognition import Recognition
from honk.workflows.ways_in import WaysIn

pytestmark = pytest.mark.anyio
MEMBER = Member(person_id="p1", name="Ada", email="ada@example.test")


@dataclass
class Way:
    """A console beside an issuer."""

    app: Any
    issuer: SmallIssuer
    people: FakePeople
    ways_in: WaysIn

    async def leave(self, path: str = "/enter/oidc", **headers: str) -> tuple[str, str]:
        """The cookie that the browser keeps, and where it is sent."""
        answer = await ask(self.app, "GET", path, headers)
        assert answer.status == 303, answer.text
        return answer.cookies["honk_errand"].split(";")[0].strip('"'), answer.headers["location"]

    async def come_back(self, cookie: str, **query: str) -> Answer:
        return await ask(self.app, "GET", f"/enter/oidc/answer?{urlencode(query)}", {"cookie": f"honk_errand={cookie}"})

    async def through(self, path: str = "/enter/oidc") -> Answer:
        """The whole way."""
        cookie, url = await self.leave(path)
        return await self.come_back(cookie, state=state_of(url), code=self.issuer.sign_in(url))

    async def person(self, answer: Answer) -> Member | None:
        """Who the answer signs in."""
        if "honk_session" not in answer.cookies:
            return None
        return await self.ways_in.member_of_session(answer.cookies["honk_session"].split(";")[0])


def state_of(url: str) -> str:
    return parse_qs(urlsplit(url).query)["state"][0]


def way_of(issuer: SmallIssuer, rules: Admittance) -> Way:
    people = FakePeople()
    ways_in = WaysIn(
        people=people,
        links=people.links,
        sessions=people.sessions,
        tokens=people.tokens,
        audit=FakeAudit(),
        clock=lambda: NOON,
    )
    recognition = Recognition(
        directory=OidcDirectory(
            issuer=issuer.url, client_id="honk", client_secret=issuer.secret, name="Example", clock=lambda: NOON
        ),
        rules=rules,
        desk=PeopleDesk(people=people, audit=FakeAudit(), clock=lambda: NOON),
        ways_in=ways_in,
    )
    entrance = Entrance(ways_in=ways_in, recognition=recognition)
    return Way(create_console(NoTeam(), ServeSettings(), entrance), issuer, people, ways_in)  # type: ignore[arg-type]


@pytest.fixture
async def way() -> AsyncIterator[Way]:
    async with small_issuer(NOON.timestamp()) as issuer:
        yield way_of(issuer, Admittance())


async def test_who_was_added_comes_in_and_is_bound_to_the_account(way: Way) -> None:
    await way.people.add(MEMBER, NOON)
    answer = await way.through("/enter/oidc?next=/tasks/abc")
    assert (answer.status, answer.headers["location"]) == (303, "/tasks/abc")
    assert "HttpOnly" in answer.cookies["honk_session"]
    assert 'honk_errand=""' in f"honk_errand={answer.cookies['honk_errand']}"
    found = await way.person(answer)
    assert found is not None
    assert (found.person_id, found.subject) == ("p1", f"{way.issuer.url} ada-1")
    way.issuer.person = {**ADA, "email": "new-address@example.test"}
    assert await way.person(await way.through()) == found


async def test_who_is_new_joins_by_the_rules_only(way: Way) -> None:
    refused = await way.through()
    assert (refused.status, await way.person(refused)) == (403, None)
    assert "Nobody added ada@example.test here yet" in refused.text
    opened = way_of(way.issuer, Admittance(domains=("example.test",), default_role=Role.REQUESTER))
    found = await opened.person(await opened.through())
    assert found is not None
    assert (found.name, found.email, dict(found.grants)) == ("Ada", "ada@example.test", {EVERYWHERE: Role.REQUESTER})
    closed = way_of(way.issuer, Admittance(domains=("other.test",), default_role=Role.REQUESTER))
    assert (await closed.through()).status == 403
    assert [one.person_id for one in await closed.people.all()] == ["owner"]


async def test_an_unverified_address_is_nobody_s(way: Way) -> None:
    await way.people.add(MEMBER, NOON)
    way.issuer.person = {**ADA, "email_verified": False}
    answer = await way.through()
    assert (answer.status, await way.person(answer)) == (403, None)
    assert "no verified e-mail address" in answer.text


async def test_who_left_stays_out_and_so_does_another_account_of_their_address(way: Way) -> None:
    await way.people.add(MEMBER, NOON)
    assert await way.person(await way.through())
    way.issuer.person = {**ADA, "sub": "ada-2"}
    assert (await way.through()).status == 403
    way.issuer.person = ADA
    await way.people.leave("p1", NOON)
    answer = await way.through()
    assert (answer.status, "You have left" in answer.text) == (403, True)


async def test_only_the_browser_that_left_comes_back(way: Way) -> None:
    await way.people.add(MEMBER, NOON)
    cookie, url = await way.leave()
    other, _ = await way.leave()
    for shown, state in (("", state_of(url)), (other, state_of(url)), (cookie, ""), (cookie, "x"), (cookie, "é")):
        answer = await way.come_back(shown, state=state, code=way.issuer.sign_in(url))
        assert (answer.status, await way.person(answer)) == (403, None)
        assert "belongs to no sign-in" in answer.text
    answer = await way.come_back(cookie, state=state_of(url), code=way.issuer.sign_in(url), iss="https://evil.example")
    assert answer.status == 403
    answer = await way.come_back(cookie, state=state_of(url), error="access_denied")
    assert (answer.status, "did not sign you in" in answer.text) == (403, True)
    used = way.issuer.sign_in(url)
    assert await way.person(await way.come_back(cookie, state=state_of(url), code=used))
    assert await way.person(await way.come_back(cookie, state=state_of(url), code=used)) is None


EMPTY = base64.b64encode(b'{"state": "", "nonce": "", "verifier": "", "next": "/"}').decode()


@pytest.mark.parametrize("told", ["", "x", "e30=", "bnVsbA==", EMPTY, "W10=", "\xff", "=" * 4000])
async def test_a_cookie_that_we_never_made_is_an_honest_page(way: Way, told: str) -> None:
    answer = await way.come_back(told, state="", code="x")
    assert (answer.status, "belongs to no sign-in" in answer.text) == (403, True)


async def test_nobody_is_led_to_another_host(way: Way) -> None:
    await way.people.add(MEMBER, NOON)
    for wanted in ("//evil.example", "https://evil.example", "/\\evil.example", "%2F%2Fevil.example"):
        assert (await way.through(f"/enter/oidc?next={wanted}")).headers["location"] == "/"
    cookie, url = await way.leave()
    errand = {**json.loads(base64.urlsafe_b64decode(cookie)), "next": "https://evil.example"}
    planted = base64.urlsafe_b64encode(json.dumps(errand).encode()).decode()
    answer = await way.come_back(planted, state=state_of(url), code=way.issuer.sign_in(url))
    assert answer.headers["location"] == "/"
    assert (await ask(way.app, "GET", "/enter/oidc", host="evil.example")).status == 421


async def test_a_system_that_is_down_is_an_honest_page_and_links_still_work(way: Way) -> None:
    way.issuer.answers["/.well-known/openid-configuration"] = web.Response(status=503)
    answer = await ask(way.app, "GET", "/enter/oidc")
    assert (answer.status, "ask an administrator for a link" in answer.text) == (502, True)
    await way.people.add(MEMBER, NOON)
    key = await way.ways_in.new_link(MEMBER)
    assert (await ask(way.app, "POST", "/enter", form={"key": key})).status == 303


async def test_the_sign_in_page_offers_the_system_by_its_name(way: Way) -> None:
    answer = await ask(way.app, "GET", "/tasks/abc")
    assert answer.status == 401
    assert 'href="/enter/oidc?next=/tasks/abc"' in answer.text
    assert "Sign in with Example" in answer.text


async def test_a_session_of_before_ends_with_the_new_one(way: Way) -> None:
    await way.people.add(MEMBER, NOON)
    old = await way.ways_in.enter(MEMBER)
    cookie, url = await way.leave()
    query = urlencode({"state": state_of(url), "code": way.issuer.sign_in(url)})
    headers = {"cookie": f"honk_errand={cookie}; honk_session={old}"}
    answer = await ask(way.app, "GET", f"/enter/oidc/answer?{query}", headers)
    assert await way.person(answer)
    assert await way.ways_in.member_of_session(old) is None
