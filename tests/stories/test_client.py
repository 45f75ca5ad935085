"""The command line as a server's client: the same words, whether the server is here or elsewhere."""

import asyncio
import json
import signal
import subprocess
from pathlib import Path

import pytest
from desk import git
from server import HONK, KEY, Server, serving

from honk.testing.scripted_model import ScriptedModel
from honk.testing.scripts import judge

pytestmark = [pytest.mark.slow, pytest.mark.anyio]
MENDS = "command:sed -i s/a.-.b/a+b/ /workspace/calc.py"
WAITS = "command:sleep 300"


async def told(server: Server, *words: str, cwd: Path, **more: str) -> tuple[int, str, str]:
    """A command's exit code and what it said."""
    made = await asyncio.create_subprocess_exec(
        HONK, *words, env=server.environment() | more, cwd=cwd, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )  # fmt: skip
    out, err = await asyncio.wait_for(made.communicate(), 300)
    assert made.returncode is not None
    return made.returncode, out.decode(), err.decode()


def elsewhere(server: Server, tmp_path: Path) -> dict[str, str]:
    """The environment of somebody on another machine."""
    token = (server.home / "serve.token").read_text().strip()
    return {"HONK_HOME": str(tmp_path / "nothing-here"), "HONK_SERVER": server.url, "HONK_TOKEN": token}


async def test_a_command_beside_a_server_is_its_client(home: Path, calc: Path, tmp_path: Path) -> None:
    async with serving(home, {}, calc, HONK_AGENT=MENDS) as server:
        assert (home / "serve.token").stat().st_mode & 0o777 == 0o600
        code, out, err = await told(server, "run", "Make add() add", cwd=calc)
        assert "opened" in out, err
        assert code == 0
        task_id = out.split("Task ")[-1].split(":")[0]
        for words in (("list",), ("show", task_id, "--diff"), ("follow", task_id, "--json")):
            here = await told(server, "task", *words, cwd=calc)
            far = await told(server, "task", *words, cwd=tmp_path, **elsewhere(server, tmp_path))
            assert here == far
            assert (here[0], here[2]) == (0, "")
        assert json.loads(here[1].splitlines()[-1])["task_id"] == task_id
        assert not (tmp_path / "nothing-here").exists()
        assert git(calc, "log", "-1", "--format=%an", git(calc, "branch", "--list", "honk/*").strip()) == "Ada"
        for words, wrong in ((("task", "show", "nope"), "No task is called"), (("run", "x", "--repo", "nope"), "calc")):
            code, _, err = await told(server, *words, cwd=tmp_path, **elsewhere(server, tmp_path))
            assert (code, wrong in err) == (2, True), err
    assert not (home / "serve.token").exists()
    assert (await told(server, "task", "list", cwd=calc))[1].startswith(task_id)


@pytest.mark.acceptance
async def test_a_task_is_steered_from_the_command_line(home: Path, calc: Path) -> None:
    async with serving(home, {}, calc, HONK_AGENT=WAITS) as server:
        made = await asyncio.create_subprocess_exec(
            HONK, "run", "Wait for me", env=server.environment(), cwd=calc, stdout=subprocess.PIPE
        )
        assert made.stdout is not None
        while b"attempt 1" not in (line := await asyncio.wait_for(made.stdout.readline(), 300)):
            assert line
        task_id = (await told(server, "task", "list", cwd=calc))[1].split()[0]
        code, out, _ = await told(server, "task", "say", task_id, "And be quick", cwd=calc)
        assert (code, out) == (0, f"Said to task {task_id}.\n")
        made.send_signal(signal.SIGTERM)
        out, _ = await asyncio.wait_for(made.communicate(), 60)
        assert made.returncode == 143
        assert f"honk task follow {task_id}" in out.decode()
        code, out, _ = await told(server, "task", "stop", task_id, cwd=calc)
        assert (code, "cancelled. Stopped by a person." in out) == (0, True), out
        code, _, _ = await told(server, "task", "follow", task_id, cwd=calc)
        assert code == 130
        code, _, err = await told(server, "task", "resume", task_id, cwd=calc)
        assert (code, "goes on with every task by itself" in err) == (2, True), err


@pytest.mark.acceptance
async def test_a_server_that_is_gone_is_not_waited_for(home: Path, calc: Path) -> None:
    async with serving(home, {}, calc, HONK_AGENT=MENDS) as server:
        assert await server.stop(signal.SIGKILL) != 0
        assert (home / "serve.token").exists()
        code, _, err = await told(server, "task", "list", cwd=calc)
        assert code == 0, err


@pytest.mark.acceptance
async def test_a_person_takes_the_work_along_and_gives_it_back(home: Path, calc: Path, tmp_path: Path) -> None:
    async with serving(home, {}, calc, HONK_AGENT=MENDS) as server:
        out = (await told(server, "run", "Make add() add", cwd=calc))[1]
        task_id = out.split("Task ")[-1].split(":")[0]
        mine = tmp_path / "mine"
        git(tmp_path, "clone", "-q", "--branch", "main", "--single-branch", str(calc), str(mine))
        far = elsewhere(server, tmp_path)
        code, out, err = await told(server, "task", "take", task_id, cwd=mine, **far)
        assert code == 0, err
        branch = git(mine, "for-each-ref", "--format=%(refname:short)", "refs/heads/honk/")
        assert f"git switch {branch}" in out
        beside = mine / ".git" / "honk" / task_id
        assert "Make add() add" in (beside / "brief.md").read_text()
        assert "opened" in (beside / "transcript.txt").read_text()
        assert git(mine, "status", "--porcelain") == ""
        code, _, err = await told(server, "task", "give", task_id, cwd=mine, **far)
        assert (code, "no commit of yours" in err) == (2, True), err
        git(mine, "switch", "-q", branch)
        (mine / "calc.py").write_text(
            (mine / "calc.py").read_text() + "\n\ndef triple(a: int) -> int:\n    return a * 3\n"
        )
        git(mine, "commit", "-qam", "Add triple() too")
        code, out, err = await told(server, "task", "give", task_id, cwd=mine, **far)
        assert (code, "has a new commit" in out) == (0, True), (out, err)
        number = out.split("Pull request ")[1].split()[0]
        shown = (await told(server, "pr", "diff", number, cwd=calc))[1]
        assert "+    return a+b" in shown
        assert "+    return a * 3" in shown
        assert "Add triple() too" in (await told(server, "task", "list", cwd=calc))[1]


@pytest.mark.acceptance
async def test_without_a_server_the_same_words_do_it_here(tmp_path: Path, calc: Path) -> None:
    async with ScriptedModel({"judge": judge()}, key=KEY) as model:
        here = Server(home=tmp_path / "home", model=model, settings={"HONK_AGENT": MENDS})
        out = (await told(here, "run", "Make add() add", cwd=calc))[1]
        task_id = out.split("Task ")[-1].split(":")[0]
        code, out, err = await told(here, "task", "follow", task_id, cwd=calc)
        assert (code, "ended: opened" in out) == (0, True), (out, err)
        code, out, err = await told(here, "task", "stop", task_id, cwd=calc)
        assert (code, f"Task {task_id}: opened" in out) == (0, True), (out, err)
        code, _, err = await told(here, "task", "retry", task_id, cwd=calc)
        assert (code, "nothing to try again" in err or "has not ended" in err) == (2, True), err
        code, out, err = await told(here, "task", "say", task_id, "And say so in the README", cwd=calc)
        assert (code, "The task had ended; task" in out, "Task " in out) == (3, True, True), (out, err)
        code, out, err = await told(here, "mcp", cwd=calc)
        assert (code, out) == (0, ""), err
