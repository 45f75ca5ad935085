"""Who may ask for what: guests, strangers and people without a role are refused, and learn nothing. Row 41."""

from pathlib import Path
from typing import Any

import aiohttp
import pytest
from desk import CALC, OLD, RIGHT, make_repository
from server import Server, browser_of, serving

from honk.testing import scripts

pytestmark = [pytest.mark.slow, pytest.mark.claude, pytest.mark.anyio]
CALC_PY = "/workspace/calc.py"


async def come_in(server: Server, email: str, name: str, *role: str) -> aiohttp.ClientSession:
    """A person who was added, was granted this, and came in by their link."""
    await server.honk("people", "add", email, "--name", name)
    if role:
        await server.honk("people", "grant", email, *role)
    return await browser_of(server.url, (await server.honk("people", "link", email)).strip())


async def told(browser: aiohttp.ClientSession, method: str, path: str, **more: Any) -> tuple[int, str]:
    async with browser.request(method, path, **more) as answer:
        return answer.status, (await answer.text()).replace(path.rsplit("/", 1)[-1], "ID")


async def test_who_may_not_ask_is_refused_and_learns_nothing(home: Path, calc: Path, tmp_path: Path) -> None:
    secret = make_repository(tmp_path / "hush-hush", CALC)
    async with serving(home, {"default": scripts.straight(CALC_PY, old=OLD, new=RIGHT)}, calc, secret) as server:
        places = {one["name"]: one["repository_id"] for one in await server.json("GET", "/api/repositories")}
        ask = {"repository_id": places["hush-hush"], "prompt": "Make add() add in secret"}
        task_id = (await server.json("POST", "/api/tasks", json=ask))["task_id"]
        guest = await come_in(server, "guest@example.test", "Gus")
        asker = await come_in(server, "ada@example.test", "Ada", "requester", "--repo", "calc")
        token = (await server.honk("token", "new", "ci", "--email", "ada@example.test")).strip()
        program = aiohttp.ClientSession(base_url=server.url, headers={"Authorization": f"Bearer {token}"})
        stranger = aiohttp.ClientSession(base_url=server.url, headers={"Authorization": "Bearer honk_" + "x" * 43})
        async with guest, asker, program, stranger:
            for browser in (guest, asker, program):
                refused, words = await told(browser, "POST", "/api/tasks", json=ask)
                assert refused in (403, 404), words
                found = [await told(browser, "GET", f"/api/tasks/{one}") for one in (task_id, "nosuchtask")]
                assert found[0] == found[1]
                assert found[0][0] == 404
                status, listed = await told(browser, "GET", "/api/tasks")
                assert (status, task_id in listed, "secret" in listed) == (200, False, False)
            for browser in (guest, asker):
                assert (await told(browser, "GET", f"/api/tasks/{task_id}/events"))[0] == 404
                status, board = await told(browser, "GET", "/")
                assert (status, "hush-hush" in board, task_id in board) == (200, False, False)
                assert (await told(browser, "GET", f"/tasks/{task_id}"))[0] == 404
                assert (await told(browser, "GET", f"/tasks/{task_id}/stream"))[0] == 404
            calc_ask = {"repository_id": places["calc"], "prompt": "Make add() add"}
            assert (await told(guest, "POST", "/api/tasks", json=calc_ask))[0] in (403, 404)
            assert (await told(stranger, "POST", "/api/tasks", json=calc_ask))[0] == 401
            status, made = await told(program, "POST", "/api/tasks", json=calc_ask)
            assert status == 201, made
            await server.honk("people", "leave", "ada@example.test")
            for browser in (asker, program):
                assert (await told(browser, "GET", "/api/tasks"))[0] == 401
            assert len((await server.json("GET", "/api/tasks"))["tasks"]) == 2
