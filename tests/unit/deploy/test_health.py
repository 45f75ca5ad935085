"""Asking for health: one GET, nothing followed, nothing of ours in it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from aiohttp import web

from honk.deploy.health import HttpProber

pytestmark = pytest.mark.anyio


@asynccontextmanager
async def far_side(status: int, heard: list[web.BaseRequest], **headers: str) -> AsyncIterator[str]:
    async def answer(request: web.BaseRequest) -> web.StreamResponse:
        heard.append(request)
        return web.Response(status=status, headers=headers, text="words")

    runner = web.ServerRunner(web.Server(answer))
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}/health"
    finally:
        await runner.cleanup()


@pytest.mark.parametrize(("status", "is_good"), [(200, True), (204, True), (302, False), (404, False), (500, False)])
async def test_2xx_is_health_and_nothing_else_is(status: int, is_good: bool) -> None:
    heard: list[web.BaseRequest] = []
    async with far_side(status, heard, Location="/elsewhere") as url:
        answer = await HttpProber().ask(url)
    assert (answer.is_good, answer.words) == (is_good, f"it answers {status}")
    assert len(heard) == 1
    assert heard[0].method == "GET"
    assert not {"authorization", "cookie"} & {name.lower() for name in heard[0].headers}


async def test_where_nobody_listens_there_is_no_health() -> None:
    async with far_side(200, []) as url:
        pass
    answer = await HttpProber(1.0).ask(url)
    assert not answer.is_good
    assert "no answer" in answer.words


async def test_an_address_that_is_none_is_no_health() -> None:
    assert not (await HttpProber(1.0).ask("http://[")).is_good
