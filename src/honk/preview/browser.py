"""A headless Chromium in a preview's own sandbox: what a page looks like on a phone, and what it complains of.

It runs where the preview runs and reaches what the preview reaches: nobody. What it tells is a stranger's word too.
"""

import asyncio
import base64
import json
import os
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from itertools import count
from typing import Any

from honk.preview.png import checked_png
from honk.sandbox import Process, Sandbox

PROGRAMS = (
    "/usr/lib/chromium/chromium",
    "/usr/lib/chromium-browser/chromium-browser",
    "/usr/lib64/chromium-browser/chromium-browser",
)
"""The programs themselves: what distributions put in front of them reads folders that no sandbox shows."""
WIDTH, HEIGHT, SCALE = 390, 844, 2
"""Of a phone, in its own pixels."""
TALLEST = 3 * HEIGHT
PAGE_SECONDS = 25.0
_CALM_SECONDS = 0.7
"""After the page has loaded: what its scripts do at once is done."""
_START_SECONDS = 30.0
_MOST_MESSAGE_BYTES = 24 << 20
MOST_TROUBLES = 5
_FLAGS = (
    "--headless=new", "--remote-debugging-pipe", "--no-sandbox", "--no-zygote", "--disable-gpu", "--mute-audio",
    "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync",
    "--disable-extensions", "--disable-breakpad", "--disable-crash-reporter", "--disable-default-apps",
    "--hide-scrollbars", "--no-proxy-server", "--user-data-dir=/tmp/honk-browser", "--disable-dev-shm-usage",
)  # fmt: skip
_FONTS = (
    '<?xml version="1.0"?><!DOCTYPE fontconfig SYSTEM "fonts.dtd"><fontconfig><dir>/usr/share/fonts</dir>'
    "<cachedir>/tmp/honk-fonts</cachedir></fontconfig>"
)
# Its commands come on standard input and its answers go to standard output; what it says besides is noise.
_START = """\
printf %s "$1" > /tmp/honk-fonts.conf
shift
export FONTCONFIG_FILE=/tmp/honk-fonts.conf XDG_CONFIG_HOME=/tmp XDG_CACHE_HOME=/tmp
exec 3<&0 4>&1 </dev/null >/dev/null 2>&1
exec "$@"
"""


class BrowserFailed(Exception):
    """It did not do what it was asked; says what."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """A page as it came out."""

    png: bytes
    troubles: tuple[str, ...] = ()
    """Errors on its console, the first few."""


def browser_program() -> str | None:
    """The machine's Chromium, where sandboxes see it; None where there is none."""
    return next((path for path in PROGRAMS if os.access(path, os.X_OK)), None)


@asynccontextmanager
async def opened_browser(sandbox: Sandbox, program: str) -> AsyncIterator["Browser"]:
    """A browser that is ready; gone afterwards.

    Raises:
        BrowserFailed: it did not start.
        SandboxError: the sandbox died.
    """
    started = await sandbox.spawn(("/bin/sh", "-c", _START, "sh", _FONTS, program, *_FLAGS), cwd="/")
    browser = Browser(started)
    hearing = asyncio.create_task(browser.hear())
    try:
        async with _within(_START_SECONDS, "it did not start"):
            await browser.tell("Browser.getVersion")
        yield browser
    finally:
        hearing.cancel()
        with suppress(asyncio.CancelledError):
            await hearing
        await asyncio.shield(started.kill())


@asynccontextmanager
async def _within(seconds: float, words: str) -> AsyncIterator[None]:
    try:
        async with asyncio.timeout(seconds):
            yield
    except TimeoutError as error:
        raise BrowserFailed(f"{words} within {seconds:.0f} s") from error


