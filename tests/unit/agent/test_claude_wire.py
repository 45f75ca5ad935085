"""Lines of JSON over a program's pipes, whatever the chunks."""

import json
from collections.abc import AsyncIterator

import pytest
from claude_agent_sdk import CLIJSONDecodeError, ProcessError

from honk.agent.claude_wire import SandboxTransport
from honk.sandbox import SandboxLost

pytestmark = pytest.mark.anyio


class FakeProgram:
    """Prints chunks and ends."""

    def __init__(self, chunks: list[bytes], code: int | SandboxLost = 0) -> None:
        self.chunks, self.code = chunks, code
        self.written = b""
        self.is_killed = self.is_closed = False

    async def output(self) -> AsyncIterator[bytes]:
        for chunk in self.chunks:
            yield chunk

    async def write(self, data: bytes) -> None:
        self.written += data

    async def close_stdin(self) -> None:
        self.is_closed = True

    async def wait(self) -> int:
        if isinstance(self.code, SandboxLost):
            raise self.code
        return self.code

    def stderr_tail(self) -> str:
        return "the reason"

    async def kill(self) -> None:
        self.is_killed = True


async def wire(program: FakeProgram, limit_bytes: int = 1 << 20) -> tuple[SandboxTransport, list[str]]:
    floods: list[str] = []
    transport = SandboxTransport(program, limit_bytes=limit_bytes, on_flood=lambda: floods.append("!"))
    await transport.connect()
    return transport, floods


async def test_messages_are_whole_however_they_are_cut() -> None:
    messages = [{"type": "a", "text": "ä\n{}"}, {"type": "b"}, {"type": "c", "n": 1}]
    raw = b"\n".join(json.dumps(message, ensure_ascii=False).encode() for message in messages) + b"\n"
    for step in (1, 2, 7, len(raw)):
        transport, _ = await wire(FakeProgram([raw[at : at + step] for at in range(0, len(raw), step)]))
        assert [message async for message in transport.read_messages()] == messages


async def test_other_words_are_passed_over_and_a_cut_tail_is_dropped() -> None:
    transport, _ = await wire(FakeProgram([b'[debug] x\n\n{"type": "a"}\n{"type": "b"']))
    assert [message async for message in transport.read_messages()] == [{"type": "a"}]


async def test_a_broken_line_is_said_so() -> None:
    transport, _ = await wire(FakeProgram([b"{not json}\n"]))
    with pytest.raises(CLIJSONDecodeError):
        [message async for message in transport.read_messages()]


async def test_a_failed_program_says_why() -> None:
    transport, _ = await wire(FakeProgram([], code=-9))
    with pytest.raises(ProcessError, match="the reason") as caught:
        [message async for message in transport.read_messages()]
    assert caught.value.exit_code == -9


async def test_a_lost_sandbox_is_not_the_program_s_fault() -> None:
    transport, _ = await wire(FakeProgram([], code=SandboxLost("gone")))
    with pytest.raises(SandboxLost):
        [message async for message in transport.read_messages()]


async def test_a_flood_kills_the_program_and_is_told_once() -> None:
    program = FakeProgram([b'{"type": "a"}\n', b"x" * 200, b"x" * 200])
    transport, floods = await wire(program, limit_bytes=100)
    assert [message async for message in transport.read_messages()] == [{"type": "a"}]
    assert program.is_killed
    assert floods == ["!"]


async def test_closing_is_first_polite() -> None:
    program = FakeProgram([])
    transport, _ = await wire(program)
    await transport.write('{"x": "\\ud800"}')
    await transport.close()
    assert program.is_closed
    assert program.is_killed
    assert program.written
