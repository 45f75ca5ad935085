"""OpenCode, as its makers publish it, in the place of Claude Code: the same rules, and the whole way of a request."""

import asyncio
import json
import os
import subprocess
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from agent_room import HANG, agent_room
from desk import CALC, OLD, RIGHT, make_repository, open_desk

from honk.agent import Ended, ToolCalled, ToolReturned
from honk.agent.acp import AcpAgent
from honk.base.ids import new_uuid
from honk.domain.evidence import Verification
from honk.domain.limits import LimitName
from honk.domain.task import OutcomeName
from honk.gateway import MODEL_PORT, Grant, Upstream
from honk.gateway.anthropic import AnthropicGateway
from honk.testing import scripts
from honk.testing.agent_rules import AGENT_RULES, HANGING, Bench, Wish, all_of, end_of, running
from honk.testing.ledger import FakeLedger
from honk.testing.replies import Reply, Script, say, use
from honk.testing.scripted_model import ScriptedModel

pytestmark = [pytest.mark.anyio, pytest.mark.acceptance, pytest.mark.slow]
OPENCODE = "opencode-ai@1.18.33"
KEY = "sk-ant-the-real-key-of-somebody"
LOOK = "(env; cat /proc/*/environ | tr '\\0' '\\n') > seen.txt 2>/dev/null || true"


def bash(*commands: str) -> list[Reply]:
    return [*(use("bash", command=command, description="scripted") for command in commands), say("Done.")]


SCRIPTS: dict[str, Script] = {
    "EDIT": bash("echo hello > made.txt"),
    "ENVIRONMENT": bash(LOOK),
    "HANG": bash(HANG),
    "SILENCE": scripts.hang(),
    "FLOOD": bash(*["head -c 300000 /dev/zero | tr '\\0' x"] * 4),
    "VERIFY": [use("honk_verify"), say("Green.")],
    "loop": scripts.loop("bash", command="true", description="scripted"),
    "two": bash("echo one >> made.txt", "echo two >> made.txt"),
}


