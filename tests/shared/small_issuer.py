"""An OpenID issuer of a few lines, which can be told to answer badly."""

import base64
import hashlib
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlsplit

from aiohttp import web
from joserfc import jwt
from joserfc.jwk import RSAKey

_KEYS = [RSAKey.generate_key(2048, {"kid": f"key-{number}", "use": "sig"}) for number in range(2)]
"""Made once: a key takes a tenth of a second."""
ADA = {"sub": "ada-1", "email": "Ada@example.test", "email_verified": True, "name": "Ada"}


@dataclass
class SmallIssuer:
    """Signs whoever `person` says in, for the client `honk`."""

    url: str = ""
    at: float = 0.0
    key: RSAKey = field(default_factory=lambda: _KEYS[0])
    person: Mapping[str, Any] = field(default_factory=lambda: dict(ADA))
    user: Mapping[str, Any] | None = None
    """What the user's description says; None says what `person` does."""
    wrong: Mapping[str, Any] = field(default_factory=dict)
    """Claims in place of the right ones; None leaves one out."""
    token: str | None = None
    """In place of a right one."""
    described: Mapping[str, Any] = field(default_factory=dict)
    answers: dict[str, web.Response] = field(default_factory=dict)
    """In place of the right ones, by path."""
    asked: list[str] = field(default_factory=list)
    codes: dict[str, dict[str, str]] = field(default_factory=dict)
    secret: str = "s3cret"

    def rotate(self) -> None:
        """Sign with another key from now on."""
        self.key = _KEYS[1]

    def sign_in(self, url: str) -> str:
        """What a person's browser does there: the code that it comes back with."""
        asked = {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}
        assert (asked["response_type"], asked["client_id"]) == ("code", "honk")
        assert asked["code_challenge_method"] == "S256"
        code = f"code-{len(self.codes)}"
        self.codes[code] = asked
        return code

    def claims(self, nonce: str) -> dict[str, Any]:
        right = {"iss": self.url, "aud": "honk", "iat": int(self.at), "exp": int(self.at) + 300, "nonce": nonce}
        told = {**right, **self.person, **self.wrong}
        return {name: value for name, value in told.items() if value is not None}

    async def describe(self, _: web.Request) -> web.Response:
        ends = {"authorization_endpoint": "/authorize?tenant=1", "token_endpoint": "/token", "jwks_uri": "/keys",
                "userinfo_endpoint": "/user"}  # fmt: skip
        told = {"issuer": self.url, **{name: self.url + path for name, path in ends.items()}, **self.described}
        return web.json_response({name: value for name, value in told.items() if value is not None})

    async def keys(self, _: web.Request) -> web.Response:
        odd = [{"kty": "oct", "k": "AAAA", "kid": "key-0"}, {"kty": "XX"}, "x", {"kty": "RSA", "n": "!", "e": "!"}]
        return web.json_response({"keys": [*odd, self.key.as_dict(private=False)]})

    async def tell(self, request: web.Request) -> web.Response:
        form = await request.post()
        asked = self.codes.pop(str(form["code"]), None)
        basic = "Basic " + base64.b64encode(f"honk:{self.secret}".encode()).decode()
        digest = hashlib.sha256(str(form["code_verifier"]).encode()).digest()
        is_right = asked is not None and (
            asked["code_challenge"] == base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
            and asked["redirect_uri"] == form["redirect_uri"]
            and request.headers.get("authorization") == basic
        )
        if asked is None or not is_right:
            return web.json_response({"error": "invalid_grant"}, status=400)
        header = {"alg": "RS256", "kid": self.key.kid}
        token = self.token or jwt.encode(header, self.claims(asked["nonce"]), self.key)
        return web.json_response({"id_token": token, "access_token": "access"})

    async def user_told(self, request: web.Request) -> web.Response:
        assert request.headers["authorization"] == "Bearer access"
        return web.json_response(self.person if self.user is None else self.user)


@asynccontextmanager
async def small_issuer(at: float) -> AsyncIterator[SmallIssuer]:
    issuer = SmallIssuer(at=at)

    @web.middleware
    async def heard(request: web.Request, handler: Any) -> web.StreamResponse:
        issuer.asked.append(request.path)
        return issuer.answers[request.path] if request.path in issuer.answers else await handler(request)

    app = web.Application(middlewares=[heard])
    app.router.add_get("/.well-known/openid-configuration", issuer.describe)
    app.router.add_get("/keys", issuer.keys)
    app.router.add_post("/token", issuer.tell)
    app.router.add_get("/user", issuer.user_told)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    issuer.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    try:
        yield issuer
    finally:
        await runner.cleanup()
