"""Row 19: a change can be looked at before it ships, on a host of its own that reaches nobody."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import aiohttp
import pytest
from desk import make_repository
from server import Server, rows, serving, until

pytestmark = [pytest.mark.slow, pytest.mark.anyio]
APP = """
import http.server, os, pathlib, sys
class Show(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    def do_GET(self):
        body = pathlib.Path("page.html").read_bytes() if self.path == "/" else repr(sorted(
            (name.lower(), value) for name, value in self.headers.items())).encode()
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
print("seeded:", os.path.exists("/tmp/seed"), flush=True)
http.server.ThreadingHTTPServer(("127.0.0.1", int(os.environ["PORT"])), Show).serve_forever()
"""
SITE = {
    "app.py": APP,
    "page.html": "<!doctype html><title>Songs</title><h1>Old songs</h1>\n",
    "test_app.py": (
        "import pathlib, unittest\n\n\nclass Page(unittest.TestCase):\n    def test_title(self) -> None:\n"
        '        self.assertIn("<title>Songs</title>", pathlib.Path("page.html").read_text())\n'
    ),
    ".honk.toml": '[preview]\ncommand = "python3 app.py"\nseed = "touch /tmp/seed"\nseconds = 20\n',
}
SEND = "command:sh -c \"cat >/dev/null; sed -i 's/Old songs/New songs/' page.html\""
"""An agent that makes the change, without a model."""


@dataclass
class Person:
    """Somebody with a browser that finds every host of a preview on this machine, as browsers do."""

    server: Server

    async def open(self, task_id: str) -> aiohttp.ClientResponse:
        """The console's link, and what it leads to, as far as it has not been followed."""
        assert self.server.browser is not None
        return await self.server.browser.get(f"/tasks/{task_id}/preview/open", allow_redirects=False)

    async def get(self, url: str, *, method: str = "GET", **headers: str) -> tuple[int, Mapping[str, str], str]:
        """One request to a preview's host, with these headers and no others of a browser."""
        parts = urlsplit(url)
        named = {"Host": parts.netloc, **{name.replace("_", "-"): value for name, value in headers.items()}}
        asked = f"http://127.0.0.1:{parts.port}{parts.path or '/'}{'?' + parts.query if parts.query else ''}"
        async with (
            aiohttp.ClientSession() as browser,
            browser.request(method, asked, headers=named, allow_redirects=False) as answer,
        ):
            return answer.status, answer.headers, await answer.text()

    async def let_in(self, task_id: str) -> tuple[str, str]:
        """The preview's origin, and the cookie of who was let in."""
        answer = await self.open(task_id)
        assert answer.status == 303, await answer.text()
        link = answer.headers["location"]
        status, headers, body = await self.get(link)
        assert (status, headers.get("location")) == (303, "/"), body
        parts = urlsplit(link)
        return f"{parts.scheme}://{parts.netloc}", headers["set-cookie"].partition(";")[0]


def state_of(home: Path, task_id: str) -> Any:
    found = rows(home, "select state, body from honk_preview where task_id = ? order by created_at", task_id)
    return found[-1] if found else ("", "")


@asynccontextmanager
async def shown(
    home: Path, tmp_path: Path, files: Mapping[str, str], **settings: str
) -> AsyncIterator[tuple[Person, str]]:
    """A server whose only task has ended with an open pull request."""
    repository = make_repository(tmp_path / f"site-{tmp_path.name}", files)
    async with serving(home, {}, repository, HONK_AGENT=SEND, **settings) as server:
        task_id = await server.ask("Show new songs", repository.name)
        told = await server.follow(task_id)
        assert told[-1]["body"]["outcome"] == "opened", told[-1]
        yield Person(server), task_id


async def test_row_19_a_change_is_looked_at_before_the_merge_and_gone_after_it(home: Path, tmp_path: Path) -> None:
    async with shown(home, tmp_path, SITE) as (person, task_id):
        await until(lambda: state_of(home, task_id)[0] == "running", 30)
        origin, cookie = await person.let_in(task_id)
        status, headers, body = await person.get(origin, Cookie=cookie)
        assert (status, "New songs" in body) == (200, True)
        assert headers["x-robots-tag"].startswith("noindex")
        assert "frame-ancestors 'none'" in headers["content-security-policy"]
        stranger, _, words = await person.get(origin)
        assert (stranger, "New songs" in words) == (401, False)
        said = await person.server.honk("preview", "open", task_id)
        assert "running" in said
        assert "/previews/p" in said
        assert task_id in await person.server.honk("preview", "list")
        assert "It is up" in await person.server.honk("task", "show", task_id)
        body = rows(home, "select body from honk_pull_request where task_id = ?", task_id)[0][0]
        assert f"honk preview open {task_id}" in body
        ((number,),) = rows(home, "select number from honk_pull_request where task_id = ?", task_id)
        _, said = await person.server.refused("pr", "merge", str(number))
        assert f"merged #{number}" in said
        await until(lambda: state_of(home, task_id)[0] == "gone", 30)
        assert (await person.get(origin, Cookie=cookie))[0] == 410


HOSTILE = r"""
import base64, hashlib, http.server, os
class Evil(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        raw = {
            "/phish": b"HTTP/1.1 302 x\r\nLocation: https://evil.example/login\r\n\r\n",
            "/meta": b"HTTP/1.1 200 x\r\nRefresh: 0; url=https://evil.example\r\nContent-Length: 2\r\n\r\nhi",
            "/cookie": b"HTTP/1.1 200 x\r\nSet-Cookie: a=1; Domain=localhost\r\nSet-Cookie: honk_session=x\r\n"
                       b"Set-Cookie: honk_preview=forged\r\nSet-Cookie: own=1\r\nContent-Length: 0\r\n\r\n",
            "/huge": b"HTTP/1.1 200 x\r\nX: " + b"a" * 200000 + b"\r\n\r\n",
            "/split": b"HTTP/1.1 200 x\r\nX: a\rSet-Cookie: b=1; Domain=localhost\r\nContent-Length: 0\r\n\r\n",
            "/smuggle": b"HTTP/1.1 200 x\r\nContent-Length: 2\r\n\r\nhiHTTP/1.1 200 x\r\nContent-Length: 4\r\n\r\nevil",
            "/ssh": b"SSH-2.0-OpenSSH\r\n\r\n",
        }.get(self.path)
        if self.path == "/live":
            self.shout()
        elif self.path == "/endless":
            self.wfile.write(b"HTTP/1.1 200 x\r\n\r\n")
            while True:
                self.wfile.write(b"x" * 65536)
        elif raw is not None:
            self.wfile.write(raw)
        else:
            body = repr(dict(self.headers)).encode()
            self.wfile.write(b"HTTP/1.1 200 x\r\nContent-Length: %d\r\n\r\n" % len(body) + body)
    def shout(self):
        key = self.headers["Sec-WebSocket-Key"] + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
        accept = base64.b64encode(hashlib.sha1(key.encode()).digest())
        self.wfile.write(b"HTTP/1.1 101 x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                         b"Sec-WebSocket-Accept: " + accept + b"\r\n\r\n")
        _, length = self.rfile.read(2)
        mask, said = self.rfile.read(4), self.rfile.read(length & 127)
        heard = bytes(byte ^ mask[at % 4] for at, byte in enumerate(said)).upper()
        self.wfile.write(bytes([0x81, len(heard)]) + heard)
        self.rfile.read(1)
http.server.ThreadingHTTPServer(("127.0.0.1", int(os.environ["PORT"])), Evil).serve_forever()
"""


@pytest.mark.acceptance
async def test_row_19_a_hostile_preview_reaches_nobody(home: Path, tmp_path: Path) -> None:
    async with shown(home, tmp_path, {**SITE, "app.py": HOSTILE}) as (person, task_id):
        await until(lambda: state_of(home, task_id)[0] == "running", 30)
        origin, cookie = await person.let_in(task_id)
        status, headers, body = await person.get(f"{origin}/phish", Cookie=cookie)
        assert (status, "evil.example" in body, "location" in headers) == (403, True, False)
        assert "refresh" not in (await person.get(f"{origin}/meta", Cookie=cookie))[1]
        _, headers, _ = await person.get(f"{origin}/cookie", Cookie=cookie)
        assert headers.getall("set-cookie") == ["own=1"]
        for path in ("/huge", "/split", "/ssh"):
            status, headers, body = await person.get(f"{origin}{path}", Cookie=cookie)
            assert (status, "set-cookie" in headers) == (502, False), path
        assert (await person.get(f"{origin}/smuggle", Cookie=cookie))[2] == "hi"
        secret = f"honk_session=s; {cookie}; own=1"
        token = {"Authorization": f"Bearer {'t' * 43}"}
        _, _, told = await person.get(f"{origin}/", Cookie=secret, X_Forwarded_For="1.2.3.4", **token)
        assert "own=1" in told
        assert not any(word in told.lower() for word in ("honk_session", "honk_preview", "bearer", "forwarded"))
        assert (await person.get(f"{origin}/", Cookie=cookie, Sec_Fetch_Site="same-site", Sec_Fetch_Mode="cors"))[
            0
        ] == 403
        assert (await person.get(f"{origin}/sw.js", Cookie=cookie, Service_Worker="script"))[0] == 403
        other = origin.replace("//p", "//q")
        assert (await person.get(other, Cookie=cookie))[0] == 404
        assert (await person.get(f"{other}/api/tasks", Cookie=cookie))[0] == 404  # never one of the console's routes
        assert await _shouted(origin, cookie, origin) == "HONK"
        assert await _shouted(origin, cookie, "https://evil.example") == "refused"
        assert await _shouted(origin, "honk_preview=forged", origin) == "refused"
        endless = await _first_bytes(person, f"{origin}/endless", cookie)
        assert endless > 1 << 20


async def _shouted(origin: str, cookie: str, page: str) -> str:
    """What a web socket of the preview answers to a page of this origin."""
    parts = urlsplit(origin)
    headers = {"Host": parts.netloc, "Cookie": cookie, "Origin": page}
    async with aiohttp.ClientSession() as browser:
        try:
            async with browser.ws_connect(f"http://127.0.0.1:{parts.port}/live", headers=headers) as live:
                await live.send_str("honk")
                return await live.receive_str(timeout=20)
        except aiohttp.WSServerHandshakeError:
            return "refused"


async def _first_bytes(person: Person, url: str, cookie: str) -> int:
    """Of an answer that never ends: its reader leaves, and so does what was read for them."""
    parts = urlsplit(url)
    async with (
        aiohttp.ClientSession() as browser,
        browser.get(
            f"http://127.0.0.1:{parts.port}{parts.path}", headers={"Host": parts.netloc, "Cookie": cookie}
        ) as answer,
    ):
        return len(await answer.content.readexactly(2 << 20))


@pytest.mark.acceptance
async def test_row_19_what_is_no_preview_is_told_in_words(home: Path, tmp_path: Path) -> None:
    commands = {
        "silent": ("sleep 60", "nothing listens on port 8000"),
        "crash": ("echo 'no such table: songs'; exit 3", "exit code 3"),
        "sick": ("python3 -m http.server $PORT --directory /tmp", "answers /none with 404"),
        "flood": ("yes", "more than"),
        "unseeded": ("true", "Its seed failed (exit code 1)"),
    }
    more = {"unseeded": 'seed = "false"', "sick": 'path = "/none"', "flood": "seconds = 60"}
    repositories = [
        make_repository(
            tmp_path / name,
            {
                **SITE,
                ".honk.toml": f'[preview]\ncommand = "{command}"\n{more.get(name, "")}\n'
                + ("" if name == "flood" else "seconds = 2\n"),
            },
        )
        for name, (command, _) in commands.items()
    ]
    async with serving(home, {}, *repositories, HONK_AGENT=SEND, HONK_PREVIEW__MOST="9") as server:
        tasks = {name: await server.ask("Show new songs", name) for name in commands}
        for name, task_id in tasks.items():
            await server.follow(task_id)
            await until(lambda: state_of(home, task_id)[0] == "failed", 60)  # noqa: B023 - awaited here
            body = state_of(home, task_id)[1]
            assert commands[name][1] in body, (name, body)
        assert "no such table: songs" in state_of(home, tasks["crash"])[1]
        assert server.browser is not None
        async with server.browser.get(f"/tasks/{tasks['crash']}") as page:
            text = await page.text()
        assert "no such table: songs" in text
        assert "Start it again" in text


@pytest.mark.acceptance
async def test_row_19_a_built_file_is_handed_out_as_it_was_built(home: Path, tmp_path: Path) -> None:
    toml = '[preview]\nbuild = "mkdir -p out; cp page.html out/app.apk"\nartifact = "out/app.apk"\n'
    async with shown(home, tmp_path, {**SITE, ".honk.toml": toml}) as (person, task_id):
        await until(lambda: state_of(home, task_id)[0] == "built", 30)
        answer = await person.open(task_id)
        link = answer.headers["location"]
        status, headers, body = await person.get(link)
        assert (status, "New songs" in body) == (200, True)
        assert headers["content-disposition"] == 'attachment; filename="app.apk"'
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["content-type"] == "application/vnd.android.package-archive"
        assert (await person.get(link[:-3] + "xxx"))[0] == 403
        (blob,) = (home / "blobs/previews").glob("*.apk")
        blob.write_bytes(b"swapped")
        status, _, body = await person.get(link)
        assert (status, "not what was built" in body) == (410, True)


@pytest.mark.acceptance
async def test_row_19_whoever_was_looked_at_least_recently_makes_room(home: Path, tmp_path: Path) -> None:
    first, second = (make_repository(tmp_path / f"{name}-{tmp_path.name}", SITE) for name in ("first", "second"))
    async with serving(home, {}, first, second, HONK_AGENT=SEND, HONK_PREVIEW__MOST="1") as server:
        tasks = []
        for repository in (first, second):
            tasks.append(await server.ask("Show new songs", repository.name))
            await server.follow(tasks[-1])
            await until(lambda: state_of(home, tasks[-1])[0] == "running", 40)
        state, body = state_of(home, tasks[0])
        assert (state, "looked at more recently" in body) == ("asleep", True)
        origin, cookie = await Person(server).let_in(tasks[0])
        assert "New songs" in (await Person(server).get(origin, Cookie=cookie))[2]
        assert state_of(home, tasks[1])[0] == "asleep"
        number = rows(home, "select number from honk_pull_request where task_id = ?", tasks[0])[0][0]
        await server.honk("pr", "close", str(number))
        await until(lambda: state_of(home, tasks[0])[0] == "gone", 30)
        assert (await Person(server).get(origin, Cookie=cookie))[0] == 410


@pytest.mark.acceptance
async def test_row_19_a_preview_sleeps_wakes_and_survives_no_restart(home: Path, tmp_path: Path) -> None:
    async with shown(home, tmp_path, SITE, HONK_PREVIEW__IDLE_MINUTES="0.01") as (person, task_id):
        await until(lambda: state_of(home, task_id)[0] == "asleep", 40)
        origin, cookie = await person.let_in(task_id)
        assert "New songs" in (await person.get(origin, Cookie=cookie))[2]
        assert await person.server.stop() == 0
        assert state_of(home, task_id)[0] == "asleep"
        await person.server.start()
        origin, cookie = await person.let_in(task_id)
        assert "New songs" in (await person.get(origin, Cookie=cookie))[2]
