"""Rows 2, 30 and 33 of product.md: talk becomes a brief, everything is seen as it happens, and no cost overshoots."""

import asyncio
import json
from pathlib import Path

import pytest
from desk import CALC, COMMAND, OLD, RIGHT, make_repository
from server import Server, serving

from honk.gateway.pricing import PRICES
from honk.testing import scripts
from honk.testing.replies import is_plain

pytestmark = [pytest.mark.slow, pytest.mark.anyio]
CALC_PY = "/workspace/calc.py"
MANY = 100


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """Each its own: what was asked and spent is counted."""
    return tmp_path / "honk"


async def form(server: Server, path: str, **fields: str) -> str:
    """The page that comes of a form."""
    assert server.browser is not None
    async with server.browser.post(path, data=fields) as answer:
        assert answer.status == 200, await answer.text()
        return await answer.text()


@pytest.mark.claude
async def test_row_2_an_unclear_request_is_asked_about_twice_at_most_and_becomes_the_brief_that_the_agent_gets(
    home: Path, calc: Path, tmp_path: Path
) -> None:
    other = make_repository(tmp_path / "ledger", CALC)
    async with serving(home, {"default": scripts.straight(CALC_PY, old=OLD, new=RIGHT)}, calc, other) as server:
        page = await form(server, "/new/guess", prompt="fix it")
        questions = [
            words for words in ("Which repository is meant?", "What should be different when") if words in page
        ]
        assert len(questions) == 2, page
        assert page.count("?</label>") <= 3, "its own words, and two questions"
        words = "In calc, add() must add. Do not touch double(). It is done when add(2, 2) gives 4."
        page = await form(server, "/new/guess", prompt=words)
        assert "Which repository is meant?" not in page
        assert "What should be different" not in page
        found = {one["name"]: one["repository_id"] for one in await server.json("GET", "/api/repositories")}
        assert server.browser is not None
        brief = {
            "prompt": words,
            "repository_id": found["calc"],
            "preconditions": "Only if calc.py is there",
            "out_of_bounds": "Do not touch double().",
            "done_when": "add(2, 2) gives 4",
        }
        task_id = await server.ask_in_console(**brief)
        assert (await server.follow(task_id))[-1]["kind"] == "outcome"
        heard = [one["messages"] for one in server.model.generations if not is_plain(one)]
        handed = json.dumps(heard, ensure_ascii=False)
        for part in (
            "add() must add.",
            "Given:",
            "- Only if calc.py is there",
            "Out of bounds:",
            "- Do not touch double().",
        ):
            assert part in handed, part
        assert "Done when:" in handed
        assert "- add(2, 2) gives 4" in handed
        kept = [json.loads(line) for line in (await server.honk("task", "export", task_id)).splitlines()]
        (written,) = [one for one in kept if one.get("kind") == "brief" or one.get("record") == "brief"]
        assert "add(2, 2) gives 4" in json.dumps(written)


@pytest.mark.wide
@pytest.mark.acceptance
async def test_row_30_a_hundred_runs_at_once_are_seen_as_they_happen_and_each_pull_request_is_two_taps_away(
    home: Path, calc: Path
) -> None:
    settings = {"HONK_AGENT": COMMAND, "HONK_SERVE__AGENTS": "8", "HONK_QUOTA__PERSON_MONTH_USD": "1000"}
    async with serving(home, {}, calc, **settings) as server:
        assert server.browser is not None
        tasks = []
        for number in range(MANY):
            tasks.append(await server.ask(f"Make add() add ({number})"))
            async with server.browser.get("/") as board:
                assert f"/tasks/{tasks[-1]}" in await board.text(), "seen as soon as it was accepted"
        told = await server.follow(tasks[0])
        assert told[-1]["kind"] == "outcome"
        await ended(server, MANY)
        for task_id in tasks:
            async with server.browser.get(f"/tasks/{task_id}") as page:
                assert "Pull request" in await page.text(), "from the board to the task, and there it stands"


async def ended(server: Server, count: int) -> None:
    """Until so many have an outcome."""
    assert server.browser is not None
    async with asyncio.timeout(600):
        while True:
            async with server.browser.get("/metrics") as answer:
                told = await answer.text()
            lines = [line for line in told.splitlines() if line.startswith("honk_tasks_ended_total{")]
            if sum(float(line.rsplit(" ", 1)[1]) for line in lines) >= count:
                assert lines == [f'honk_tasks_ended_total{{outcome="opened"}} {float(count)}']
                return
            await asyncio.sleep(0.2)


@pytest.mark.claude
@pytest.mark.acceptance
async def test_row_33_two_at_once_cannot_overshoot_a_quota_and_the_cost_is_what_the_service_counted(
    home: Path, calc: Path
) -> None:
    script = scripts.straight(CALC_PY, old=OLD, new=RIGHT)
    limits = {"HONK_LIMITS__COST_USD": "5", "HONK_QUOTA__PERSON_MONTH_USD": "8", "HONK_QUOTA__MONTH_USD": "8"}
    async with serving(home, {"default": script}, calc, **limits) as server:
        assert server.browser is not None
        (repository,) = await server.json("GET", "/api/repositories")
        wanted = {"repository_id": repository["repository_id"], "prompt": "Make add() add"}

        async def ask() -> tuple[int, dict[str, str]]:
            assert server.browser is not None
            async with server.browser.post("/api/tasks", json=wanted) as answer:
                return answer.status, await answer.json()

        async with asyncio.TaskGroup() as group:
            both = [group.create_task(ask()) for _ in range(2)]
        (accepted,) = [told for status, told in (one.result() for one in both) if status == 201]
        (refused,) = [told for status, told in (one.result() for one in both) if status != 201]
        assert "quota" in refused["detail"].lower() or "month" in refused["detail"].lower(), refused
        await server.follow(accepted["task_id"])
        result = await server.json("GET", f"/api/tasks/{accepted['task_id']}/result")
        calls = len(server.model.generations)
        price = PRICES["claude-sonnet-5-5"]
        expected = calls * (100 * price.input_usd + 20 * price.output_usd) / 1e6
        assert result["cost_usd"] == pytest.approx(expected, rel=0.02), (calls, result["cost_usd"])
