"""The judge `claude`: one call of the Messages API, through the gateway."""

import asyncio
import json
import secrets
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field

import aiohttp

from honk.base.clock import monotonic_seconds
from honk.base.errors import HonkError
from honk.domain.evidence import Ruling, Verdict
from honk.domain.task import Brief
from honk.judge.prompt import Opinion, read, request, unclear, unread_parts, version

_ANSWER_BYTES = 1 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """Where a model can be asked, and with which token."""

    base_url: str
    token: str = field(repr=False)


OpenModel = Callable[[str, float], AbstractAsyncContextManager[Route]]
"""A route for the run (by id) with a budget in USD; closed when the context ends. It meters what is spent."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaudeJudge:
    """Asks the model once. There is no second try: a person is the second try."""

    open_model: OpenModel
    model: str
    timeout_seconds: float = 180.0
    max_diff_bytes: int = 300_000
    """A larger diff goes to a person unread: half of a change cannot be judged."""
    max_tokens: int = 2000

    @property
    def name(self) -> str:
        return f"claude ({self.model})"

    async def judge(self, brief: Brief, diff: str, *, run_id: str, budget_usd: float) -> Verdict:
        """See the port."""
        began = monotonic_seconds()
        size = len(diff.encode("utf-8", "surrogatepass"))
        if size > self.max_diff_bytes:
            limit = f"{size:,} bytes, the judge reads at most {self.max_diff_bytes:,}"
            opinion = unclear(f"The diff is too large to be judged ({limit}).")
        else:
            opinion = await self._asked(brief, diff, run_id, budget_usd)
        return Verdict(
            ruling=opinion.ruling,
            reasons=(*opinion.reasons, *(unread_parts(diff) if opinion.ruling is Ruling.PASS else ())),
            judge=self.name,
            prompt_version=version(self.model),
            seconds=monotonic_seconds() - began,
        )

    async def _asked(self, brief: Brief, diff: str, run_id: str, budget_usd: float) -> Opinion:
        body = request(brief, diff, model=self.model, max_tokens=self.max_tokens, mark=secrets.token_hex(8))
        try:
            async with asyncio.timeout(self.timeout_seconds), self.open_model(run_id, budget_usd) as route:
                return await _ask(route, json.dumps(body).encode())
        except TimeoutError:
            return unclear(f"The judge did not answer within {self.timeout_seconds:.0f} s.")
        except (aiohttp.ClientError, OSError, HonkError) as error:
            return unclear(f"The judge could not be reached ({type(error).__name__}).")


async def _ask(route: Route, body: bytes) -> Opinion:
    headers = {"x-api-key": route.token, "anthropic-version": "2023-06-01", "content-type": "application/json"}
    async with (
        aiohttp.ClientSession(trust_env=False, timeout=aiohttp.ClientTimeout(total=None)) as client,
        client.post(f"{route.base_url}/v1/messages", data=body, headers=headers, allow_redirects=False) as response,
    ):
        raw = await _limited(response.content)
        if response.status == 402:
            return unclear("There is no money left in this run for the judge.")
        if response.status != 200:
            return unclear(f"The judge's model answered with an error ({response.status}).")
    if raw is None:
        return unclear("The judge's answer is too long.")
    try:
        return read(json.loads(raw))
    except ValueError:
        return unclear("The judge's answer could not be read.")


async def _limited(stream: aiohttp.StreamReader) -> bytes | None:
    """All of the answer; None if there is too much of it."""
    raw = bytearray()
    async for chunk in stream.iter_any():
        raw += chunk
        if len(raw) > _ANSWER_BYTES:
            return None
    return bytes(raw)
