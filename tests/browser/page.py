"""A person's browser: a real Chromium on a real server, that notes what a page should never do."""

import os
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from playwright.async_api import Browser, BrowserContext, Page, async_playwright
from server import Server

FLAGS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-dev-shm-usage",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
]  # fmt: skip
SIZES = {"phone": (390, 844), "desktop": (1280, 900)}
BASICS = (Path(__file__).parent / "basics.js").read_text()
SHOTS = Path(os.environ.get("HONK_SHOTS", "/tmp/honk-shots"))


@dataclass
class Eyes:
    """A context of the browser, and everything that went wrong in it."""

    context: BrowserContext
    host: str
    faults: list[str] = field(default_factory=list)

    async def open(self, path: str = "/") -> Page:
        page = await self.context.new_page()
        self.watch(page)
        await page.goto(path, wait_until="load")
        return page

    def watch(self, page: Page) -> None:
        page.on("console", lambda said: self._note("console", said.text) if said.type in ("error", "warning") else None)
        page.on("pageerror", lambda error: self._note("script", str(error)))
        page.on("request", lambda asked: self._asked(asked.url))

    def _asked(self, url: str) -> None:
        parts = urlsplit(url)
        if parts.scheme in ("http", "https", "ws", "wss") and parts.netloc != self.host:
            self._note("another host", url)

    def _note(self, what: str, words: str) -> None:
        self.faults.append(f"{what}: {words}")


@asynccontextmanager
async def chromium() -> AsyncIterator[Browser]:
    """Debian's, never a downloaded one."""
    program = shutil.which("chromium")
    assert program, "make test-browser needs Debian's chromium: apt-get install --no-install-recommends chromium"
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=program, args=FLAGS)
        yield browser
        await browser.close()


@asynccontextmanager
async def looking(browser: Browser, url: str, state: object = None, *, size: str = "desktop", dark: bool = False,
                  script: bool = True, still: bool = True) -> AsyncIterator[Eyes]:  # fmt: skip
    """Somebody who looks; `state` are the cookies of somebody who is signed in."""
    width, height = SIZES[size]
    context = await browser.new_context(
        base_url=url, viewport={"width": width, "height": height}, device_scale_factor=2 if size == "phone" else 1,
        color_scheme="dark" if dark else "light", has_touch=size == "phone", is_mobile=size == "phone",
        java_script_enabled=script, reduced_motion="reduce" if still else "no-preference",
        storage_state=state, timezone_id="Europe/Stockholm", locale="en-GB",
    )  # fmt: skip
    eyes = Eyes(context=context, host=urlsplit(url).netloc)
    try:
        yield eyes
    finally:
        await context.close()


def owner_of(server: Server) -> Any:
    """The cookies of the server's owner, who came in when it started."""
    assert server.browser is not None
    cookies = [
        {"name": one.key, "value": one.value, "domain": urlsplit(server.url).hostname, "path": "/", "expires": -1,
         "httpOnly": True, "secure": False, "sameSite": "Lax"}
        for one in server.browser.cookie_jar
    ]  # fmt: skip
    return {"cookies": cookies, "origins": []}


async def faults_of(page: Page) -> list[str]:
    """What is wrong with any page that has it."""
    found: list[str] = await page.evaluate(BASICS)
    return found


async def shot(page: Page, name: str, *, whole: bool = True) -> None:
    """For eyes, in a folder outside of the repository."""
    SHOTS.mkdir(parents=True, exist_ok=True)
    await page.screenshot(path=SHOTS / f"{name}.png", full_page=whole)
