"""Every agent keeps the rules: Claude Code with a scripted model, a plain command, the fake; in the real sandbox."""

import os
import signal
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from agent_room import HANG, agent_room

from honk.agent import AGENT_CONFIG, Ended, Retrying, Said, ToolAnswer, ToolCalled, ToolReturned
from honk.agent.claude import ClaudeAgent
from honk.agent.command import CommandAgent
from honk.base.ids import new_uuid
from honk.domain.decide import Conclusion
from honk.domain.limits import LimitName
from honk.domain.task import OutcomeName
from honk.gateway import MODEL_PORT, Grant, Upstream
from honk.gateway.anthropic import AnthropicGateway
from honk.testing import scripts
from honk.testing.agent import FakeAgent, Run, Say, Verify
from honk.testing.agent_rules import AGENT_RULES, HANGING, Bench, Wish, all_of, answering, end_of, running
from honk.testing.ledger import FakeLedger
from honk.testing.replies import Ask, Reply, Script, ToolUse, fail, say, use
from honk.testing.scripted_model import ScriptedModel

pytestmark = [pytest.mark.anyio, pytest.mark.slow]
KEY = "sk-ant-the-real-key-of-somebody"
COMMANDS = {
    Wish.EDIT: "echo hello > made.txt",
    Wish.ENVIRONMENT: "(env; cat /proc/*/environ | tr '\\0' '\\n') > seen.txt 2>/dev/null || true",
    Wish.HANG: f"echo hm; {HANG}",
    Wish.SILENCE: f"echo hm; {HANG}",
    Wish.FLOOD: "head -c 300000 /dev/zero | tr '\\0' x",
    Wish.VERIFY: "true",
}
RED = ToolAnswer(text="1 failed: tests/test_a.py:3 test_a", is_error=True)


class Claude:
    """Claude Code in a sandbox, with a scripted model behind the real gateway."""

    def __init__(self, where: Path) -> None:
        self.where = where
        self.scripts: dict[str, Script] = {
            "EDIT": scripts.shell(COMMANDS[Wish.EDIT]),
            "ENVIRONMENT": scripts.shell(COMMANDS[Wish.ENVIRONMENT]),
            "HANG": scripts.shell(HANG),
            "SILENCE": scripts.hang(),
            "FLOOD": scripts.shell(*[COMMANDS[Wish.FLOOD]] * 4),
            "VERIFY": [use(scripts.VERIFY), say("Green.")],
        }
        self.model = ScriptedModel(self.scripts, key=KEY)

    @asynccontextmanager
    async def bench(self, *, budget_usd: float = 100.0, key: str = KEY) -> AsyncIterator[Bench]:
        agent = ClaudeAgent()
        prompts = {wish: f"[[script:{wish.name}]] Please." for wish in Wish}
        async with self.model, agent_room(agent, self.where) as (sandbox, config):
            bench = Bench(agent=agent, sandbox=sandbox, config_dir=config, prompts=prompts, secrets=(KEY,))
            gateway = AnthropicGateway(Upstream(base_url=self.model.url, headers={"x-api-key": key}), FakeLedger())
            grant = Grant(run_id="r", purpose="agent", token=bench.token, budget_usd=budget_usd)
            try:
                async with gateway.serve_model(sandbox.listeners[MODEL_PORT], grant):
                    yield bench
            finally:
                await gateway.close()


@asynccontextmanager
async def command_bench(where: Path) -> AsyncIterator[Bench]:
    agent = CommandAgent("""sh -c 'eval "$(tail -n 1)"'""")
    async with agent_room(agent, where) as (sandbox, config):
        yield Bench(agent=agent, sandbox=sandbox, config_dir=config, prompts=COMMANDS)


@asynccontextmanager
async def fake_bench(where: Path, wish: Wish) -> AsyncIterator[Bench]:
    agent = FakeAgent([Say("I begin."), Verify() if wish is Wish.VERIFY else Run(COMMANDS[wish])])
    async with agent_room(agent, where) as (sandbox, config):
        yield Bench(agent=agent, sandbox=sandbox, config_dir=config, prompts=dict.fromkeys(Wish, "play"))


