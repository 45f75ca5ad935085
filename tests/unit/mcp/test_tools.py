"""The tools as a program of the protocol sees them."""

from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import cast

import pytest
from mcp import Client
from mcp_types import TextContent

from honk.base.errors import UsageError
from honk.client import FarDesk, Wish
from honk.domain.task import Repository, Status, Task
from honk.mcp.server import create_server
from honk.mcp.words import MOST_DIFF_BYTES, cut_diff
from honk.store import TaskEvent
from honk.testing.store_rules import NOON, a_task
from honk.workflows.talk import Said

pytestmark = pytest.mark.anyio
DIFF = b"diff --git a/x b/x\n+\x1b[31m<script>\n"


class Desk:
    """A server with one task, which ends when it is followed."""

    def __init__(self) -> None:
        self.known = replace(a_task("t1"), status=Status.RUNNING)
        self.said: list[str] = []
        self.asked: list[Wish] = []

    async def repositories(self) -> Sequence[Repository]:
        return [self.known.repository]

    async def request(self, wish: Wish, key: str) -> Task:
        if wish.repository != "playlist":
            raise UsageError("No repositories there are called so. Nothing was begun.")
        self.asked.append(wish)
        return self.known

    async def task(self, task_id: str) -> Task:
        return self.known

    async def waits_for(self, task_id: str) -> str | None:
        return "an answer: red or blue?"

    async def say(self, task_id: str, text: str) -> Said:
        self.said.append(text)
        return Said(task_id=task_id)

    async def follow(self, task_id: str, after: int = 0) -> AsyncGenerator[TaskEvent, None]:
        yield TaskEvent(task_id=task_id, sequence=1, kind="parked", body={}, at=NOON)

    async def diff(self, task_id: str) -> bytes:
        return DIFF


@asynccontextmanager
async def tools(desk: Desk) -> AsyncIterator[Client]:
    @asynccontextmanager
    async def open_desk() -> AsyncIterator[FarDesk]:
        yield cast(FarDesk, desk)

    async with Client(create_server(open_desk)) as client:
        yield client


async def call(client: Client, tool: str, **arguments: object) -> tuple[bool, str]:
    """Whether it failed, and its words."""
    done = await client.call_tool(tool, arguments)
    (text,) = done.content
    assert isinstance(text, TextContent)
    return bool(done.is_error), text.text


async def test_a_task_is_started_looked_at_steered_and_read() -> None:
    desk = Desk()
    async with tools(desk) as client:
        assert {tool.name for tool in (await client.list_tools()).tools} == {
            "repositories", "start", "say", "status", "diff",
        }  # fmt: skip
        assert await call(client, "repositories") == (False, "playlist")
        _, told = await call(client, "start", repository="playlist", request="Mend it")
        assert told.startswith("Task t1 is accepted in playlist")
        assert desk.asked[0].prompt == "Mend it"
        _, told = await call(client, "status", task_id="t1", wait_seconds=5)
        assert told == "Task t1: running. It waits: an answer: red or blue?"
        assert await call(client, "say", task_id="t1", text="blue") == (False, "Said to task t1.")
        assert desk.said == ["blue"]
        assert await call(client, "diff", task_id="t1") == (False, DIFF.decode())


async def test_a_refusal_is_told_in_our_words() -> None:
    async with tools(Desk()) as client:
        failed, told = await call(client, "start", repository="other", request="Mend it")
        assert failed
        assert "Nothing was begun." in told
        failed, _ = await call(client, "status", task_id="t1", wait_seconds=5000)
        assert failed


def test_a_large_diff_is_cut_and_says_so() -> None:
    assert cut_diff(b"") == "There is no change."
    assert cut_diff(b"x" * (MOST_DIFF_BYTES + 1234)).endswith("[1,234 more bytes are left out]")