@pytest.fixture(scope="module")
def opencode() -> str:
    """The agent's words. What npm installed once is kept, outside of the repository."""
    shelf = Path(os.environ.get("HONK_ACCEPTANCE_SHELF") or Path.home() / "acceptance") / "opencode"
    program = shelf / "node_modules" / "opencode-ai" / "bin" / "opencode.exe"
    if not program.exists():
        shelf.mkdir(parents=True, exist_ok=True)
        (shelf / "package.json").write_text(json.dumps({"private": True}))
        argv = ("npm", "install", "--no-audit", "--no-fund", "--silent", OPENCODE)
        done = subprocess.run(argv, cwd=shelf, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr[-2000:]
    return f"acp:{program} acp"


@asynccontextmanager
async def bench_of(words: str, where: Path, *, key: str = KEY, **grant: float) -> AsyncIterator[Bench]:
    """OpenCode in a sandbox, with a scripted model behind the real gateway."""
    agent = AcpAgent(words.removeprefix("acp:"))
    prompts = {wish: f"[[script:{wish.name}]] Please." for wish in Wish}
    async with ScriptedModel(SCRIPTS, key=KEY) as model, agent_room(agent, where) as (sandbox, config):
        gateway = AnthropicGateway(Upstream(base_url=model.url, headers={"x-api-key": key}), FakeLedger())
        bench = Bench(agent=agent, sandbox=sandbox, config_dir=config, prompts=prompts, secrets=(KEY,))
        allowed = Grant(run_id="r", purpose="agent", token=bench.token, **{"budget_usd": 100.0, **grant})  # type: ignore[arg-type]
        try:
            async with gateway.serve_model(sandbox.listeners[MODEL_PORT], allowed):
                yield bench
        finally:
            await gateway.close()


@pytest.mark.wide  # tests/conformance has the same rules with a small program of the protocol
@pytest.mark.parametrize("rule", AGENT_RULES, ids=lambda rule: rule.__name__)
async def test_opencode_keeps(rule: Callable[[Bench], Awaitable[None]], opencode: str, tmp_path: Path) -> None:
    async with bench_of(opencode, tmp_path) as bench:
        await rule(bench)


async def test_opencode_s_tools_are_ours_too_and_its_session_goes_on(opencode: str, tmp_path: Path) -> None:
    session_id = new_uuid()
    async with bench_of(opencode, tmp_path) as bench:
        events = await all_of(await bench.begin(Wish.VERIFY))
        assert [event.tool for event in events if isinstance(event, ToolCalled)] == ["honk_verify"]
        assert [event.excerpt for event in events if isinstance(event, ToolReturned)] == ["all green"]
        session = await bench.agent.start(bench.job("[[script:two]] Work.", session_id=session_id))
        async for event in session.events():
            if isinstance(event, ToolReturned):
                await session.cancel()
        again = bench.job("never said", session_id=session_id, is_resumed=True)
        events = await all_of(await bench.agent.start(again))
        assert end_of(events) == Ended(turns=0)
        assert (await bench.read("made.txt")).splitlines()[0] == "one"


@pytest.mark.wide
async def test_opencode_is_ended_by_name_when_money_turns_or_key_give_out(opencode: str, tmp_path: Path) -> None:
    async with bench_of(opencode, tmp_path, turns=2) as bench:
        ended = end_of(await all_of(await bench.agent.start(bench.job("[[script:loop]]"))))
    assert ended == Ended(turns=0, limit=LimitName.TURNS)
    async with bench_of(opencode, tmp_path, budget_usd=0.0001) as bench:
        ended = end_of(await all_of(await bench.agent.start(bench.job("[[script:loop]]"))))
    assert ended == Ended(turns=0, limit=LimitName.MONEY)
    async with bench_of(opencode, tmp_path, key="wrong") as bench:
        ended = end_of(await all_of(await bench.agent.start(bench.job("[[script:loop]]"))))
    assert "refused Honk's key" in (ended.fault or "")
    assert running(HANGING) == []


async def test_opencode_starts_no_server_that_the_repository_names(opencode: str, tmp_path: Path) -> None:
    evil = {"type": "local", "command": ["touch", "/workspace/hooked-server"]}
    planted = {
        "opencode.json": json.dumps({"model": "evil/evil", "mcp": {"evil": evil}}),
        ".opencode/opencode.json": json.dumps({"model": "evil/evil", "mcp": {"evil": evil}}),
    }
    for name, text in planted.items():
        path = tmp_path / "base" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    async with bench_of(opencode, tmp_path) as bench:
        events = await all_of(await bench.agent.start(bench.job(bench.prompts[Wish.ENVIRONMENT], guidance="Advice.")))
        listing = (await bench.sandbox.run(["ls", "/workspace"], timeout_seconds=10)).text
    assert end_of(events) == Ended(turns=0)
    assert "hooked" not in listing


async def test_row_4_a_request_becomes_the_same_verified_pull_request_by_one_word(
    opencode: str, tmp_path: Path
) -> None:
    calc = await asyncio.to_thread(make_repository, tmp_path / "calc", CALC)
    file = "/workspace/calc.py"
    by_claude = scripts.straight(file, old=OLD, new=RIGHT)
    by_opencode = [
        use("read", filePath=file),
        use("edit", filePath=file, oldString=OLD, newString=RIGHT),
        use("edit", filePath=file, oldString="return a * 2", newString="return a * 3"),
        say("Done, but for what it broke."),
        use("edit", filePath=file, oldString="return a * 3", newString="return a * 2"),
        use("honk_verify"),
        say("Mended."),
    ]
    command = f"command:sh -c \"cat >/dev/null; sed -i 's/{OLD}/{RIGHT}/' calc.py\""
    by_agent = {"claude": by_claude, opencode: by_opencode, command: []}
    diffs = []
    for agent, script in by_agent.items():
        async with open_desk(tmp_path / "home", {"default": script}) as desk:
            told = await desk.run(calc, agent=agent, wall_seconds=300, idle_seconds=120)
            result = told.result
            assert (result.outcome, result.verification) == (OutcomeName.OPENED, Verification.PASSED), result.reason
            assert result.diff_blob is not None
            diffs.append(await desk.app.diff(result.diff_blob))
            if agent == opencode:
                assert result.attempts == 1, "it was sent back in its own session"
                assert len([body for body in told.of("said") if "Done" in str(body) or "Mended" in str(body)]) == 2
                assert any("execute" in str(body) or "edit" in str(body) for body in told.of("tool"))
                assert any(body["excerpt"] for body in told.of("tool_result"))
    assert diffs == diffs[:1] * 3, b"\n".join(diffs).decode()
    assert b"+    return a + b" in diffs[0]
