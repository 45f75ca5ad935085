"""The same task through each door gives the same record and the same change: command line, API, console, MCP."""

import asyncio
import json
import re
from pathlib import Path
from typing import Any

import pytest
from desk import OLD, RIGHT
from server import HONK, KEY, Server, serving

from honk.agent.claude_program import installed
from honk.base import subprocess
from honk.testing import scripts
from honk.testing.replies import Ask, Reply, say, use

pytestmark = [pytest.mark.slow, pytest.mark.claude, pytest.mark.anyio]
WORDS = "Make add() add"
TOOLS = ("repositories", "start", "say", "status", "diff")


def in_an_editor(ask: Ask) -> Reply:
    """The model of the person's own agent: it starts a task, waits for its end, reads the change."""
    told = json.dumps(ask.request["messages"])
    if (found := re.search(r"Task (\w+) is accepted", told)) is None:
        return use("mcp__desk__start", repository="calc", request=WORDS)
    if f"Task {found[1]}: opened" not in told:
        return use("mcp__desk__status", task_id=found[1], wait_seconds=20)
    if "diff --git" not in told:
        return use("mcp__desk__diff", task_id=found[1])
    return say(f"Done: {found[1]}")


async def by_command_line(server: Server, calc: Path) -> str:
    out = await server.honk("run", WORDS, "--json", cwd=calc)
    return str(json.loads(out.splitlines()[-1])["task_id"])


async def by_api(server: Server, calc: Path) -> str:
    return await server.ask(WORDS)


async def by_console(server: Server, calc: Path) -> str:
    (repository,) = await server.json("GET", "/api/repositories")
    return await server.ask_in_console(repository_id=repository["repository_id"], prompt=WORDS)


async def by_mcp(server: Server, calc: Path) -> str:
    """By the real Claude Code, which has our program beside it."""
    ours = {"type": "stdio", "command": HONK, "args": ["mcp"], "env": server.environment()}
    home = calc.parent / "person"
    home.mkdir()
    done = await subprocess.run(
        [
            str(installed()), "--print", "--strict-mcp-config", "--setting-sources=", "--permission-mode=dontAsk",
            f"--mcp-config={json.dumps({'mcpServers': {'desk': ours}})}", "--tools=", "--model=sonnet",
            f"--allowedTools={','.join(f'mcp__desk__{one}' for one in TOOLS)}", "[[script:editor]] Have add() mended.",
        ],
        cwd=home,
        env={
            "PATH": "/usr/bin:/bin", "HOME": str(home), "CLAUDE_CONFIG_DIR": str(home / ".claude"),
            "ANTHROPIC_BASE_URL": server.model.url, "ANTHROPIC_API_KEY": KEY, "DISABLE_TELEMETRY": "1",
            "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1", "DISABLE_AUTOUPDATER": "1",
        },
        timeout_seconds=240,
    )  # fmt: skip
    out = done.stdout.decode()
    assert (done.exit_code, out.startswith("Done: ")) == (0, True), (out, done.stderr)
    return out.removeprefix("Done: ").strip()


async def record(server: Server, task_id: str) -> tuple[dict[str, Any], bytes]:
    """The task without what is its own alone, and its change."""
    await server.follow(task_id)
    task = await server.json("GET", f"/api/tasks/{task_id}")
    result = await server.json("GET", f"/api/tasks/{task_id}/result")
    assert server.browser is not None
    async with server.browser.get(f"/api/tasks/{task_id}/diff") as answer:
        assert answer.content_type == "text/x-diff"
        diff = await answer.read()
    for own in ("task_id", "created_at", "asker", "reason"):
        del task[own]
    reports = [(one["verifier"], one["result"], one["chosen_by"]) for one in result["reports"]]
    return {**task, "reports": reports, "verification": result["verification"], "turns": result["turns"]}, diff


async def test_the_same_task_through_each_door_is_the_same(home: Path, calc: Path) -> None:
    fix = scripts.straight("/workspace/calc.py", old=OLD, new=RIGHT)
    async with serving(home, {"default": fix, "editor": in_an_editor}, calc) as server:
        asking = [by_command_line, by_api, by_console, by_mcp]
        async with asyncio.TaskGroup() as group:
            asked = [group.create_task(door(server, calc)) for door in asking]
        records = [await record(server, one.result()) for one in asked]
        first, diff = records[0]
        assert first["outcome"] == "opened"
        assert first["prompt"] == WORDS
        assert b"+    return a + b" in diff
        for door, found in zip(asking, records, strict=True):
            assert found == (first, diff), door.__name__
