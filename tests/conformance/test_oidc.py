"""OpenID Connect with an issuer that other people wrote. It knows no PKCE; the unit tests have that."""

import warnings
from collections.abc import Iterator
from urllib.parse import parse_qs, urlsplit

import aiohttp
import pytest

from honk.domain.recognition import Identity
from honk.people import BadAnswer
from honk.people.oidc import OidcDirectory

# What it warns of is its own libraries' affair, and would be its error 500.
pytestmark = [pytest.mark.anyio, pytest.mark.slow, pytest.mark.filterwarnings("ignore")]
BACK = "http://127.0.0.1:8300/enter/oidc/answer"
CLAIMS = {"email": "ada@example.test", "email_verified": True, "name": "Ada", "groups": ["dev"]}


@pytest.fixture(scope="module")
def issuer() -> Iterator[str]:
    with warnings.catch_warnings(record=True):  # they are its own
        from oidc_provider_mock import User, run_server_in_thread
    with run_server_in_thread(require_nonce=True, user_claims=[User(sub="ada-1", claims=CLAIMS)]) as server:
        yield f"http://localhost:{server.server_port}"


async def signed_in(url: str, subject: str) -> str:
    """A person's browser at the issuer: the code that it is sent back with."""
    async with aiohttp.ClientSession() as browser:
        async with browser.get(url) as page:
            assert page.status == 200, await page.text()
        async with browser.post(url, data={"sub": subject}, allow_redirects=False) as answer:
            assert answer.status == 302, await answer.text()
            back = urlsplit(answer.headers["location"])
    assert back._replace(query="").geturl() == BACK
    return parse_qs(back.query)["code"][0]


async def test_a_person_is_recognised_by_an_issuer_of_others(issuer: str) -> None:
    directory = OidcDirectory(issuer=issuer, client_id="honk", client_secret="s3cret")
    departure = await directory.depart(BACK)
    code = await signed_in(departure.url, "ada-1")
    found = await directory.identify(departure, code, BACK)
    assert found == Identity(issuer=issuer, subject="ada-1", email="ada@example.test", name="Ada", groups=("dev",))
    with pytest.raises(BadAnswer):
        await directory.identify(departure, code, BACK)


async def test_a_sign_in_of_another_browser_is_none_of_ours(issuer: str) -> None:
    directory = OidcDirectory(issuer=issuer, client_id="honk", client_secret="s3cret")
    departure, other = await directory.depart(BACK), await directory.depart(BACK)
    code = await signed_in(other.url, "ada-1")
    with pytest.raises(BadAnswer, match="another sign-in"):
        await directory.identify(departure, code, BACK)


async def test_a_token_for_another_application_is_refused(issuer: str) -> None:
    departure = await OidcDirectory(issuer=issuer, client_id="other", client_secret="s3cret").depart(BACK)
    code = await signed_in(departure.url, "ada-1")
    with pytest.raises(BadAnswer):
        await OidcDirectory(issuer=issuer, client_id="honk", client_secret="s3cret").identify(departure, code, BACK)