@dataclass(slots=True)
class Browser:
    """Speaks the DevTools protocol over the program's pipes."""

    program: Process
    _numbers: "count[int]" = field(default_factory=lambda: count(1))
    _waiting: dict[int, "asyncio.Future[Mapping[str, Any]]"] = field(default_factory=dict)
    _loaded: asyncio.Event = field(default_factory=asyncio.Event)
    _troubles: list[str] = field(default_factory=list)
    _is_over: bool = False

    async def see(self, url: str) -> Seen:
        """Load the page on a phone's screen, let it settle, and take its picture.

        Raises:
            BrowserFailed: it could not be loaded or pictured.
        """
        async with _within(PAGE_SECONDS, f"{url} did not settle"):
            self._troubles.clear()
            self._loaded.clear()
            target = (await self.tell("Target.createTarget", url="about:blank"))["targetId"]
            session = str((await self.tell("Target.attachToTarget", targetId=target, flatten=True))["sessionId"])
            try:
                return await self._seen(session, url)
            finally:
                with suppress(BrowserFailed):
                    await self.tell("Target.closeTarget", targetId=target)

    async def _seen(self, session: str, url: str) -> Seen:
        for domain in ("Page", "Runtime", "Log"):
            await self.tell(f"{domain}.enable", session)
        await self.tell("Emulation.setDeviceMetricsOverride", session, width=WIDTH, height=HEIGHT,
                        deviceScaleFactor=SCALE, mobile=True)  # fmt: skip
        gone = await self.tell("Page.navigate", session, url=url)
        if gone.get("errorText"):
            raise BrowserFailed(f"{url} could not be loaded ({str(gone['errorText'])[:100]})")
        await self._loaded.wait()
        await asyncio.sleep(_CALM_SECONDS)
        size = (await self.tell("Page.getLayoutMetrics", session)).get("cssContentSize", {})
        tall = size.get("height") if isinstance(size, dict) else None
        height = min(max(int(tall) if isinstance(tall, int | float) else HEIGHT, HEIGHT), TALLEST)
        clip = {"x": 0, "y": 0, "width": WIDTH, "height": height, "scale": 1}
        taken = await self.tell("Page.captureScreenshot", session, format="png", clip=clip, captureBeyondViewport=True)
        try:
            png = checked_png(base64.b64decode(str(taken.get("data", "")), validate=True))
        except ValueError as error:
            raise BrowserFailed(f"the picture of {url} is none ({error})") from error
        return Seen(png=png, troubles=tuple(dict.fromkeys(self._troubles))[:MOST_TROUBLES])

    async def tell(self, method: str, session: str | None = None, **params: object) -> Mapping[str, Any]:
        """One command, and its answer."""
        if self._is_over:
            raise BrowserFailed("the browser ended")
        number = next(self._numbers)
        answer: asyncio.Future[Mapping[str, Any]] = asyncio.get_running_loop().create_future()
        self._waiting[number] = answer
        message = {"id": number, "method": method, "params": params}
        if session is not None:
            message["sessionId"] = session
        await self.program.write(json.dumps(message).encode() + b"\0")
        try:
            return await answer
        finally:
            self._waiting.pop(number, None)

    async def hear(self) -> None:
        """Read what it says until it ends."""
        rest = bytearray()
        try:
            async for chunk in self.program.output():
                first, *more = chunk.split(b"\0")
                rest += first
                for part in more:
                    self._take(rest)
                    rest = bytearray(part)
                if len(rest) > _MOST_MESSAGE_BYTES:
                    break
        finally:
            self._is_over = True
            for answer in self._waiting.values():
                if not answer.done():
                    answer.set_exception(BrowserFailed("the browser ended"))

    def _take(self, message: bytes | bytearray) -> None:
        try:
            told = json.loads(message)
        except (ValueError, RecursionError):
            return
        if not isinstance(told, dict):
            return
        answer = self._waiting.get(told["id"]) if isinstance(told.get("id"), int) else None
        if answer is not None and not answer.done():
            if isinstance(error := told.get("error"), dict):
                answer.set_exception(BrowserFailed(str(error.get("message"))[:200]))
            else:
                answer.set_result(result if isinstance(result := told.get("result"), dict) else {})
        elif told.get("method") == "Page.loadEventFired":
            self._loaded.set()
        elif (trouble := _trouble(told)) and len(self._troubles) < 10 * MOST_TROUBLES:
            self._troubles.append(" ".join(trouble.split())[:300])


def _trouble(told: Mapping[str, Any]) -> str:
    """An error on the page's console; empty for anything else."""
    params = told.get("params")
    if not isinstance(params, dict):
        return ""
    method = told.get("method")
    if method == "Runtime.exceptionThrown":
        details = params.get("exceptionDetails")
        if not isinstance(details, dict):
            return ""
        thrown = details.get("exception")
        said = thrown.get("description") if isinstance(thrown, dict) else None
        return str(said or details.get("text") or "an exception").partition("\n")[0]
    if method == "Runtime.consoleAPICalled" and params.get("type") in ("error", "assert"):
        return " ".join(_values(params.get("args"))) or "console.error()"
    if method == "Log.entryAdded" and isinstance(entry := params.get("entry"), dict) and entry.get("level") == "error":
        where = f" ({str(entry['url'])[:100]})" if entry.get("url") else ""
        return "" if str(entry.get("url", "")).endswith("/favicon.ico") else f"{entry.get('text')}{where}"
    return ""


def _values(args: object) -> Sequence[str]:
    if not isinstance(args, list):
        return ()
    return [str(one.get("value", one.get("description", ""))) for one in args[:5] if isinstance(one, dict)]
