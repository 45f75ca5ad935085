"""`honk serve` as a process of its own, and people who use it over HTTP; only the model is scripted."""

import asyncio
import contextlib
import json
import os
import re
import signal
import sqlite3
import ssl
import subprocess
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
from desk import REPEATING_VARIABLES

from honk.entrance import COOKIE, SECURE_COOKIE, csrf_of
from honk.testing.replies import Script
from honk.testing.scripted_model import ScriptedModel
from honk.testing.scripts import judge

HONK = str(Path(sys.executable).with_name("honk"))
KEY = "made-up"
_ADDRESS = re.compile(r"Honk serves on (https?://\S+)")
_WAY_IN = re.compile(r"Your way in\D*15 minutes: (\S+)|You are signed in already")


@dataclass
class Server:
    """A running server, and its owner's browser."""

    home: Path
    model: ScriptedModel
    settings: Mapping[str, str]
    process: asyncio.subprocess.Process | None = None
    url: str = ""
    way_in: str = ""
    """Empty where the owner is signed in already."""
    is_told: bool = False
    said: list[str] = field(default_factory=list)
    browser: aiohttp.ClientSession | None = None
    trusted: Path | None = None
    """A certificate that the browser believes."""
    program: Sequence[str] = (HONK,)
    """In the place of Honk: one that dies, or whose clock jumps."""

    def environment(self) -> dict[str, str]:
        kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
        model = {"HONK_MODEL__BASE_URL": self.model.url, "ANTHROPIC_API_KEY": KEY}
        return {
            **kept,
            "HONK_HOME": str(self.home),
            **model,
            "PYTHONDONTWRITEBYTECODE": "1",
            **REPEATING_VARIABLES,
            **self.settings,
        }

    async def honk(self, *words: str, cwd: Path | None = None) -> str:
        """A command beside the server; its standard output."""
        made = await asyncio.create_subprocess_exec(
            HONK, *words, env=self.environment(), cwd=cwd, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )  # fmt: skip
        out, err = await made.communicate()
        assert made.returncode == 0, (words, out, err)
        return out.decode()

    async def refused(self, *words: str) -> tuple[int, str]:
        """A command that ends by itself: its exit code and all its words."""
        made = await asyncio.create_subprocess_exec(
            HONK, *words, env=self.environment(), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )  # fmt: skip
        out, _ = await made.communicate()
        assert made.returncode is not None
        return made.returncode, out.decode()

    async def heard(self, *words: str, hears: Callable[[str], Awaitable[None]]) -> tuple[int, str]:
        """A command that is listened to line by line: its exit code and all its words."""
        made = await asyncio.create_subprocess_exec(
            HONK, *words, env=self.environment(), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )  # fmt: skip
        assert made.stdout is not None
        said = ""
        async with asyncio.timeout(60):
            async for line in made.stdout:
                said += line.decode()
                await hears(line.decode())
            return await made.wait(), said

    async def start(self, *words: str) -> None:
        """Start it, and wait until it serves; the owner comes in with a new session."""
        self.process = await asyncio.create_subprocess_exec(
            *self.program, "serve", "--port", "0", *words, env=self.environment(), stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, limit=16 << 20,
        )  # fmt: skip
        assert self.process.stdout is not None
        self.url, self.way_in, self.is_told = "", "", False
        async with asyncio.timeout(60):
            while not self.url or not self.is_told:
                line = (await self.process.stdout.readline()).decode()
                assert line, "".join(self.said)
                self.said.append(line)
                if found := _ADDRESS.search(line):
                    self.url = found[1]
                if found := _WAY_IN.search(line):
                    self.is_told, self.way_in = True, found[1] or ""
        jar = self.browser.cookie_jar if self.browser is not None else None
        if self.browser is not None:
            await self.browser.close()
        elif not self.way_in:
            self.way_in = (await self.honk("people", "link")).strip()
        self.browser = await browser_of(self.url, self.way_in, jar, self.trusted)

    async def stop(self, number: signal.Signals = signal.SIGTERM) -> int:
        """End it; its exit code."""
        if self.process is None:
            return 0
        if self.process.returncode is None:
            self.process.send_signal(number)
        async with asyncio.timeout(30):
            out, _ = await self.process.communicate()
        self.said.append(out.decode())
        assert self.process.returncode is not None
        return self.process.returncode

    async def json(self, method: str, path: str, **more: Any) -> Any:
        """One call of the API by the owner's browser."""
        assert self.browser is not None
        async with self.browser.request(method, path, **more) as answer:
            assert answer.status < 300, (answer.status, await answer.text())
            return await answer.json()

    async def ask(self, prompt: str = "Make add() add", repository: str = "", key: str = "") -> str:
        """A request by the API, for the repository of this name or the only one; its task. By the same key it is the
        same request."""
        offered = await self.json("GET", "/api/repositories")
        (wanted,) = [one["repository_id"] for one in offered if repository in ("", one["name"])]
        headers = {"Idempotency-Key": key} if key else {}
        body = {"repository_id": wanted, "prompt": prompt}
        return str((await self.json("POST", "/api/tasks", json=body, headers=headers))["task_id"])

    async def ask_in_console(self, **fields: str) -> str:
        """A request by the console's form; its task."""
        assert self.browser is not None
        async with self.browser.post("/tasks", data=fields) as answer:
            assert answer.status == 200, await answer.text()
            return answer.url.path.rsplit("/", 1)[-1]

    async def follow(self, task_id: str, until: str = "") -> list[dict[str, Any]]:
        """The task's events as the API tells them, to the end, or to the first of a kind."""
        assert self.browser is not None
        told = []
        timeout = aiohttp.ClientTimeout(total=90)
        async with self.browser.get(f"/api/tasks/{task_id}/events", timeout=timeout) as answer:
            assert answer.status == 200
            async for line in answer.content:
                if line.startswith(b"event: end"):
                    break
                if line.startswith(b"data: "):
                    told.append(json.loads(line[6:]))
                    if told[-1].get("kind") == until:
                        break
        return told