WISHES = (Wish.EDIT, Wish.ENVIRONMENT, Wish.HANG, Wish.SILENCE, Wish.FLOOD, Wish.EDIT, Wish.VERIFY)
rules = pytest.mark.parametrize("rule", AGENT_RULES, ids=lambda rule: rule.__name__)


@pytest.fixture
def claude(tmp_path: Path) -> Claude:
    return Claude(tmp_path)


@pytest.mark.claude
@rules
async def test_claude_keeps(rule: Callable[[Bench], Awaitable[None]], claude: Claude) -> None:
    async with claude.bench() as bench:
        await rule(bench)


@rules
async def test_a_command_keeps(rule: Callable[[Bench], Awaitable[None]], tmp_path: Path) -> None:
    async with command_bench(tmp_path) as bench:
        await rule(bench)


@pytest.mark.parametrize(
    ("rule", "wish"), [*zip(AGENT_RULES, WISHES, strict=True)], ids=[rule.__name__ for rule in AGENT_RULES]
)
async def test_the_fake_keeps(rule: Callable[[Bench], Awaitable[None]], wish: Wish, tmp_path: Path) -> None:
    async with fake_bench(tmp_path, wish) as bench:
        await rule(bench)


async def test_a_command_that_fails_or_is_not_there_is_a_fault(tmp_path: Path) -> None:
    async with command_bench(tmp_path) as bench:
        failed = end_of(await all_of(await bench.agent.start(bench.job("echo why >&2; exit 3"))))
        missing = end_of(await all_of(await CommandAgent("no-such-program {prompt}").start(bench.job("x"))))
    assert failed.fault is not None
    assert "exit code 3" in failed.fault
    assert "why" in failed.fault
    assert missing.fault is not None
    assert "no program no-such-program" in missing.fault
    assert "/usr" in missing.fault


async def test_a_command_may_take_its_prompt_from_a_file_or_an_argument(tmp_path: Path) -> None:
    async with command_bench(tmp_path) as bench:
        for line in ("tail -n 1 {prompt_file}", "printf %s {prompt}"):
            events = await all_of(await CommandAgent(line).start(bench.job("it's $HOME")))
            assert any(isinstance(event, Said) and event.text.endswith("it's $HOME") for event in events), line


@pytest.mark.claude
async def test_a_killed_claude_goes_on_where_it_was(claude: Claude) -> None:
    one, hang, three, done = scripts.shell("echo one >> made.txt", HANG, "echo three >> made.txt")
    killed = False

    def after_one(ask: Ask) -> Reply:
        # Whether the killed program had written its last call down, so that it counts, nobody can say.
        if not killed:
            return hang
        return done if "echo three" in str(ask.request) else three

    claude.scripts["work"] = [one, after_one, after_one, after_one]
    session_id = new_uuid()
    async with claude.bench() as bench:
        session = await bench.agent.start(bench.job("[[script:work]] Work.", session_id=session_id))
        async for event in session.events():
            if isinstance(event, ToolCalled) and HANGING in event.summary:
                for pid in running(f"--session-id={session_id}"):
                    if Path(f"/proc/{pid}/cmdline").read_bytes().startswith(b"/opt/claude/claude"):
                        os.kill(pid, signal.SIGKILL)
                        killed = True
        assert isinstance(event, Ended)
        assert (event.can_retry, event.turns) == (True, 2)
        assert event.fault
        assert running(HANGING) == []

        again = bench.job("[[script:work]] Work.", session_id=session_id, is_resumed=True)
        events = await all_of(await bench.agent.start(again))
        assert end_of(events).fault is None
        assert [event.summary for event in events if isinstance(event, ToolCalled)] == ["echo three >> made.txt"]
        assert await bench.read("made.txt") == "one\nthree\n"

        just_begun = f'{{"type":"queue-operation","operation":"enqueue","sessionId":"{session_id}"}}'
        for damage in ("head -c 30 /dev/urandom", "echo '{}'", "true", f"echo '{just_begun}'"):
            await bench.sandbox.run(
                ["sh", "-c", f"{damage} > {AGENT_CONFIG}/projects/-workspace/{session_id}.jsonl"], timeout_seconds=10
            )
            fresh = bench.job(bench.prompts[Wish.EDIT], session_id=session_id, is_resumed=True)
            assert end_of(await all_of(await bench.agent.start(fresh))) == Ended(turns=2)
            assert await bench.read("made.txt") == "hello\n"


