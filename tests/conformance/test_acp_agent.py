"""Programs of the Agent Client Protocol: a small one of ours, and hostile ones, all in the real sandbox."""

import asyncio
import os
import signal
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
from agent_room import HANG, agent_room

import honk.testing.acp
from honk.agent import AGENT_CONFIG, AgentMissing, Ended, Said, ToolAnswer, ToolCalled, ToolReturned
from honk.agent.acp import AcpAgent
from honk.base.ids import new_uuid
from honk.domain.decide import Conclusion
from honk.domain.limits import LimitName
from honk.domain.task import OutcomeName
from honk.sandbox import Mount
from honk.testing.agent_rules import AGENT_RULES, HANGING, Bench, Wish, all_of, answering, end_of, running

pytestmark = [pytest.mark.anyio, pytest.mark.slow]
PROGRAMS = Path(honk.testing.acp.__file__).parent
COMMANDS = {
    Wish.EDIT: "echo hello > made.txt",
    Wish.ENVIRONMENT: "(env; cat /proc/*/environ | tr '\\0' '\\n') > seen.txt 2>/dev/null || true",
    Wish.HANG: HANG,
    Wish.SILENCE: HANG,
    Wish.FLOOD: "head -c 300000 /dev/zero | tr '\\0' x",
    Wish.VERIFY: "tool verify {}",
}
RED = ToolAnswer(text="1 failed: tests/test_a.py:3 test_a", is_error=True)


@asynccontextmanager
async def bench_of(agent: AcpAgent, where: Path) -> AsyncIterator[Bench]:
    async with agent_room(agent, where) as (sandbox, config):
        yield Bench(agent=agent, sandbox=sandbox, config_dir=config, prompts=COMMANDS)


def player(options: str = "") -> AcpAgent:
    return AcpAgent(f"python3 {PROGRAMS / 'player.py'} {options}", folders=(PROGRAMS,))


@pytest.mark.parametrize("rule", AGENT_RULES, ids=lambda rule: rule.__name__)
async def test_a_program_of_the_protocol_keeps(rule: Callable[[Bench], Awaitable[None]], tmp_path: Path) -> None:
    async with bench_of(player(), tmp_path) as bench:
        await rule(bench)


async def test_what_it_does_is_told_once_and_leave_is_given(tmp_path: Path) -> None:
    async with bench_of(player(), tmp_path) as bench:
        events = await all_of(await bench.agent.start(bench.job("echo one; exit 3")))
    [call] = [event for event in events if isinstance(event, ToolCalled)]
    assert (call.tool, call.summary, call.is_denied) == ("execute", "echo one; exit 3", False)
    assert events == [
        call,
        ToolReturned(call_id=call.call_id, is_error=True, excerpt="one"),
        Said(text="one"),
        Ended(turns=0),
    ]


async def test_it_concludes_through_our_tool(tmp_path: Path) -> None:
    async with bench_of(player(), tmp_path) as bench:
        line = 'tool conclude {"outcome": "no_change", "reason": "All is well."}'
        events = await all_of(await bench.agent.start(bench.job(line, verify=answering(RED))))
    conclusion = Conclusion(outcome=OutcomeName.NO_CHANGE, reason="All is well.")
    assert end_of(events) == Ended(turns=0, conclusion=conclusion)


@pytest.mark.parametrize("options", ["", "--toolless"])
async def test_it_is_sent_back_while_red_but_not_for_ever(options: str, tmp_path: Path) -> None:
    async with bench_of(player(options), tmp_path) as bench:
        job = bench.job("echo x", verify=answering(RED), stop_blocks=2)
        events = await all_of(await bench.agent.start(job))
    assert end_of(events) == Ended(turns=0)
    calls = [event.summary for event in events if isinstance(event, ToolCalled)]
    end = "Mend it." if options else "Mend it, or call `conclude` if a person must decide."
    assert calls == ["echo x", end, end]


async def test_what_a_person_says_is_said_when_the_turn_ends(tmp_path: Path) -> None:
    async with bench_of(player(), tmp_path) as bench:
        session = await bench.agent.start(bench.job("echo one"))
        assert await session.message("echo two")
        events = await all_of(session)
    assert [event.summary for event in events if isinstance(event, ToolCalled)] == ["echo one", "echo two"]


