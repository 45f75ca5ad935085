"""Previews' hosts are told apart from the console's before anything else is looked at."""

import asyncio
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any, cast

import pytest
from starlette.types import Message, Receive, Scope, Send

from honk.domain.audit import Who
from honk.domain.preview import Artifact, Preview, PreviewState
from honk.preview.hosts import Hosts
from honk.preview.tickets import Ticket, Use, label_of, written
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

    def __init__(self, preview: Preview | None = None) -> None:
        self.preview = preview
        self.may = True

    async def of_label(self, label: str) -> Preview | None:
        return self.preview

    async def note_opened(self, label: str, who: Who) -> None:
        pass

    async def file(self, preview: Preview) -> bytes:
        return b"built"

    @contextmanager
    def watched(self, label: str) -> Iterator[None]:
        yield

    async def may_look(self, person_id: str, preview: Preview) -> bool:
        await asyncio.sleep(0)
        return self.may


def door_of(desk: Desk) -> PreviewDoor:
    team = cast(Team, SimpleNamespace(previewing=SimpleNamespace(desk=desk, may_look=desk.may_look)))
    return PreviewDoor(
        _console, team=team, hosts=Hosts(domain=DOMAIN, scheme="https"), console="https://honk.example.org"
    )


async def asked(
    *hosts: str, path: str = "/", kind: str = "http", query: str = "", door: PreviewDoor | None = None
) -> list[Message]:
    door = door or door_of(Desk())
    told: list[Message] = []

    async def send(message: Message) -> None:
        told.append(message)

    headers = [(b"host", host.encode("latin-1")) for host in hosts]
    scope: dict[str, Any] = {"type": kind, "method": "GET", "path": path, "raw_path": path.encode(),
                             "query_string": query.encode(), "headers": headers}  # fmt: skip
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


BUILT = Preview(
    label=LABEL, task_id="t1", number=1, repository_id="r1", head_sha="a" * 40, kind="apk", state=PreviewState.BUILT,
    created_at=datetime(2026, 11, 26, tzinfo=UTC),
    artifact=Artifact(name="a.apk", kind="apk", digest="d" * 64, size_bytes=5, blob="previews/d.apk"),
)  # fmt: skip


def link(use: Use, nonce: str) -> str:
    signed = Ticket(use=use, label=LABEL, person_id="ada", until=time.time() + 60, nonce=nonce)
    return f"ticket={written(KEY, signed)}"


async def test_a_link_opens_once_however_fast_it_is_used_again() -> None:
    door, query = door_of(Desk(BUILT)), link(Use.ENTER, "n1")
    async with asyncio.TaskGroup() as group:
        asking = (asked(f"{LABEL}.{DOMAIN}", path="/.honk/enter", query=query, door=door) for _ in range(3))
        all_told = [group.create_task(one) for one in asking]
    assert sorted(told.result()[0]["status"] for told in all_told) == [303, 403, 403]


async def test_a_link_to_a_file_is_good_while_whose_it_was_may_see_it() -> None:
    desk = Desk(BUILT)
    door, query = door_of(desk), link(Use.FILE, "d" * 64)
    told = await asked(f"{LABEL}.{DOMAIN}", path="/.honk/file", query=query, door=door)
    assert (told[0]["status"], told[1]["body"]) == (200, b"built")
    desk.may = False
    assert (await asked(f"{LABEL}.{DOMAIN}", path="/.honk/file", query=query, door=door))[0]["status"] == 403