@pytest.mark.claude
async def test_claude_is_sent_back_while_red_but_not_for_ever(claude: Claude) -> None:
    claude.scripts["stubborn"] = [say(f"Done, {number}.") for number in range(20)]
    async with claude.bench() as bench:
        job = bench.job("[[script:stubborn]] Work.", verify=answering(RED), stop_blocks=2)
        events = await all_of(await bench.agent.start(job))
    assert end_of(events) == Ended(turns=3)
    assert "tests/test_a.py:3" in str(claude.model.generations[-1]["messages"])


@pytest.mark.claude
async def test_claude_may_conclude_that_nothing_is_to_be_changed(claude: Claude) -> None:
    claude.scripts["give-up"] = [use(scripts.CONCLUDE, outcome="merged", reason="x"), *scripts.give_up()]
    async with claude.bench() as bench:
        events = await all_of(await bench.agent.start(bench.job("[[script:give-up]]", verify=answering(RED))))
    conclusion = Conclusion(outcome=OutcomeName.NOT_APPLICABLE, reason="There is no such page in this repository.")
    assert end_of(events) == Ended(turns=3, conclusion=conclusion)
    assert [event.is_error for event in events if isinstance(event, ToolReturned)] == [True, False]


@pytest.mark.claude
async def test_claude_is_ended_by_name_when_money_turns_or_key_give_out(claude: Claude) -> None:
    claude.scripts["loop"] = scripts.loop()
    async with claude.bench() as bench:
        assert end_of(await all_of(await bench.agent.start(bench.job("[[script:loop]]", turns=2)))) == Ended(
            turns=2, limit=LimitName.TURNS
        )
    claude.model = ScriptedModel(claude.scripts, key=KEY)
    async with claude.bench(budget_usd=0.0001) as bench:
        events = await all_of(await bench.agent.start(bench.job("[[script:loop]]")))
        assert end_of(events) == Ended(turns=0, limit=LimitName.MONEY)
        assert any(isinstance(event, Said) and "money limit" in event.text for event in events)
    claude.model = ScriptedModel(claude.scripts, key=KEY)
    async with claude.bench(key="wrong") as bench:
        events = await all_of(await bench.agent.start(bench.job("[[script:loop]]")))
        assert "refused the key (401)" in (end_of(events).fault or "")
        assert not any(isinstance(event, Retrying) for event in events)
        assert len(claude.model.requests) == 1