async def until(holds: Callable[[], object], seconds: float = 60) -> None:
    """Looked at again and again, until it holds."""
    async with asyncio.timeout(seconds):
        while not holds():
            await asyncio.sleep(0.05)


def rows(home: Path, query: str, *values: str) -> list[tuple[Any, ...]]:
    """Of the state folder's database, also while a server writes to it."""
    with contextlib.closing(sqlite3.connect(home / "honk.db", timeout=30)) as database:
        return database.execute(query, values).fetchall()


async def browser_of(
    url: str, link: str = "", jar: aiohttp.abc.AbstractCookieJar | None = None, trusted: Path | None = None
) -> aiohttp.ClientSession:
    """A browser that came in by this link, or has the cookies of another one; it brings its session's token along."""
    jar = jar if jar is not None else aiohttp.CookieJar(unsafe=True)
    trust = ssl.create_default_context(cafile=trusted) if trusted else True
    if link:
        connector = aiohttp.TCPConnector(ssl=trust)
        async with aiohttp.ClientSession(cookie_jar=jar, connector=connector) as browser, browser.get(link) as page:
            assert page.status == 200, await page.text()
            async with browser.post(page.url.with_query(None), data={"key": page.url.query["key"]}) as answer:
                assert answer.status == 200, await answer.text()
    (session,) = [one.value for one in jar if one.key in (COOKIE, SECURE_COOKIE)]
    return aiohttp.ClientSession(
        base_url=url,
        cookie_jar=jar,
        connector=aiohttp.TCPConnector(ssl=trust),
        headers={"X-CSRF-Token": csrf_of(session)},
    )


@asynccontextmanager
async def serving(
    home: Path, scripts: Mapping[str, Script], *repos: Path, trusted: Path | None = None, **settings: str
) -> AsyncIterator[Server]:
    """A server that offers these repositories. At the end it is stopped, whatever happened."""
    async with ScriptedModel({"judge": judge(), **scripts}, key=KEY) as model:
        server = Server(home=home, model=model, settings=settings, trusted=trusted)
        for repo in repos:
            await server.honk("repo", "add", str(repo))
        try:
            await server.start()
            yield server
        finally:
            await server.stop()
            if server.browser is not None:
                await server.browser.close()


def make_certificate(folder: Path) -> tuple[Path, Path]:
    """Of this machine, signed by itself; and its key."""
    certificate, key = folder / "honk.pem", folder / "honk.key"
    subprocess.run(
        [
            "openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days",
            "2", "-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", key,
            "-out", certificate,
        ],
        check=True, capture_output=True,
    )  # fmt: skip
    return certificate, key
