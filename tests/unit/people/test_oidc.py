"""Signing in by OpenID Connect: who is recognised, and every answer that proves nothing."""

import base64
import hashlib
import hmac
import json
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from aiohttp import web
from joserfc import jwt
from joserfc.jwk import OctKey, RSAKey
from small_issuer import ADA, SmallIssuer, small_issuer

from honk.domain.recognition import Identity
from honk.people import BadAnswer, DirectoryDown
from honk.people.oidc import ANSWER_BYTES, OidcDirectory

pytestmark = pytest.mark.anyio
NOON = datetime(2026, 3, 4, 12, tzinfo=UTC)
BACK = "http://127.0.0.1:8300/enter/oidc/answer"
FOREIGN = RSAKey.generate_key(2048, {"kid": "key-0"})


@pytest.fixture
async def issuer() -> AsyncIterator[SmallIssuer]:
    async with small_issuer(NOON.timestamp()) as issuer:
        yield issuer


def directory_of(issuer: SmallIssuer, **other: Any) -> OidcDirectory:
    wanted: dict[str, Any] = {"issuer": issuer.url, "client_secret": issuer.secret, "clock": lambda: NOON}
    return OidcDirectory(client_id="honk", **{**wanted, **other})


async def recognised(issuer: SmallIssuer, directory: OidcDirectory | None = None) -> Identity:
    directory = directory or directory_of(issuer)
    departure = await directory.depart(BACK)
    return await directory.identify(departure, issuer.sign_in(departure.url), BACK)


async def test_a_person_is_recognised_by_what_the_issuer_proves(issuer: SmallIssuer) -> None:
    issuer.person = {**ADA, "groups": ["dev", 7, "ops"]}
    found = await recognised(issuer)
    assert found == Identity(
        issuer=issuer.url, subject="ada-1", email="ada@example.test", name="Ada", groups=("dev", "ops")
    )


@pytest.mark.parametrize(
    ("wrong", "why"),
    [
        ({"nonce": "x"}, "another sign-in"),
        ({"nonce": None}, "another sign-in"),
        ({"nonce": 7}, "another sign-in"),
        ({"aud": "other"}, "another application"),
        ({"aud": None}, "another application"),
        ({"aud": ["honk", "other"]}, "another application"),
        ({"aud": ["honk", "other"], "azp": "other"}, "another application"),
        ({"azp": "other"}, "another application"),
        ({"iss": "https://evil.example"}, "another issuer"),
        ({"iss": None}, "another issuer"),
        ({"exp": NOON.timestamp() - 61}, "expired"),
        ({"exp": None}, "expired"),
        ({"exp": "9999999999"}, "expired"),
        ({"exp": True}, "expired"),
        ({"iat": NOON.timestamp() + 61}, "future"),
        ({"iat": None}, "future"),
        ({"nbf": NOON.timestamp() + 61}, "future"),
        ({"sub": None}, "nobody"),
        ({"sub": ""}, "nobody"),
        ({"sub": 7}, "nobody"),
        ({"sub": "x" * 256}, "nobody"),
    ],
)
async def test_a_token_of_or_for_somebody_else_or_of_another_time_proves_nothing(
    issuer: SmallIssuer, wrong: dict[str, Any], why: str
) -> None:
    issuer.wrong = wrong
    with pytest.raises(BadAnswer, match=why):
        await recognised(issuer)


def unsigned(claims: dict[str, Any], **header: Any) -> str:
    parts = (json.dumps({"alg": "none", **header}).encode(), json.dumps(claims).encode())
    return ".".join(base64.urlsafe_b64encode(part).rstrip(b"=").decode() for part in parts) + "."


def by_secret(claims: dict[str, Any], secret: bytes) -> str:
    signed = unsigned(claims, alg="HS256", kid="key-0").removesuffix(".")
    digest = hmac.new(secret, signed.encode(), hashlib.sha256).digest()
    return f"{signed}.{base64.urlsafe_b64encode(digest).rstrip(b'=').decode()}"


FORGERIES: dict[str, Callable[[SmallIssuer, dict[str, Any]], str]] = {
    "unsigned": lambda issuer, claims: unsigned(claims),
    "unsigned, with a key's name": lambda issuer, claims: unsigned(claims, kid="key-0"),
    "NONE": lambda issuer, claims: unsigned(claims, alg="NONE"),
    "signed with the public key as a secret": lambda issuer, claims: by_secret(
        claims, issuer.key.as_pem(private=False)
    ),
    "signed with the client's secret": lambda issuer, claims: jwt.encode(
        {"alg": "HS256"}, claims, OctKey.import_key(issuer.secret.encode())
    ),
    "signed with a foreign key of the same name": lambda issuer, claims: jwt.encode(
        {"alg": "RS256", "kid": "key-0"}, claims, FOREIGN
    ),
    "signed with a key that it brings along": lambda issuer, claims: jwt.encode(
        {"alg": "RS256", "jwk": FOREIGN.as_dict(private=False)}, claims, FOREIGN
    ),
    "changed after it was signed": lambda issuer, claims: _changed(jwt.encode({"alg": "RS256"}, claims, issuer.key)),
    "no token": lambda issuer, claims: "x",
    "nothing": lambda issuer, claims: "..",
}  # fmt: skip


