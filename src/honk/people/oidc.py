"""OpenID Connect: authorization code with PKCE, state and nonce. An ID token counts only as far as it is proved."""

import base64
import hashlib
import hmac
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

import aiohttp
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet, import_key

from honk.base.clock import now
from honk.base.digests import new_secret
from honk.domain.exposure import is_safe_address
from honk.domain.recognition import Identity
from honk.people import BadAnswer, Departure, DirectoryDown
from honk.people.id_token import Expected, identity_of

ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA", "Ed25519")
"""Signed with a key that only the issuer has. Never `none`, and never one whose key we share."""
SCOPES = "openid email profile"
SECONDS = 10.0
ANSWER_BYTES = 1 << 20
FRESH_SECONDS = 3600.0
"""How long the issuer's description holds. Its keys are asked for anew for each one that is not known."""
Json = Mapping[str, Any]


@dataclass(slots=True, kw_only=True)
class OidcDirectory:
    """Port `Directory`."""

    issuer: str
    client_id: str
    client_secret: str = field(default="", repr=False)
    """Empty for a public client, which PKCE alone protects."""
    name: str = ""
    groups_claim: str = "groups"
    scopes: str = SCOPES
    clock: Callable[[], datetime] = now
    _described: Json = field(default_factory=dict)
    _described_at: float = 0.0
    _keys: KeySet | None = None

    async def depart(self, back: str) -> Departure:
        """With secrets of its own."""
        described = await self._describe()
        state, nonce, verifier = new_secret(), new_secret(), new_secret()
        query = urlencode({
            "response_type": "code", "client_id": self.client_id, "redirect_uri": back, "scope": self.scopes,
            "state": state, "nonce": nonce, "code_challenge": _challenge(verifier), "code_challenge_method": "S256",
        })  # fmt: skip
        end = described["authorization_endpoint"]
        url = f"{end}{'&' if urlsplit(end).query else '?'}{query}"
        return Departure(url=url, state=state, nonce=nonce, verifier=verifier)

    async def identify(self, departure: Departure, code: str, back: str) -> Identity:
        """By the ID token, and by the user's description where the token tells no address."""
        described = await self._describe()
        form = {
            "grant_type": "authorization_code", "code": code, "redirect_uri": back,
            "code_verifier": departure.verifier, "client_id": self.client_id,
        }  # fmt: skip
        auth = None
        if self.client_secret:
            known = described.get("token_endpoint_auth_methods_supported", ["client_secret_basic"])
            if "client_secret_basic" in known:
                auth = aiohttp.encode_basic_auth(quote(self.client_id, safe=""), quote(self.client_secret, safe=""))
            else:
                form["client_secret"] = self.client_secret
        headers = {"Authorization": auth} if auth else {}
        told = await self._ask("POST", described["token_endpoint"], headers=headers, data=form)
        if not isinstance(told.get("id_token"), str):
            raise BadAnswer(f"{self.issuer} told no ID token. Nobody was signed in. Begin again.")
        claims = await self._proved(told["id_token"], described)
        expected = Expected(
            issuer=self.issuer, client_id=self.client_id, nonce=departure.nonce, at=self.clock().timestamp()
        )
        identity_of(claims, expected, self.groups_claim)
        if "email" not in claims and isinstance(told.get("access_token"), str):
            claims = {**await self._described_user(described, claims, told["access_token"]), **claims}
        return identity_of(claims, expected, self.groups_claim)

    async def _describe(self) -> Json:
        """The issuer's description of itself."""
        at = self.clock().timestamp()
        if self._described and 0 <= at - self._described_at < FRESH_SECONDS:
            return self._described
        found = await self._ask("GET", f"{self.issuer.rstrip('/')}/.well-known/openid-configuration")
        if found.get("issuer") != self.issuer:
            raise DirectoryDown(
                f"What is at {self.issuer} calls itself {str(found.get('issuer'))[:200]!r}. Nobody was signed in. Set "
                "oidc.issuer to exactly what it calls itself, if that is the one you mean."
            )
        for end in ("authorization_endpoint", "token_endpoint", "jwks_uri"):
            if not is_safe_address(found.get(end)):
                raise DirectoryDown(f"{self.issuer} names no {end} by https. Nobody was signed in.")
        self._described, self._described_at = found, at
        return found

    async def _proved(self, token: str, described: Json) -> Json:
        """The token's claims, signed by a key of the issuer. A key that is new to us is asked for once."""
        for is_fresh in (False, True):
            if self._keys is None or is_fresh:
                self._keys = await self._fetch_keys(described)
            try:
                return jwt.decode(token, self._keys, algorithms=ALGORITHMS).claims
            except (JoseError, ValueError, TypeError, KeyError) as error:
                if is_fresh:
                    raise BadAnswer(
                        f"The ID token of {self.issuer} is not signed with a key of its own ({type(error).__name__}). "
                        "Nobody was signed in. Begin again; if it happens each time, tell an administrator."
                    ) from error
        raise AssertionError("unreachable")

    async def _fetch_keys(self, described: Json) -> KeySet:
        found = (await self._ask("GET", described["jwks_uri"])).get("keys")
        keys = []
        for one in found if isinstance(found, list) else []:
            if isinstance(one, dict) and one.get("kty") in ("RSA", "EC", "OKP") and one.get("use", "sig") == "sig":
                try:
                    keys.append(import_key(one))
                except (JoseError, ValueError, TypeError, KeyError):
                    continue  # of a kind that is not known here; what it signs is refused
        if not keys:
            raise DirectoryDown(f"{self.issuer} shows no key that anything could be proved by. Nobody was signed in.")
        return KeySet(keys)

    async def _described_user(self, described: Json, claims: Json, access_token: str) -> Json:
        end = described.get("userinfo_endpoint")
        if not is_safe_address(end):
            return {}
        told = await self._ask("GET", str(end), headers={"Authorization": f"Bearer {access_token}"})
        if not hmac.compare_digest(str(told.get("sub", "")).encode(), str(claims["sub"]).encode()):
            raise BadAnswer(f"{self.issuer} described somebody else than who signed in. Nobody was signed in.")
        return {name: told[name] for name in ("email", "email_verified", "name", self.groups_claim) if name in told}

    async def _ask(self, method: str, url: str, **more: Any) -> Json:
        """One answer in JSON. No redirect is followed, and no more is read than such an answer has."""
        timeout = aiohttp.ClientTimeout(total=SECONDS)
        try:
            async with (
                aiohttp.ClientSession(timeout=timeout) as session,
                session.request(method, url, allow_redirects=False, **more) as answer,
            ):
                body = await answer.content.read(ANSWER_BYTES + 1)
                while len(body) <= ANSWER_BYTES and (part := await answer.content.read(ANSWER_BYTES)):
                    body += part
            told = _json(body) if len(body) <= ANSWER_BYTES else None
        except (aiohttp.ClientError, TimeoutError, ValueError) as error:
            raise DirectoryDown(
                f"{self.issuer} does not answer ({type(error).__name__}). Nobody was signed in. Try again later, or "
                "ask an administrator for a link: it needs no other system."
            ) from error
        if method == "POST" and 400 <= answer.status < 500:
            raise BadAnswer(f"{self.issuer} does not know this sign-in (any more). Nobody was signed in. Begin again.")
        if answer.status != 200 or told is None:
            raise DirectoryDown(
                f"{self.issuer} answered with status {answer.status} and nothing that Honk understands. Nobody was "
                "signed in. Try again later, or ask an administrator for a link: it needs no other system."
            )
        return told


def _json(body: bytes) -> Json | None:
    """None for what is no object in JSON."""
    try:
        told = json.loads(body)
    except ValueError:
        return None
    return told if isinstance(told, dict) else None


def _challenge(verifier: str) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
