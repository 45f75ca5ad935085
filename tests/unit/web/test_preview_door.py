"""Previews' hosts are told apart from the console's before anything else is looked at."""

from types import SimpleNamespace
from typing import Any, cast

import pytest
from starlette.types import Message, Receive, Scope, Send

from honk.domain.preview import Preview
from honk.preview.hosts import Hosts
from honk.preview.tickets import label_of
from honk.team import Team
from honk.web.preview_door import PreviewDoor

pytestmark = pytest.mark.anyio
KEY = b"k" * 32
LABEL = label_of(KEY, "t1", "a" * 40)
DOMAIN = "previews.example.net"


async def _console(scope: Scope, receive: Receive, send: Send) -> None:
    await send({"type": "http.response.start", "status": 299, "headers": []})
    await send({"type": "http.response.body", "body": b"console"})


class Desk:
    key = KEY

    async def of_label(self, label: str) -> Preview | None:
        return None


async def asked(*hosts: str, path: str = "/", kind: str = "http") -> list[Message]:
    team = cast(Team, SimpleNamespace(previewing=SimpleNamespace(desk=Desk())))
    door = PreviewDoor(
        _console, team=team, hosts=Hosts(domain=DOMAIN, scheme="https"), console="https://honk.example.org"
    )
    told: list[Message] = []

    async def send(message: Message) -> None:
        told.append(message)

    headers = [(b"host", host.encode("latin-1")) for host in hosts]
    scope: dict[str, Any] = {"type": kind, "method": "GET", "path": path, "raw_path": path.encode(),
                             "query_string": b"", "headers": headers}  # fmt: skip
    await door(scope, cast(Receive, None), send)
    return told


@pytest.mark.parametrize("host", ["honk.example.org", "127.0.0.1:8300", DOMAIN, f"{LABEL}.other.example", "", "["])
async def test_other_hosts_are_the_console_s(host: str) -> None:
    assert (await asked(host))[0]["status"] == 299


@pytest.mark.parametrize("path", ["/", "/api/tasks", "/static/honk.css", "/healthz", "/.honk/enter", "/enter"])
@pytest.mark.parametrize("name", [LABEL, "x", f"a.{LABEL}", "honk"])
async def test_what_is_asked_below_the_domain_never_reaches_the_console(name: str, path: str) -> None:
    told = await asked(f"{name}.{DOMAIN}", path=path)
    headers = dict(told[0]["headers"])
    assert told[0]["status"] == 404
    assert b"noindex" in headers[b"x-robots-tag"]
    assert headers[b"content-security-policy"].startswith(b"default-src 'none'")


async def test_a_phone_may_ask_by_a_name_that_is_no_preview_s() -> None:
    assert (await asked(f"doctor-1234.{DOMAIN}", path="/reached/abc"))[0]["status"] == 299
    assert (await asked(f"{LABEL}.{DOMAIN}", path="/reached/abc"))[0]["status"] == 404


async def test_two_hosts_are_nobody_s_preview_and_sockets_are_closed() -> None:
    assert (await asked(f"{LABEL}.{DOMAIN}", "honk.example.org"))[0]["status"] == 404
    assert await asked(f"{LABEL}.{DOMAIN}", kind="websocket") == [{"type": "websocket.close", "code": 1008}]
