"""A server whose every run stands still together: frozen by a person, or for a fault that all would meet."""

import asyncio
import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from desk import OLD, RIGHT, git
from server import KEY, rows, serving, until

from honk.testing import scripts
from honk.testing.replies import Ask, Fault, Reply, fail

pytestmark = [pytest.mark.slow, pytest.mark.claude, pytest.mark.anyio, pytest.mark.acceptance]
CALC_PY = "/workspace/calc.py"
STRAIGHT = scripts.straight(CALC_PY, old=OLD, new=RIGHT)


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """Each its own: what stands still in one is nobody else's."""
    return tmp_path / "honk"


def told(home: Path, stream: str) -> list[tuple[str, dict[str, Any]]]:
    query = "select kind, body from honk_event where task_id = ? order by sequence"
    return [(kind, json.loads(body)) for kind, body in rows(home, query, stream)]


def kinds(home: Path, stream: str) -> list[str]:
    return [kind for kind, _ in told(home, stream)]


def stalls_once() -> Callable[[Ask], Reply]:
    """The edit, then an answer that never comes, the first time; then the rest."""

    def script(ask: Ask) -> Reply:
        line = STRAIGHT[min(ask.index, len(STRAIGHT) - 1)]
        assert isinstance(line, Reply)
        return fail("stall", then=line) if ask.index == 2 else line

    return script


async def test_a_freezing_stops_everything_within_two_seconds_and_a_thaw_loses_nothing(home: Path, calc: Path) -> None:
    async with serving(home, {"default": stalls_once()}, calc, HONK_SERVE__AGENTS="1") as server:
        first, second = await server.ask(), await server.ask()
        await until(lambda: len(server.model.generations) >= 3)
        before = time.time()
        assert "frozen by" in await server.honk("freeze", "keys leaked")
        await until(lambda: "parked" in kinds(home, first), 2)
        silent_from = before + 2
        (repository,) = await server.json("GET", "/api/repositories")
        wanted = {"repository_id": repository["repository_id"], "prompt": "Not now"}
        assert server.browser is not None
        async with server.browser.post("/api/tasks", json=wanted) as answer:
            assert (answer.status, "keys leaked" in await answer.text()) == (409, True)
        await asyncio.sleep(3)
        assert [one for one in server.model.requests if one.at > silent_from] == []
        assert not git(calc, "branch", "--list", "honk/*").strip()
        await server.stop()
        await server.start()
        assert "keys leaked" in await server.honk("thaw")
        for task_id in (first, second):
            assert (await server.follow(task_id))[-1]["body"]["outcome"] == "opened", told(home, task_id)
        audit = [(kind, body.get("why")) for kind, body in told(home, "installation")]
        assert audit == [("frozen", "keys leaked"), ("thawed", "keys leaked")]
        assert len(git(calc, "branch", "--list", "honk/*").split()) == 2


async def test_a_refused_key_parks_every_run_and_all_go_on_by_themselves(home: Path, calc: Path) -> None:
    async with serving(home, {"default": STRAIGHT}, calc, HONK_SERVE__AGENTS="2") as server:
        server.model._key = "another"
        tasks = [await server.ask() for _ in range(3)]
        await until(lambda: sum("parked" in kinds(home, one) for one in tasks) == 2)
        await until(lambda: any("waits" in kinds(home, one) for one in tasks))
        assert [body["state"] for kind, body in told(home, "installation") if kind == "breaker"] == ["open"]
        server.model._key = KEY
        for task_id in tasks:
            assert (await server.follow(task_id))[-1]["body"]["outcome"] == "opened", told(home, task_id)
        assert [body["state"] for kind, body in told(home, "installation") if kind == "breaker"] == ["open", "closed"]


async def test_a_judge_that_nobody_answers_is_asked_again_when_the_service_is_back(home: Path, calc: Path) -> None:
    down = Reply(blocks=(), fault=Fault(kind=401, times=2))
    passes = scripts.judge()[0]
    assert isinstance(passes, Reply)
    both = {"default": STRAIGHT, "judge": [Reply(blocks=passes.blocks, fault=down.fault)]}
    async with serving(home, both, calc) as server:
        ended = (await server.follow(await server.ask()))[-1]["body"]
        assert ended["outcome"] == "opened", ended


async def test_a_run_that_was_asked_for_beyond_the_quota_is_refused_with_what_to_do(home: Path, calc: Path) -> None:
    async with serving(home, {"default": scripts.hang()}, calc, HONK_QUOTA__PERSON_MONTH_USD="12") as server:
        stuck = [await server.ask() for _ in range(2)]
        (repository,) = await server.json("GET", "/api/repositories")
        wanted = {"repository_id": repository["repository_id"], "prompt": "One too many"}
        assert server.browser is not None
        async with server.browser.post("/api/tasks", json=wanted) as answer:
            assert 400 <= answer.status < 500
            words = await answer.text()
        assert "reserved for tasks under way" in words
        assert len((await server.json("GET", "/api/tasks"))["tasks"]) == 2
        assert all(told(home, one) for one in stuck)
