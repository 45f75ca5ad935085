"""What a browser in a sandbox says of a page is a stranger's word, heard with care."""

import asyncio
import base64
import json
import struct
import zlib
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any, cast

import pytest

from honk.base.clock import monotonic_seconds
from honk.preview import browser
from honk.preview.browser import Browser, BrowserFailed
from honk.preview.png import SIGN
from honk.sandbox import Process

pytestmark = pytest.mark.anyio


def chunk(name: bytes, content: bytes = b"") -> bytes:
    return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))


def png() -> bytes:
    head = chunk(b"IHDR", struct.pack(">IIBBBBB", 2, 2, 8, 2, 0, 0, 0))
    return SIGN + head + chunk(b"IDAT", zlib.compress(b"\0" * 14)) + chunk(b"IEND")


PICTURE = base64.b64encode(png()).decode()


class Program:
    """Answers commands as Chromium does; on navigation it tells what the page does."""

    def __init__(self, *tells: Mapping[str, Any] | bytes, answers: Mapping[str, Any] | None = None) -> None:
        self.tells, self.answers = tells, answers or {}
        self.said: asyncio.Queue[bytes | None] = asyncio.Queue()

    async def write(self, data: bytes) -> None:
        asked = json.loads(data.rstrip(b"\0"))
        usual = {
            "Target.createTarget": {"targetId": "t"}, "Target.attachToTarget": {"sessionId": "s"},
            "Page.getLayoutMetrics": {"cssContentSize": {"height": 9e9}}, "Page.captureScreenshot": {"data": PICTURE},
        }  # fmt: skip
        result = {**usual, **self.answers}.get(asked["method"], {})
        if result == "ends":
            return self.said.put_nowait(None)
        self.say({"id": asked["id"], "result": result})
        if asked["method"] == "Page.navigate":
            for told in self.tells:
                self.say(told)
            self.say({"method": "Page.loadEventFired", "params": {}})

    def say(self, told: Mapping[str, Any] | bytes) -> None:
        data = told if isinstance(told, bytes) else json.dumps(told).encode()
        for at in range(0, len(data) + 1, 7):  # in pieces, as pipes have it
            self.said.put_nowait((data + b"\0")[at : at + 7])

    async def output(self) -> AsyncIterator[bytes]:
        while (chunk := await self.said.get()) is not None:
            yield chunk


@asynccontextmanager
async def at(program: Program) -> AsyncIterator[Browser]:
    made = Browser(cast(Process, program))
    hearing = asyncio.create_task(made.hear())
    try:
        yield made
    finally:
        hearing.cancel()
        await asyncio.wait([hearing])


@pytest.fixture(autouse=True)
def _at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(browser, "_CALM_SECONDS", 0.0)


def error(words: str) -> Mapping[str, Any]:
    return {"method": "Runtime.consoleAPICalled", "params": {"type": "error", "args": [{"value": words}]}}


async def test_errors_of_a_page_are_told_once_each_and_only_the_first_few() -> None:
    thrown = {"exceptionDetails": {"text": "Uncaught", "exception": {"description": "Error: bad\n    at x"}}}
    log = {"level": "error", "text": "404", "url": "http://localhost:8000/none.png"}
    icon = {"level": "error", "text": "404", "url": "http://localhost:8000/favicon.ico"}
    program = Program(
        error("oops"), error("oops"), {"method": "Runtime.exceptionThrown", "params": thrown},
        {"method": "Log.entryAdded", "params": {"entry": log}}, {"method": "Log.entryAdded", "params": {"entry": icon}},
        {"method": "Runtime.consoleAPICalled", "params": {"type": "log", "args": [{"value": "fine"}]}},
    )  # fmt: skip
    async with at(program) as made:
        seen = await made.see("http://localhost:8000/")
        assert seen.png == png()
        assert seen.troubles == ("oops", "Error: bad", "404 (http://localhost:8000/none.png)")
    async with at(Program(*(error(f"e{number}") for number in range(500)))) as made:
        assert (await made.see("/")).troubles == ("e0", "e1", "e2", "e3", "e4")


async def test_what_is_no_word_of_a_browser_s_is_not_heard() -> None:
    strange: list[Mapping[str, Any] | bytes] = [
        b"no json", b"[1]", b"[" * 50_000, {"id": 999, "result": {}}, {"method": "Log.entryAdded"},
        {"method": "Log.entryAdded", "params": {"entry": "x"}}, {"id": "x"}, {"method": "Runtime.exceptionThrown"},
        {"method": "Runtime.consoleAPICalled", "params": {"type": "error", "args": "x"}},
    ]  # fmt: skip
    async with at(Program(*strange)) as made:
        assert (await made.see("/")).troubles == ("console.error()",)


@pytest.mark.parametrize(
    ("answers", "why"),
    [
        ({"Page.captureScreenshot": {"data": base64.b64encode(b"<html>").decode()}}, "is none"),
        ({"Page.captureScreenshot": {"data": "%%%"}}, "is none"),
        ({"Page.captureScreenshot": {}}, "is none"),
        ({"Page.navigate": {"errorText": "net::ERR_CONNECTION_REFUSED"}}, "could not be loaded"),
        ({"Page.navigate": "ends"}, "the browser ended"),
    ],
)
async def test_a_page_that_cannot_be_pictured_is_told(answers: Mapping[str, Any], why: str) -> None:
    async with at(Program(answers=answers)) as made:
        with pytest.raises(BrowserFailed, match=why):
            await made.see("/")


async def test_a_browser_that_says_too_much_is_heard_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(browser, "_MOST_MESSAGE_BYTES", 1000)
    async with at(Program(answers={"Page.navigate": {"x": "y" * 5000}})) as made:
        with pytest.raises(BrowserFailed, match="ended"):
            await made.see("/")


async def test_a_page_that_says_megabytes_costs_no_more_than_to_read_them() -> None:
    said = json.dumps({"method": "Log.entryAdded", "params": {"text": "x" * (16 << 20)}}).encode()

    class Loud(Program):
        async def output(self) -> AsyncIterator[bytes]:
            for at in range(0, len(said), 4096):
                yield said[at : at + 4096]
            yield b"\0"

    begun = monotonic_seconds()
    await Browser(cast(Process, Loud())).hear()
    assert monotonic_seconds() - begun < 5, "looking again, at each piece, at all before it takes several times that"
