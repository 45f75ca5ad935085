"""An OTLP receiver over HTTP of a few lines."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web


@dataclass
class SmallCollector:
    """An OTLP receiver over HTTP that keeps what it is sent, and may answer badly first."""

    statuses: list[int] = field(default_factory=list)
    sent: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    tries: int = 0
    url: str = ""
    grown: asyncio.Event = field(default_factory=asyncio.Event)

    async def take(self, request: web.Request) -> web.Response:
        self.tries += 1
        assert (request.path, request.content_type) == ("/v1/traces", "application/json")
        status = self.statuses.pop(0) if self.statuses else 200
        if status == 200:
            self.sent.append((request.headers.get("authorization", ""), await request.json()))
        self.grown.set()
        return web.json_response({"partialSuccess": {}}, status=status)

    def spans(self, number: int = 0) -> list[dict[str, Any]]:
        return list(self.sent[number][1]["resourceSpans"][0]["scopeSpans"][0]["spans"])


@asynccontextmanager
async def collecting(*statuses: int) -> AsyncIterator[SmallCollector]:
    collector, application = SmallCollector(list(statuses)), web.Application()
    application.router.add_post("/v1/traces", collector.take)
    runner = web.AppRunner(application)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    host, port = runner.addresses[0][:2]
    collector.url = f"http://{host}:{port}"
    try:
        yield collector
    finally:
        await runner.cleanup()


async def sent(collector: SmallCollector, count: int) -> None:
    """Until it has so many."""
    async with asyncio.timeout(10):
        while len(collector.sent) < count:
            await collector.grown.wait()
            collector.grown.clear()
