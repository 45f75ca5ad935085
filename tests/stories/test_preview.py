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

from honk.testing import scripts

pytestmark = [pytest.mark.slow, pytest.mark.claude, pytest.mark.anyio]
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
PAGE = "/workspace/page.html"
CHANGED = {"default": scripts.straight(PAGE, old="Old songs", new="New songs")}


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
    repository = make_repository(tmp_path / "site", files)
    async with serving(home, CHANGED, repository, **settings) as server:
        task_id = await server.ask("Show new songs")
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
        _, said = await person.server.refused("pr", "merge", "1")
        assert "merged #1" in said
        await until(lambda: state_of(home, task_id)[0] == "gone", 30)
        assert (await person.get(origin, Cookie=cookie))[0] == 410