@pytest.mark.parametrize("options", ["", "--forgets"])
async def test_a_killed_one_goes_on_in_its_session_or_is_told_that_it_is_new(options: str, tmp_path: Path) -> None:
    session_id = new_uuid()
    async with bench_of(player(options), tmp_path) as bench:
        session = await bench.agent.start(bench.job(HANG, session_id=session_id))
        async for event in session.events():
            if isinstance(event, ToolCalled):
                for pid in running("player.py"):
                    with suppress(ProcessLookupError):  # it went with the one before
                        os.kill(pid, signal.SIGKILL)
        assert isinstance(event, Ended)
        assert event.can_retry
        assert "killed by signal 9 in the midst of its work" in (event.fault or "")
        assert running(HANGING) == []
        again = bench.job("true", session_id=session_id, is_resumed=True)
        events = await all_of(await bench.agent.start(again))
        assert end_of(events).fault is None
        lines = (
            await bench.sandbox.run(["sh", "-c", f"cat $(ls -tr {AGENT_CONFIG}/player/*)"], timeout_seconds=10)
        ).text
    [heard] = [event.summary for event in events if isinstance(event, ToolCalled)]
    if options:
        assert heard.endswith("then go on with it and finish it.")
    else:
        assert heard.endswith("ask it again.")
    assert lines.splitlines() == [HANG, heard], "what was replayed is not said again"


async def test_a_cancelled_one_is_asked_first_and_need_not_listen(tmp_path: Path) -> None:
    deaf = (
        "import sys, json\n"
        "for line in sys.stdin:\n"
        " m = json.loads(line)\n"
        " if m['method'] == 'session/cancel': open('heard.txt', 'w').write('yes')\n"
        " r = {'initialize': {'protocolVersion': 1}, 'session/new': {'sessionId': 's'}}.get(m['method'])\n"
        " if r: print(json.dumps({'jsonrpc': '2.0', 'id': m['id'], 'result': r}), flush=True)\n"
        " if m['method'] == 'session/prompt': print(json.dumps({'jsonrpc': '2.0', 'method': 'session/update', 'params':"
        " {'sessionId': 's', 'update': {'sessionUpdate': 'tool_call', 'toolCallId': 't', 'title': 'x',"
        " 'status': 'in_progress'}}}), flush=True)\n"
    )
    (tmp_path / "base").mkdir()
    (tmp_path / "base" / "deaf.py").write_text(deaf)
    async with bench_of(AcpAgent("python3 deaf.py"), tmp_path) as bench:
        session = await bench.agent.start(bench.job("x"))
        await anext(session.events())
        began = time.monotonic()
        await session.cancel()
        assert time.monotonic() - began < 2
        assert await bench.read("heard.txt") == "yes"
        assert end_of(await all_of(session)).fault == "The agent was stopped."


