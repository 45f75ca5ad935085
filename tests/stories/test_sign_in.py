"""Signing in at a real server by the company's own system: a provider that other people wrote, and that checks PKCE."""

import base64
import json
from collections.abc import Iterator
from pathlib import Path

import aiohttp
import pytest
from pkce_issuer import Checked, pkce_issuer
from server import Server, serving
from yarl import URL

# What the provider warns of is its own libraries' affair, and would be its error 500.
pytestmark = [pytest.mark.slow, pytest.mark.anyio, pytest.mark.filterwarnings("ignore")]
CLAIMS: dict[str, object] = {"email": "ada@example.test", "email_verified": True, "name": "Ada"}
ERRAND = "honk_errand"


@pytest.fixture
def issuer() -> Iterator[Checked]:
    with pkce_issuer("ada-1", CLAIMS) as checked:
        yield checked


def someone() -> aiohttp.ClientSession:
    return aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True))


async def agreed(browser: aiohttp.ClientSession, server: Server) -> URL:
    """Away to the provider, and a yes there: the address that the browser is sent back to."""
    async with browser.get(f"{server.url}/enter/oidc") as page:
        assert page.status == 200, await page.text()
        assert page.url.host == "localhost"
        there = page.url
    async with browser.post(there, data={"sub": "ada-1"}, allow_redirects=False) as answer:
        assert answer.status == 302, await answer.text()
        return URL(answer.headers["location"])


async def test_a_person_comes_in_by_the_company_s_system_and_a_code_alone_lets_nobody_in(
    home: Path, calc: Path, issuer: Checked
) -> None:
    wanted = {
        "HONK_OIDC__ISSUER": issuer.url, "HONK_OIDC__CLIENT_ID": "honk", "HONK_OIDC__CLIENT_SECRET": "env:MADE_UP",
        "MADE_UP": "s3cret", "HONK_OIDC__ALLOWED_DOMAINS": '["example.test"]', "HONK_OIDC__DEFAULT_ROLE": "requester",
    }  # fmt: skip
    async with serving(home, {}, calc, **wanted) as server, someone() as ada, someone() as thief, someone() as forger:
        async with ada.get(server.url) as page:
            assert "/enter/oidc" in await page.text()
        back = await agreed(ada, server)
        async with thief.get(back) as page:
            assert (page.status, "belongs to no sign-in" in await page.text()) == (403, True)
        assert issuer.told == [], "a code without its errand is not even asked about"
        async with ada.get(back) as page:
            assert (page.status, "Ada" in await page.text()) == (200, True), "on the board, by her name"
        async with ada.get(f"{server.url}/api/repositories") as answer:
            assert [one["name"] for one in await answer.json()] == ["calc"]
        assert issuer.told == ["proved"]
        assert "ada@example.test" in await server.honk("people", "list")

        back = await agreed(forger, server)
        jar = forger.cookie_jar
        (errand,) = [one.value for one in jar if one.key == ERRAND]
        told = {**json.loads(base64.urlsafe_b64decode(errand)), "verifier": "v" * 43}
        jar.update_cookies({ERRAND: base64.urlsafe_b64encode(json.dumps(told).encode()).decode()}, URL(server.url))
        async with forger.get(back) as page:
            assert page.status == 403, await page.text()
        assert issuer.told == ["proved", "refused"]
        async with forger.get(f"{server.url}/api/repositories") as answer:
            assert answer.status == 401
