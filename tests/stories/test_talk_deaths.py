"""A server that dies while a run is parked, and while it is answered: the run goes on, once."""

import asyncio
import os
import signal
from pathlib import Path
from typing import Any

import pytest
from desk import OLD, RIGHT, git
from server import Server, serving
from talking import ASK

from honk.testing import scripts
from honk.testing.replies import say, use

pytestmark = [pytest.mark.slow, pytest.mark.claude, pytest.mark.anyio, pytest.mark.acceptance]
CALC_PY = "/workspace/calc.py"
ASKS = [
    *scripts.edit(CALC_PY, OLD, RIGHT),
    use(ASK, text="Round the sum?", choices=["yes", "no"], recommended="no"),
    say("I have asked."),
    use("Bash", command="echo once >> notes.txt; sleep 1", description="x"),
    say("As you say."),
]


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A state folder of its own: what is left in it is the subject."""
    assert os.geteuid() != 0
    return tmp_path / "home"


async def parked(server: Server, task_id: str) -> dict[str, Any]:
    """What it waits for, once it waits."""
    async with asyncio.timeout(60):
        while True:
            standing = await server.json("GET", f"/api/tasks/{task_id}/standing")
            if standing["parked"]:
                found: dict[str, Any] = standing["parked"]
                return found
            await asyncio.sleep(0.1)


async def test_a_parked_run_outlives_its_server_and_goes_on_once(home: Path, calc: Path) -> None:
    async with serving(home, {"default": ASKS}, calc) as server:
        task_id = await server.ask()
        question = (await parked(server, task_id))["question"]
        await server.stop(signal.SIGKILL)
        await server.start()
        assert (await parked(server, task_id))["question"] == question
        tap = {"question_id": question["question_id"], "text": "no"}
        key = {"Idempotency-Key": "tap-1"}
        assert (await server.json("POST", f"/api/tasks/{task_id}/answer", json=tap, headers=key))["is_first"]
        await server.stop(signal.SIGKILL)
        await server.start()
        again = await server.json("POST", f"/api/tasks/{task_id}/answer", json=tap, headers=key)
        assert again["is_first"], "the same tap, delivered again"
        told = await server.follow(task_id)
        task = await server.json("GET", f"/api/tasks/{task_id}")
        agents = [str(body["messages"]) for body in server.model.generations if len(body.get("tools") or ()) > 1]
    assert task["outcome"] == "opened"
    assert [event["kind"] for event in told].count("asked") == 1
    assert [event["kind"] for event in told].count("answered_by") == 1
    assert [event["kind"] for event in told].count("pull_request") == 1
    assert "I have asked." in agents[-1], "the same session"
    assert "answers 'Round the sum?': no" in agents[-1]
    (branch,) = git(calc, "branch", "--list", "honk/*", "--format=%(refname:short)").split()
    assert git(calc, "show", f"{branch}:notes.txt") == "once"