def _changed(token: str) -> str:
    head, body, signature = token.split(".")
    claims = json.loads(base64.urlsafe_b64decode(body + "=="))
    changed = base64.urlsafe_b64encode(json.dumps({**claims, "sub": "eve"}).encode()).rstrip(b"=").decode()
    return f"{head}.{changed}.{signature}"


@pytest.mark.filterwarnings("ignore::joserfc.errors.SecurityWarning")
@pytest.mark.parametrize("name", FORGERIES)
async def test_a_forged_token_proves_nothing(issuer: SmallIssuer, name: str) -> None:
    directory = directory_of(issuer)
    departure = await directory.depart(BACK)
    issuer.token = FORGERIES[name](issuer, issuer.claims(departure.nonce))
    with pytest.raises(BadAnswer):
        await directory.identify(departure, issuer.sign_in(departure.url), BACK)


async def test_a_new_key_of_the_issuer_is_asked_for_once(issuer: SmallIssuer) -> None:
    directory = directory_of(issuer)
    await recognised(issuer, directory)
    await recognised(issuer, directory)
    assert issuer.asked.count("/keys") == 1
    issuer.rotate()
    assert (await recognised(issuer, directory)).subject == "ada-1"
    assert issuer.asked.count("/keys") == 2


async def test_a_code_is_worth_nothing_twice_elsewhere_or_without_its_verifier(issuer: SmallIssuer) -> None:
    directory = directory_of(issuer)
    departure = await directory.depart(BACK)
    code = issuer.sign_in(departure.url)
    await directory.identify(departure, code, BACK)
    with pytest.raises(BadAnswer, match="Begin again"):
        await directory.identify(departure, code, BACK)
    code = issuer.sign_in(departure.url)
    with pytest.raises(BadAnswer):
        await directory.identify(replace(departure, verifier="x" * 43), code, BACK)
    code = issuer.sign_in(departure.url)
    with pytest.raises(BadAnswer):
        await directory.identify(departure, code, "https://evil.example/")


@pytest.mark.parametrize("verified", [False, None, "false", 1, "yes", "TRUE", []])
async def test_an_address_that_nobody_verified_is_none(issuer: SmallIssuer, verified: Any) -> None:
    issuer.person = {**ADA, "email_verified": verified}
    assert (await recognised(issuer)).email is None


async def test_the_user_s_description_fills_in_what_the_token_leaves_out(issuer: SmallIssuer) -> None:
    issuer.person, issuer.user = {"sub": "ada-1"}, {**ADA, "groups": ["dev"], "sub": "ada-1"}
    found = await recognised(issuer)
    assert (found.email, found.groups) == ("ada@example.test", ("dev",))
    issuer.user = {**ADA, "sub": "eve"}
    with pytest.raises(BadAnswer, match="somebody else"):
        await recognised(issuer)


@pytest.mark.parametrize(
    "answer",
    [
        lambda: web.Response(status=500),
        lambda: web.Response(status=302, headers={"location": "http://127.0.0.1:1/"}),
        lambda: web.Response(text="<html>"),
        lambda: web.Response(text="[]"),
        lambda: web.Response(body=b"\xff\xfe"),
        lambda: web.Response(body=b" " * (ANSWER_BYTES + 2)),
    ],
)
@pytest.mark.parametrize("path", ["/.well-known/openid-configuration", "/keys", "/token"])
async def test_an_issuer_that_talks_nonsense_lets_nobody_in(
    issuer: SmallIssuer, path: str, answer: Callable[[], web.Response]
) -> None:
    issuer.answers[path] = answer()
    with pytest.raises(DirectoryDown, match="Nobody was signed in"):
        await recognised(issuer)


async def test_an_issuer_that_is_down_is_named_and_its_return_noticed(issuer: SmallIssuer) -> None:
    down = OidcDirectory(issuer="http://127.0.0.1:1", client_id="honk")
    with pytest.raises(DirectoryDown, match="ask an administrator for a link"):
        await down.depart(BACK)
    issuer.answers["/.well-known/openid-configuration"] = web.Response(status=503)
    directory = directory_of(issuer)
    with pytest.raises(DirectoryDown):
        await directory.depart(BACK)
    issuer.answers.clear()
    assert await recognised(issuer, directory)


@pytest.mark.parametrize(
    "described",
    [
        {"issuer": "https://evil.example"}, {"issuer": None}, {"token_endpoint": "http://evil.example/token"},
        {"authorization_endpoint": None}, {"jwks_uri": "file:///etc/passwd"}, {"token_endpoint": 7},
    ],
)  # fmt: skip
async def test_an_issuer_that_describes_somebody_else_lets_nobody_in(
    issuer: SmallIssuer, described: dict[str, Any]
) -> None:
    issuer.described = described
    with pytest.raises(DirectoryDown):
        await directory_of(issuer).depart(BACK)


async def test_every_sign_in_has_secrets_of_its_own(issuer: SmallIssuer) -> None:
    directory = directory_of(issuer)
    one, other = await directory.depart(BACK), await directory.depart(BACK)
    assert len({one.state, one.nonce, one.verifier, other.state, other.nonce, other.verifier}) == 6
    assert one.verifier not in one.url
    assert one.verifier not in repr(one)
    assert issuer.secret not in repr(directory)
    assert issuer.asked.count("/.well-known/openid-configuration") == 1
    later = directory_of(issuer, clock=lambda: NOON + timedelta(hours=2))
    await later.depart(BACK)
