"""The package route: the real uv installs through it, and nothing else passes."""

import contextlib
import hashlib
import io
import json
import socket
import sys
import zipfile
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import aiohttp
import pytest
from aiohttp import web

from honk.base.subprocess import run
from honk.gateway import RegistryLog, registry
from honk.gateway.index_page import rewritten
from honk.gateway.registry import PackageRoute

pytestmark = pytest.mark.anyio
METADATA = b"Metadata-Version: 2.1\nName: tiny-thing\nVersion: 1.0\n"
WHEEL_NAME = "tiny_thing-1.0-py3-none-any.whl"


def wheel() -> bytes:
    buffer = io.BytesIO()
    dist = "tiny_thing-1.0.dist-info"
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("tiny_thing.py", "answer = 42\n")
        archive.writestr(f"{dist}/METADATA", METADATA)
        archive.writestr(
            f"{dist}/WHEEL", "Wheel-Version: 1.0\nGenerator: x\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        )
        archive.writestr(f"{dist}/RECORD", "")
    return buffer.getvalue()


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """A package route with an index behind it."""

    url: str
    log: RegistryLog
    seen: list[web.BaseRequest]

    async def get(self, path: str, method: str = "GET") -> tuple[int, bytes]:
        """Status and body."""
        async with aiohttp.ClientSession() as session, session.request(method, self.url + path) as response:
            return response.status, await response.read()


def json_type(request: web.BaseRequest) -> str:
    """The first JSON form that the client names."""
    return next(part.split(";")[0].strip() for part in request.headers["accept"].split(",") if "json" in part)


@contextlib.asynccontextmanager
async def index(*, as_json: bool = False, links: tuple[str, ...] = ()) -> AsyncIterator[Visit]:
    """A small index with credentials, one package, and further links."""
    raw, seen = wheel(), list[web.BaseRequest]()
    digest, described = hashlib.sha256(raw).hexdigest(), hashlib.sha256(METADATA).hexdigest()

    async def respond(request: web.BaseRequest) -> web.Response:
        seen.append(request)
        if request.path == "/own/simple/tiny-thing/":
            if as_json:
                hashes = {"sha256": digest}
                file = {"filename": WHEEL_NAME, "url": f"../../files/{WHEEL_NAME}", "hashes": hashes}
                body = {"meta": {"api-version": "1.0"}, "name": "tiny-thing", "files": [file]}
                return web.Response(text=json.dumps(body), content_type=json_type(request))
            more = "".join(f'<a href="{link}">{link.rpartition("/")[2]}</a>' for link in links)
            first = f'<a href="../../files/{WHEEL_NAME}#sha256={digest}" data-core-metadata="sha256={described}">x</a>'
            return web.Response(text=f"<html><body>{first}{more}</body></html>", content_type="text/html")
        if request.path == "/own/simple/elsewhere/":
            raise web.HTTPFound("http://127.0.0.2:1/")
        answers = {f"/own/files/{WHEEL_NAME}": raw, f"/own/files/{WHEEL_NAME}.metadata": METADATA}
        if request.path in answers:
            return web.Response(body=answers[request.path])
        return web.Response(status=404)

    runner = web.ServerRunner(web.Server(respond))
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    port = runner.addresses[0][1]
    route = PackageRoute(f"http://reader:pass-word@127.0.0.1:{port}/own/simple")
    listener = socket.create_server(("127.0.0.1", 0))
    try:
        async with route.serve(listener) as log:
            yield Visit(url=f"http://127.0.0.1:{listener.getsockname()[1]}", log=log, seen=seen)
    finally:
        await route.close()
        await runner.cleanup()


@pytest.mark.slow
@pytest.mark.parametrize("as_json", [False, True], ids=["html", "json"])
async def test_uv_installs_through_it(as_json: bool, tmp_path: Path) -> None:
    uv = Path(sys.executable).parent / "uv"
    async with index(as_json=as_json) as visit:
        argv = [str(uv), "pip", "install", "--no-cache", "--python", sys.executable, "--target", str(tmp_path / "t")]
        env = {"HOME": str(tmp_path), "UV_NO_CONFIG": "1", "UV_DEFAULT_INDEX": f"{visit.url}/python"}
        (await run([*argv, "tiny-thing==1.0"], env=env)).must("uv pip install")
        assert (tmp_path / "t" / "tiny_thing.py").read_text() == "answer = 42\n"
        assert (visit.log.refused, visit.log.failed) == ([], [])
        assert any(request.path.endswith(".metadata") for request in visit.seen) != as_json


async def test_credentials_and_addresses_stay_outside() -> None:
    async with index() as visit:
        status, page = await visit.get("/python/tiny-thing/")
        assert status == 200
        assert b"/file/" in page
        assert not [secret for secret in (b"pass-word", b"reader", b"/own/", b"127.0.0.1") if secret in page]
        assert visit.seen[0].headers["authorization"].startswith("Basic ")


async def test_only_what_a_page_listed_on_this_socket_can_be_fetched() -> None:
    async with index() as visit:
        _, page = await visit.get("/python/tiny-thing/")
        link = page.decode().split('href="')[1].split("#")[0]
        assert (await visit.get(link)) == (200, wheel())
        assert (await visit.get(link + ".metadata")) == (200, METADATA)
        for other in (
            link + ".sig",
            link.replace(WHEEL_NAME, "x.whl"),
            "/file/" + "0" * 64 + f"/{WHEEL_NAME}",
            link + "?x",
        ):
            assert (await visit.get(other))[0] == 403
    async with index() as another:
        assert (await another.get(link))[0] == 403


async def test_everything_but_reading_a_named_package_is_refused_and_written_down() -> None:
    async with index() as visit:
        for path in (
            "/",
            "/python/",
            "/python",
            "/python/Tiny_Thing/",
            "/python/a/b/",
            "/own/files/x",
            "/python/a%2f../",
        ):
            assert (await visit.get(path))[0] == 403, path
        for method in ("POST", "PUT", "DELETE"):
            assert (await visit.get("/python/tiny-thing/", method))[0] == 403
        assert not visit.seen
        assert len(visit.log.refused) == 10
        assert (await visit.get("/python/nobody/"))[0] == 404
        assert visit.log.failed == ["package nobody: HTTP 404"]


async def test_t44_a_flood_of_refused_requests_is_counted_and_not_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry, "NOTES_KEPT", 3)
    async with index() as visit:
        for number in range(5):
            await visit.get(f"/{number}")
            await visit.get(f"/python/nobody-{number}/")
        assert (len(visit.log.refused), len(visit.log.failed), visit.log.requests) == (3, 3, 10)


