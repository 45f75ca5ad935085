"""People who look: each reads the events of one task as a browser does, and notes how late they come."""

import asyncio
import json
import time
from collections.abc import Sequence
from datetime import datetime
from types import TracebackType
from typing import Self

import aiohttp
from server import Server


class Watchers:
    """As many as were told to follow. An event that was there before its watcher is not late."""

    def __init__(self, server: Server) -> None:
        self.late: list[float] = []
        """Seconds, of every event at every watcher."""
        self._server = server
        self._outcomes: dict[str, str] = {}
        self._looking: list[asyncio.Task[None]] = []
        self._browser: aiohttp.ClientSession | None = None

    @property
    def count(self) -> int:
        return len(self._looking)

    async def __aenter__(self) -> Self:
        assert self._server.browser is not None
        self._browser = aiohttp.ClientSession(
            base_url=self._server.url,
            cookie_jar=self._server.browser.cookie_jar,
            connector=aiohttp.TCPConnector(limit=0),
            timeout=aiohttp.ClientTimeout(total=None),
        )
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for one in self._looking:
            one.cancel()
        if self._looking:
            await asyncio.wait(self._looking)
        assert self._browser is not None
        await self._browser.close()

    def follow(self, task_id: str) -> None:
        self._looking.append(asyncio.create_task(self._look(task_id)))

    async def outcomes(self, tasks: Sequence[str]) -> dict[str, str]:
        """Of these tasks, once each has one."""
        while not all(task_id in self._outcomes for task_id in tasks):
            await asyncio.sleep(0.2)
        return {task_id: self._outcomes[task_id] for task_id in tasks}

    async def _look(self, task_id: str) -> None:
        assert self._browser is not None
        began = time.time()
        async with self._browser.get(f"/api/tasks/{task_id}/events") as answer:
            async for line in answer.content:
                if not line.startswith(b"data: ") or line == b"data: {}\n":
                    continue
                event, here = json.loads(line[6:]), time.time()
                written = datetime.fromisoformat(event["at"]).timestamp()
                if written > began + 0.5:
                    self.late.append(here - written)
                if event["kind"] == "outcome":
                    self._outcomes[task_id] = event["body"]["outcome"]
                    return
