"""Hands traces to a collector: one POST of OTLP/JSON each. Nothing of the answer is believed but its status.

Not by the SDK's exporter: it takes spans that the SDK made as they happened, and ours are made of the rows behind the
end, also of a run that went on after a crash; beside that it would bring protobuf and a second HTTP client along.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

import aiohttp

from honk.base.errors import HonkError

SECONDS = 10.0
_AGAIN = frozenset({429, 502, 503, 504})
"""By the protocol, these alone are worth another try."""


class CollectorDown(HonkError):
    """The trace was not taken."""

    may_try_again = True


class CollectorRefused(CollectorDown):
    """It will not be taken later either."""

    may_try_again = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Collector:
    """An OTLP receiver over HTTP."""

    endpoint: str
    """With its path."""
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    seconds: float = SECONDS

    async def push(self, document: str) -> None:
        """Raises CollectorDown."""
        headers = {**self.headers, "content-type": "application/json", "user-agent": "honk"}
        patience = aiohttp.ClientTimeout(total=self.seconds)
        try:
            async with (
                aiohttp.ClientSession(timeout=patience, cookie_jar=aiohttp.DummyCookieJar()) as session,
                session.post(self.endpoint, data=document.encode(), headers=headers, allow_redirects=False) as answer,
            ):
                status = answer.status
        except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as error:
            raise CollectorDown(f"{self.endpoint} gives no answer ({type(error).__name__}).") from error
        if not 200 <= status < 300:
            kind = CollectorDown if status in _AGAIN else CollectorRefused
            raise kind(f"{self.endpoint} answers {status}.")