async def test_an_index_cannot_send_us_elsewhere() -> None:
    async with index() as visit:
        assert (await visit.get("/python/elsewhere/"))[0] == 403


async def test_files_lie_no_nearer_than_the_index() -> None:
    links = ("http://169.254.169.254/latest/x-1.0.tar.gz", "ftp://127.0.0.1/y-1.0.tar.gz", "file:///etc/z-1.0.tar.gz")
    async with index(links=links) as visit:
        _, page = await visit.get("/python/tiny-thing/")
        found = [part.split('"')[0] for part in page.decode().split('href="')[2:]]
        assert len(found) == 1, "what is not on the web is not even listed"
        assert (await visit.get(found[0]))[0] == 403
        assert "private network" in visit.log.refused[0]


def test_a_page_is_written_anew() -> None:
    page = b'<base href="http://evil"><script>x</script><a href="a-1.tar.gz" onclick="x" data-yanked="&quot;bad">a</a>'
    page += b'<a href="../">up</a><a href="http://[bad/x-1.tar.gz">x</a>'
    made = rewritten(page, "text/html", "https://upstream.test/a/", lambda address, name: f"/our/{name}").decode()
    assert '<a href="/our/a-1.tar.gz" data-yanked="&quot;bad">a-1.tar.gz</a>' in made
    assert not [word for word in ("script", "onclick", "evil", "up") if word in made]
    with pytest.raises(ValueError, match="type"):
        rewritten(b"x", "image/png", "https://upstream.test/", lambda address, name: "")
