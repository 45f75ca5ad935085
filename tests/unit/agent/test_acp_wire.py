"""Which lines are messages, and what a program that floods us can make us hold."""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any, cast

import pytest

from honk.agent.acp_wire import Malformed, Wire, message_of
from honk.sandbox import Process

pytestmark = pytest.mark.anyio


class Program:
    """Prints chunks; reads what is written only while `reads` is set."""

    def __init__(self, *chunks: bytes) -> None:
        self.chunks, self.written = chunks, b""
        self.reads = asyncio.Event()
        self.reads.set()
        self.is_killed = False

    async def output(self) -> AsyncIterator[bytes]:
        for chunk in self.chunks:
            yield chunk

    async def write(self, data: bytes) -> None:
        await self.reads.wait()
        self.written += data

    async def kill(self) -> None:
        self.is_killed = True


def wire_of(program: Program, limit_bytes: int = 1 << 20) -> tuple[Wire, list[str]]:
    told: list[str] = []
    wire = Wire(
        cast(Process, program),
        limit_bytes=limit_bytes,
        on_flood=lambda: told.append("flood"),
        on_malformed=lambda malformed: told.append(str(malformed)),
    )
    return wire, told


async def all_of(wire: Wire) -> list[Any]:
    return [message async for message in _messages(wire)]


async def _messages(wire: Wire) -> AsyncIterator[dict[str, Any]]:
    while (message := await wire.receive()) is not None:
        yield message


def test_a_banner_is_passed_over_and_a_message_is_read() -> None:
    assert message_of(b"Welcome to agent 3!") is None
    assert message_of(b"") is None
    assert message_of(b"[1]") is None
    assert message_of(b' {"id": 1, "result": null}\r') == {"id": 1, "result": None}
    assert message_of(b'{"method": "m"}') == {"method": "m"}


@pytest.mark.parametrize(
    "line",
    [
        b"{", b"{\xff}", b'{"a":' + b"[" * 200_000,
        b'{"a": 1}', b'{"id": 1}', b'{"id": {}, "result": 1}', b'{"id": 1.5, "result": 1}',
        b'{"id": 1, "error": 3}', b'{"id": 1, "error": {"code": "x"}}',
        b'{"method": 3}', b'{"method": "m", "params": 3}', b'{"method": "m", "id": [1]}',
    ],
)  # fmt: skip
def test_what_looks_like_a_message_and_is_none_is_malformed(line: bytes) -> None:
    with pytest.raises(Malformed):
        message_of(line)


async def test_lines_are_joined_whatever_the_chunks_and_a_cut_one_is_dropped() -> None:
    program = Program(b'{"method"', b': "a"}\n{"method": "b"}\nhello\n{"meth')
    wire, told = wire_of(program)
    assert await all_of(wire) == [{"method": "a"}, {"method": "b"}]
    assert told == []


async def test_a_flood_and_a_malformed_line_are_told_once_and_end_it() -> None:
    for program, limit, word in (
        (Program(b'{"method": "a"}\n', b"x" * 100, b"x" * 100), 50, "flood"),
        (Program(b'{"method": "a"}\n{"b": 1}\n{"method": "c"}\n'), 500, "neither"),
    ):
        wire, told = wire_of(program, limit)
        assert await all_of(wire) == [{"method": "a"}]
        assert [word in one for one in told] == [True]
        assert program.is_killed
        await wire.send({"id": 1, "result": None})
        assert program.written == b""


async def test_one_that_asks_and_does_not_listen_is_not_heard_on() -> None:
    program = Program(*(b'{"method": "m", "id": %d}\n' % number for number in range(1000)))
    program.reads.clear()
    wire, _ = wire_of(program)
    heard: list[int] = []

    async def listen() -> None:
        async for message in _messages(wire):
            heard.append(message["id"])
            answers.create_task(wire.send({"id": message["id"], "result": None}))

    async with asyncio.TaskGroup() as answers:
        answers.create_task(listen())
        for _ in range(500):
            await asyncio.sleep(0)
        held = len(heard)
        program.reads.set()
    assert held < 100
    assert len(heard) == 1000
    answered = [json.loads(line)["id"] for line in program.written.splitlines()]
    assert answered == list(range(len(answered)))
    assert len(answered) > 900, "all but those that were still to be written when it ended"
