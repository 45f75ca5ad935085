"""What every agent keeps, whatever program it is."""

import asyncio
import os
import time
from collections.abc import Awaitable, Callable, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Any

from honk.agent import Agent, Ended, Event, Job, Session, ToolAnswer
from honk.base.ids import new_id, new_uuid
from honk.domain.limits import LimitName
from honk.sandbox import Sandbox


class Wish(Enum):
    """What an agent is made to do; how is its bench's to say."""

    EDIT = "write 'hello' into made.txt and end"
    ENVIRONMENT = "write its environment, and its parent's, into seen.txt"
    HANG = "show something, then wait for ever in a program with the word `HANGING` in its arguments"
    SILENCE = "show something, then nothing more, for ever"
    FLOOD = "print 300 KB"
    VERIFY = "call the verify tool, and end"


HANGING = f"honk-agent-rules-{new_id(12)}"
"""Of this process: other tests of the machine hang as well."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bench:
    """One agent in one open sandbox, ready to be wished something of."""

    agent: Agent
    sandbox: Sandbox
    config_dir: Path
    prompts: Mapping[Wish, str]
    secrets: tuple[str, ...] = ()
    """What only our side of the bench knows."""
    model_url: str = "http://127.0.0.1:8081"
    model: str = "claude-sonnet-4-5"
    token: str = "no-secret-of-anybody"  # noqa: S105 - says so

    def job(self, prompt: str, **changes: Any) -> Job:
        """A generous job."""
        fields: dict[str, Any] = {
            "session_id": new_uuid(),
            "is_resumed": False,
            "prompt": prompt,
            "guidance": "",
            "sandbox": self.sandbox,
            "model": self.model,
            "token": self.token,
            "model_url": self.model_url,
            "turns": 20,
            "idle_seconds": 60.0,
            "output_bytes": 16 << 20,
            "config_dir": self.config_dir,
            "verify": answering(ToolAnswer(text="all green", is_error=False)),
        }
        return Job(**fields | changes)

    async def begin(self, wish: Wish, **changes: Any) -> Session:
        """A session that does what is wished."""
        return await self.agent.start(self.job(self.prompts[wish], **changes))

    async def read(self, path: str) -> str:
        """A file of the work tree, read inside."""
        done = await self.sandbox.run(["cat", path], timeout_seconds=20)
        return done.text


OpenBench = Callable[[], AbstractAsyncContextManager[Bench]]


def answering(answer: ToolAnswer) -> Callable[[], Awaitable[ToolAnswer]]:
    """A `verify` that always says the same."""

    async def verify() -> ToolAnswer:
        return answer

    return verify


async def all_of(session: Session) -> list[Event]:
    """Every event to the end."""
    return [event async for event in session.events()]


def end_of(events: list[Event]) -> Ended:
    """The one `Ended`, which is the last."""
    ends = [event for event in events if isinstance(event, Ended)]
    assert ends == events[-1:], "Ended comes once, as the last event"
    return ends[0]


def running(word: str) -> list[int]:
    """The programs of this machine that have the word among their arguments, however deep in a sandbox."""
    found = []
    for directory in Path("/proc").iterdir():
        try:
            words = (directory / "cmdline").read_bytes() if directory.name.isdecimal() else b""
        except OSError:
            continue
        if word.encode() in words and int(directory.name) != os.getpid():
            found.append(int(directory.name))
    return found


async def it_works_and_ends(bench: Bench) -> None:
    ended = end_of(await all_of(await bench.begin(Wish.EDIT)))
    assert (ended.fault, ended.limit, ended.conclusion) == (None, None, None)
    assert await bench.read("made.txt") == "hello\n"


async def nothing_of_ours_is_inherited(bench: Bench) -> None:
    os.environ["HONK_CANARY"] = "sings-in-the-mine"
    try:
        ended = end_of(await all_of(await bench.begin(Wish.ENVIRONMENT)))
    finally:
        del os.environ["HONK_CANARY"]
    seen = await bench.read("seen.txt")
    assert ended.fault is None
    assert "PATH=" in seen
    for secret in ("sings-in-the-mine", *bench.secrets):
        assert secret not in seen


async def a_cancelled_agent_is_gone_within_two_seconds(bench: Bench) -> None:
    session = await bench.begin(Wish.HANG)
    events = session.events()
    await anext(events)
    async with asyncio.timeout(20):
        while not running(HANGING):  # noqa: ASYNC110 - the start of somebody else's program has no event
            await asyncio.sleep(0.01)
    began = time.monotonic()
    await session.cancel()
    assert time.monotonic() - began < 2
    assert running(HANGING) == []
    rest = [event async for event in events]
    assert end_of(rest).fault
    await session.cancel()


async def silence_is_ended_at_the_idle_limit(bench: Bench) -> None:
    ended = end_of(await all_of(await bench.begin(Wish.SILENCE, idle_seconds=1.5)))
    assert ended.limit is LimitName.IDLE
    assert running(HANGING) == []


async def a_flood_is_ended_at_the_output_limit(bench: Bench) -> None:
    ended = end_of(await all_of(await bench.begin(Wish.FLOOD, output_bytes=40_000)))
    assert ended.limit is LimitName.OUTPUT


async def words_after_the_end_are_ignored(bench: Bench) -> None:
    session = await bench.begin(Wish.EDIT)
    end_of(await all_of(session))
    assert not await session.message("one more thing")
    await session.cancel()
    assert await all_of(session) == []


async def verify_is_the_caller_s(bench: Bench) -> None:
    if not bench.agent.capabilities.has_tools:
        return
    calls = []

    async def verify() -> ToolAnswer:
        calls.append(1)
        return ToolAnswer(text="all green", is_error=False)

    assert end_of(await all_of(await bench.begin(Wish.VERIFY, verify=verify))).fault is None
    assert calls


AGENT_RULES = (
    it_works_and_ends,
    nothing_of_ours_is_inherited,
    a_cancelled_agent_is_gone_within_two_seconds,
    silence_is_ended_at_the_idle_limit,
    a_flood_is_ended_at_the_output_limit,
    words_after_the_end_are_ignored,
    verify_is_the_caller_s,
)