HELLO = "hear(); say(id=0, result={'protocolVersion': 1, 'agentCapabilities': {}})\n"
OPEN = HELLO + "hear(); say(id=1, result={'sessionId': 's'})\nhear()\n"
HOSTILE: dict[str, tuple[str, Callable[[Ended], bool]]] = {
    "another version": (
        "hear(); say(id=0, result={'protocolVersion': 7})",
        lambda end: "speaks version 7" in (end.fault or "") and not end.can_retry,
    ),
    "no version": ("hear(); say(id=0, result={})", lambda end: "broke the protocol" in (end.fault or "")),
    "a login": (
        HELLO + "hear(); say(id=1, error={'code': -32000, 'message': 'Authentication required'})",
        lambda end: "asks for a login" in (end.fault or "") and "acp.env" in (end.fault or ""),
    ),
    "half a line": (OPEN + "print('{\"jsonrpc\": ')", lambda end: "not JSON" in (end.fault or "")),
    "an answer that is none": (OPEN + "say(id=2)", lambda end: "neither a call nor an answer" in (end.fault or "")),
    "an error that is none": (OPEN + "say(id=2, error=[])", lambda end: "neither a call" in (end.fault or "")),
    "an id that is none": (OPEN + "say(id=[[]], result=1)", lambda end: "neither a call" in (end.fault or "")),
    "a bottomless answer": (OPEN + "print('{\"id\":' + '[' * 100000)", lambda end: "not JSON" in (end.fault or "")),
    "no reason to stop": (
        OPEN + "say(id=2, result={'stopReason': 'bored'})",
        lambda end: "stopReason" in (end.fault or ""),
    ),
    "a refusal": (OPEN + "say(id=2, result={'stopReason': 'refusal'})", lambda end: "refused" in (end.fault or "")),
    "an end before its work": (
        "sys.exit('no such option: --acp')",
        lambda end: (
            "exit code 1 before it began" in (end.fault or "")
            and "no such option" in (end.fault or "")
            and not end.can_retry
        ),
    ),
    "an end in its work": (
        OPEN + "sys.exit(3)",
        lambda end: "exit code 3 in the midst" in (end.fault or "") and end.can_retry,
    ),
    "a clean end in its work": (OPEN + "sys.exit(0)", lambda end: "exit code 0 in the midst" in (end.fault or "")),
    "a closed mouth": (
        OPEN + "import os, time; os.close(1); time.sleep(3600)",
        lambda end: end.limit is LimitName.IDLE,
    ),
    "an error": (
        OPEN + "say(id=2, error={'code': -32603, 'message': 'the disk is on fire'})",
        lambda end: "disk is on fire" in (end.fault or ""),
    ),
    "a limit that it quotes": (
        OPEN + "say(id=2, error={'code': 1, 'message': 'The turns limit of this run (2) is reached.'})",
        lambda end: end.limit is LimitName.TURNS and end.fault is None,
    ),
    "a flood of questions": (
        OPEN + "while True: say(id=9, method='fs/read_text_file', params={'sessionId': 's', 'path': '/etc/passwd'})",
        lambda end: end.limit in (LimitName.IDLE, LimitName.OUTPUT),
    ),
    "a flood without lines": (
        OPEN + "while True: print('x' * 65536, end='')",
        lambda end: end.limit is LimitName.OUTPUT,
    ),
}
SILENT = ("a closed mouth", "a flood of questions")
ASKS = """
say(id=5, method='fs/read_text_file', params={'sessionId': 's', 'path': '/etc/hostname'})
say(id=6, method='terminal/create', params={'sessionId': 's', 'command': 'id'})
say(id=7, method='fs/write_text_file', params={'sessionId': 's', 'path': '/tmp/x', 'content': ''})
codes = [hear()['error']['code'] for _ in range(3)]
say(method='session/update', params={'sessionId': 's', 'update': {'sessionUpdate': 'of tomorrow'}})
say(method='_of/ours', params={})
print('a banner')
call = {'toolCallId': 't', 'title': 'rm'}
no = {'optionId': 'n', 'name': 'No', 'kind': 'reject_once'}
say(id=8, method='session/request_permission', params={'sessionId': 's', 'toolCall': call, 'options': [no]})
words = {'type': 'text', 'text': json.dumps([*codes, hear()['result']])}
update = {'sessionUpdate': 'agent_message_chunk', 'content': words}
say(method='session/update', params={'sessionId': 's', 'update': update})
say(id=2, result={'stopReason': 'end_turn'})
hear()
"""
"""Everything that a program may ask of us and must not get."""
PREFACE = (
    "import json, sys\n"
    "def hear(): return json.loads(sys.stdin.readline())\n"
    "def say(**m): print(json.dumps({'jsonrpc': '2.0', **m}), flush=True)\n"
)


SLOW = f"import time; time.sleep(2)\n{OPEN}say(id=2, result={{'stopReason': 'end_turn'}})\n"


async def hostile(script: str, where: Path, *, start_seconds: float = 60.0, **changes: Any) -> tuple[Ended, list[Any]]:
    """How it ends, and what was told."""
    (where / "base").mkdir(exist_ok=True)
    (where / "base" / "bad.py").write_text(PREFACE + script)
    async with bench_of(AcpAgent("python3 bad.py", start_seconds=start_seconds), where) as bench:
        async with asyncio.timeout(30):
            events = await all_of(await bench.agent.start(bench.job("x", **changes)))
    return end_of(events), events