@pytest.mark.claude
async def test_claude_takes_no_orders_from_the_repository_s_settings(claude: Claude) -> None:
    hook = '{"hooks": {"%s": [{"hooks": [{"type": "command", "command": "touch /workspace/hooked-%s"}]}]}}'
    planted: dict[str, str] = {
        ".claude/settings.json": hook % ("SessionStart", "project"),
        ".claude/settings.local.json": hook % ("UserPromptSubmit", "local"),
        ".claude/commands/go.md": "PLANTED-COMMAND",
        ".claude/agents/evil.md": "---\nname: evil\ndescription: PLANTED-AGENT\n---\nx",
        ".claude/skills/evil/SKILL.md": "---\nname: evil\ndescription: PLANTED-SKILL\n---\nx",
        ".mcp.json": '{"mcpServers": {"evil": {"command": "touch", "args": ["/workspace/hooked-mcp"]}}}',
        "CLAUDE.md": "PLANTED-MEMORY @/workspace/CLAUDE.md",
        "a.txt": "PLANTED-FILE",
    }
    for path, text in planted.items():
        file = claude.where / "base" / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    own = claude.where / "config"
    own.mkdir()
    (own / "settings.json").write_text(hook % ("SessionStart", "user"))
    (own / "CLAUDE.md").write_text("PLANTED-OWN-MEMORY")
    async with claude.bench() as bench:
        prompt = f"{bench.prompts[Wish.EDIT]} See @a.txt"
        job = bench.job(prompt, guidance="Advice of the base commit.\n" * 4000)
        assert end_of(await all_of(await bench.agent.start(job))) == Ended(turns=2)
        listing = (await bench.sandbox.run(["ls", "/workspace"], timeout_seconds=10)).text
    sent = str(claude.model.generations)
    assert "hooked" not in listing
    assert "PLANTED" not in sent
    assert "Advice of the base commit." in sent


@pytest.mark.claude
async def test_claude_is_refused_with_a_hint_and_uses_tools_at_once(claude: Claude) -> None:
    claude.scripts["many"] = scripts.in_parallel(
        ToolUse("Bash", {"command": "git push origin HEAD", "description": "x"}),
        ToolUse("Bash", {"command": "echo hello > made.txt", "description": "x"}),
        ToolUse("Glob", {"pattern": "*"}),
        ToolUse("WebFetch", {"url": "http://example.com", "prompt": "x"}),
    )
    async with claude.bench() as bench:
        events = await all_of(await bench.agent.start(bench.job("[[script:many]]")))
        assert await bench.read("made.txt") == "hello\n"
    calls = {event.call_id: event for event in events if isinstance(event, ToolCalled)}
    answers = {calls[event.call_id].tool: event for event in events if isinstance(event, ToolReturned)}
    assert [call.is_denied for call in calls.values()] == [True, False, False, False]
    assert answers["WebFetch"].is_error
    assert any("Honk itself" in event.excerpt for event in events if isinstance(event, ToolReturned))


@pytest.mark.claude
async def test_claude_hears_a_person_while_it_works(claude: Claude) -> None:
    claude.scripts["slow"] = [use("Bash", command="sleep 0.5", description="x"), say("Heard."), say("Heard again.")]
    async with claude.bench() as bench:
        session = await bench.agent.start(bench.job("[[script:slow]] Work."))
        events: list[Any] = []
        async for event in session.events():
            events.append(event)
            if isinstance(event, ToolCalled):
                assert await session.message("Use tabs, please.")
    assert end_of(events).fault is None
    assert "Use tabs, please." in str(claude.model.generations[-1]["messages"])


@pytest.mark.claude
async def test_a_verify_that_breaks_ends_the_session_with_its_own_words(claude: Claude) -> None:
    async def broken() -> ToolAnswer:
        raise RuntimeError("the checks' sandbox could not be made")

    async with claude.bench() as bench:
        events = await all_of(await bench.begin(Wish.VERIFY, verify=broken))
    assert "could not be made" in (end_of(events).fault or "")


@pytest.mark.claude
async def test_a_lost_sandbox_may_be_tried_again(claude: Claude) -> None:
    async with claude.bench() as bench:
        session = await bench.begin(Wish.HANG)
        async for event in session.events():
            if isinstance(event, ToolCalled):
                for pid in running(str(bench.sandbox.spec.state)):
                    os.kill(pid, signal.SIGKILL)
    assert isinstance(event, Ended)
    assert event.can_retry
    assert event.fault


@pytest.mark.claude
async def test_a_service_that_hiccups_is_asked_again(claude: Claude) -> None:
    claude.scripts["hiccup"] = [fail(529, times=1, then=say("Back."), retry_after="0")]
    async with claude.bench() as bench:
        events = await all_of(await bench.agent.start(bench.job("[[script:hiccup]]")))
    assert end_of(events) == Ended(turns=1)
