"""The connection to the model's service. The only place that holds the key, and it lets nothing of it back."""

from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager

import aiohttp

from honk.base.censor import Censor
from honk.gateway import Upstream
from honk.gateway.serving import Patience

_UP = frozenset({"accept", "user-agent", "anthropic-version", "anthropic-beta", "x-app", "x-claude-code-session-id"})
_DOWN = frozenset({"content-type", "request-id", "retry-after", "retry-after-ms", "x-should-retry", "cache-control"})
_UP_PREFIX, _DOWN_PREFIX = "x-stainless-", "anthropic-ratelimit-"


class FarSide:
    """One shared session. Headers pass by name, both ways: credentials, cookies and hop headers are not among them."""

    def __init__(self, upstream: Upstream, patience: Patience, *, trust_env_proxy: bool) -> None:
        self._base_url = upstream.base_url.rstrip("/")
        self._headers = {
            **{name.lower(): value for name, value in upstream.headers.items()},
            "accept-encoding": "identity",
            "content-type": "application/json",
        }
        self._censor = Censor(
            tuple(part for value in upstream.headers.values() for part in (value, *value.split()[1:]))
        )
        self._patience = patience
        self._trust_env_proxy = trust_env_proxy
        self._session: aiohttp.ClientSession | None = None

    def post(
        self, path: str, body: bytes, client: Mapping[str, str]
    ) -> AbstractAsyncContextManager[aiohttp.ClientResponse]:
        """Ask, with the key and those of the client's headers that say how to answer. Redirects are not followed."""
        if self._session is None:
            patience = self._patience
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(limit=0),
                cookie_jar=aiohttp.DummyCookieJar(),
                trust_env=self._trust_env_proxy,
                timeout=aiohttp.ClientTimeout(
                    total=None, sock_connect=patience.connect_seconds, sock_read=patience.silence_seconds
                ),
            )
        passed = {name.lower(): value for name, value in client.items() if _passes(name, _UP, _UP_PREFIX)}
        return self._session.post(
            self._base_url + path, data=body, headers={**passed, **self._headers}, allow_redirects=False
        )

    def clean(self, body: bytes) -> bytes:
        """The body of an error with everything struck out that is, or looks like, a key."""
        return self._censor.clean(body.decode("utf-8", "replace")).encode()

    async def close(self) -> None:
        """Close the connections. Idempotent."""
        session, self._session = self._session, None
        if session is not None:
            await session.close()


def passed_down(headers: Mapping[str, str]) -> dict[str, str]:
    """Of the service's headers those that the client gets."""
    return {name.lower(): value for name, value in headers.items() if _passes(name, _DOWN, _DOWN_PREFIX)}


def _passes(name: str, names: frozenset[str], prefix: str) -> bool:
    return name.lower() in names or name.lower().startswith(prefix)