@pytest.mark.parametrize("name", HOSTILE)
async def test_a_program_that_answers_with(name: str, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    script, is_right = HOSTILE[name]
    ended, _ = await hostile(script, tmp_path, idle_seconds=1 if name in SILENT else 10, output_bytes=4 << 20)
    assert is_right(ended), ended
    assert caplog.records == [], "a bad program does not write into our log"


@pytest.mark.parametrize("script", ["hear(); hear()", HELLO + "hear(); hear()"])
async def test_a_program_that_opens_no_session_is_ended_with_a_hint(script: str, tmp_path: Path) -> None:
    ended, _ = await hostile(script, tmp_path, start_seconds=1.0)
    assert "opened no session within 1 s" in (ended.fault or "")
    assert "acp or --acp" in (ended.fault or "")


async def test_a_program_that_starts_slowly_is_not_called_silent(tmp_path: Path) -> None:
    ended, _ = await hostile(SLOW, tmp_path, idle_seconds=1.2)
    assert ended == Ended(turns=0)


async def test_files_and_commands_of_the_host_are_not_offered_nor_given(tmp_path: Path) -> None:
    ended, events = await hostile(OPEN + ASKS, tmp_path)
    assert ended == Ended(turns=0)
    assert events[0] == ToolCalled(tool="rm", call_id="t", summary="rm", is_denied=True)
    assert events[1] == Said(text='[-32601, -32601, -32601, {"outcome": {"outcome": "cancelled"}}]')


async def test_a_program_that_is_not_there_or_may_not_be_run_is_named(tmp_path: Path) -> None:
    script = tmp_path / "tool"
    script.write_text("#!/bin/sh\n")
    for line in ("no-such-program acp", str(tmp_path / "gone"), str(script)):
        with pytest.raises(AgentMissing, match="not installed here, or may not be run"):
            AcpAgent(line).mounts()
    script.chmod(0o755)
    with pytest.raises(AgentMissing, match=r"is a script.*acp\.folders"):
        AcpAgent(str(script)).mounts()
    assert AcpAgent(str(script), folders=(tmp_path,)).mounts() == (Mount(source=tmp_path, target=str(tmp_path)),)
    (tmp_path / "base").mkdir()
    (tmp_path / "base" / "plain.py").write_text("x")
    for line in ("./plain.py", "./gone.py"):
        async with bench_of(AcpAgent(line), tmp_path) as bench:
            ended = end_of(await all_of(await bench.agent.start(bench.job("x"))))
        assert "could not be started" in (ended.fault or "")
        assert not ended.can_retry


async def test_a_verify_that_breaks_ends_the_session_with_its_own_words(tmp_path: Path) -> None:
    async def broken() -> ToolAnswer:
        raise RuntimeError("the checks' sandbox could not be made")

    async with bench_of(player(), tmp_path) as bench:
        for line in ("tool verify {}", "true"):
            events = await all_of(await bench.agent.start(bench.job(line, verify=broken)))
            assert "could not be made" in (end_of(events).fault or "")


async def test_a_lost_sandbox_may_be_tried_again(tmp_path: Path) -> None:
    async with bench_of(player(), tmp_path) as bench:
        session = await bench.begin(Wish.HANG)
        async for event in session.events():
            if isinstance(event, ToolCalled):
                for pid in running(str(bench.sandbox.spec.state)):
                    os.kill(pid, signal.SIGKILL)
    assert isinstance(event, Ended)
    assert event.can_retry
    assert event.fault


async def test_the_tools_are_for_who_has_the_token(tmp_path: Path) -> None:
    async with bench_of(player(), tmp_path) as bench:
        line = "curl -s -o /dev/null -w '%{http_code}' -d '{}' http://127.0.0.1:8083/mcp"
        events = await all_of(await bench.agent.start(bench.job(line)))
    assert Said(text="401") in events
