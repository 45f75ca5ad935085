"""A server's desk from afar: the same values as from the App, and refusals in the server's words."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import aiohttp
import pytest
from api_room import ApiRoom, serving_api

from honk.base.errors import UsageError
from honk.cli.desk import token_given
from honk.client import Server, ServerGone, ServerRefused, Wish
from honk.client.http import HttpDesk, checked_url, open_far_desk
from honk.domain.task import OutcomeName

pytestmark = pytest.mark.anyio


@pytest.fixture(scope="module")
def room(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ApiRoom]:
    with serving_api(tmp_path_factory.mktemp("home")) as room:
        yield room


async def test_a_task_is_the_same_from_afar(room: ApiRoom) -> None:
    async with aiohttp.ClientSession(headers={"authorization": "Bearer ada"}) as session:
        desk = HttpDesk(session, room.url)
        asked = await desk.request(Wish(repository="repository", prompt="Mend the titles"), "k1")
        assert (
            await desk.request(Wish(repository="repository", prompt="Mend the titles"), "k1")
        ).task_id == asked.task_id
        events = [event async for event in desk.follow(asked.task_id)]
        kept = await asyncio.wrap_future(
            asyncio.run_coroutine_threadsafe(room.house.events.read(asked.task_id), room.loop)
        )
        assert events == list(kept)
        result = await desk.result(asked.task_id)
        assert (result.outcome, result.task_id) == (OutcomeName.NO_CHANGE, asked.task_id)
        assert await desk.diff(asked.task_id) == b""
        assert asked.task_id in [one.task_id for one in await desk.tasks()]
        assert await desk.waits_for(asked.task_id) is None
        taken = await desk.take(asked.task_id)
        assert (taken.task_id, taken.head_sha, taken.brief.goal) == (asked.task_id, None, "Mend the titles")
        with pytest.raises(ServerRefused, match="nothing to hand over"):
            await desk.pack(asked.task_id)
        log = await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(room.house.audit.read(), room.loop))
        assert "work" in [one.body.get("what") for one in log if one.subject == f"task:{asked.task_id}"]
        with pytest.raises(ServerRefused, match="Nothing was begun"):
            await desk.give(asked.task_id, "Mine", "a" * 40, b"PACK")
        with pytest.raises(UsageError, match="there are: repository"):
            await desk.request(Wish(repository="other", prompt="x"), "k2")
        with pytest.raises(ServerRefused, match="No task is called"):
            await desk.task("nope")


async def test_a_server_that_is_not_there_is_gone() -> None:
    async with open_far_desk(Server(url="http://127.0.0.1:9", token="t")) as desk:
        with pytest.raises(ServerGone, match="cannot be reached"):
            await desk.tasks()


@pytest.mark.parametrize(
    ("url", "api"),
    [
        ("https://honk.test", "https://honk.test/api"), ("https://honk.test/api/", "https://honk.test/api"),
        ("http://127.0.0.1:8300/", "http://127.0.0.1:8300/api"), ("http://[::1]:8300", "http://[::1]:8300/api"),
    ],
)  # fmt: skip
def test_an_address_leads_to_its_api(url: str, api: str) -> None:
    assert checked_url(url) == api


@pytest.mark.parametrize("url", ["http://honk.test", "http://10.0.0.1:8300", "honk.test", "ftp://honk.test", ""])
def test_a_token_crosses_no_network_in_the_clear(url: str) -> None:
    with pytest.raises(UsageError, match="Nothing was done"):
        checked_url(url)


def test_a_token_comes_from_the_environment_or_from_a_closed_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("HONK_TOKEN", raising=False)
    monkeypatch.delenv("HONK_TOKEN_FILE", raising=False)
    with pytest.raises(UsageError, match="honk token new"):
        token_given()
    file = tmp_path / "token"
    file.write_text("from-file\n")
    monkeypatch.setenv("HONK_TOKEN_FILE", str(file))
    file.chmod(0o644)
    with pytest.raises(UsageError, match="chmod 600"):
        token_given()
    file.chmod(0o600)
    assert token_given() == "from-file"
    monkeypatch.setenv("HONK_TOKEN", "from-environment")
    assert token_given() == "from-environment"
