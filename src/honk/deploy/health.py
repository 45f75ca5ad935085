"""Asks for health by HTTP: one GET, no redirect followed, nothing of ours sent along."""

import aiohttp

from honk.deploy import Answer

ASK_SECONDS = 10.0
_MAX_BODY_BYTES = 64 << 10


class HttpProber:
    """Port `Prober`. Whoever calls has seen to it that the address's origin was granted."""

    def __init__(self, ask_seconds: float = ASK_SECONDS) -> None:
        self._patience = aiohttp.ClientTimeout(total=ask_seconds)

    async def ask(self, url: str) -> Answer:
        """A status of 2xx is health, and nothing else is."""
        try:
            async with (
                aiohttp.ClientSession(
                    timeout=self._patience, cookie_jar=aiohttp.DummyCookieJar(), trust_env=False,
                    headers={"user-agent": "honk-health"}, max_line_size=8190,
                ) as session,
                session.get(url, allow_redirects=False) as response,
            ):  # fmt: skip
                await response.content.read(_MAX_BODY_BYTES)
                return Answer(is_good=200 <= response.status < 300, words=f"it answers {response.status}")
        except TimeoutError:
            return Answer(is_good=False, words=f"it gives no answer within {self._patience.total or 0:.0f} s")
        except (aiohttp.ClientError, OSError, ValueError) as error:
            return Answer(is_good=False, words=f"it gives no answer ({type(error).__name__})")
