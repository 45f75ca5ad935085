"""Carries the protocol's messages to and from a program inside the sandbox, as the `Transport` of its library."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Callable
from typing import Any

from honk.base.clock import monotonic_seconds
from honk.sandbox import Process, SandboxError

_ANSWERS_AT_ONCE = 64
"""Questions of the program that wait for our answer to be read. One that asks on and reads nothing is not heard on."""
_EXCERPT_CHARS = 200


class Malformed(ValueError):
    """A line that is no message of the protocol."""


def message_of(line: bytes) -> dict[str, Any] | None:
    """The message that a line holds; None for a line that is none and does not look like one, a banner say.

    Raises:
        Malformed: it looks like one, and its shape is not that of JSON-RPC 2.0.
    """
    if not line.lstrip().startswith(b"{"):
        return None
    try:
        message = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise Malformed(f"not JSON: {_excerpt(line)}") from error
    is_call = isinstance(message.get("method"), str) and isinstance(message.get("params", {}), dict | list | None)
    is_answer = "method" not in message and "id" in message and _is_told(message)
    if not (is_call or is_answer) or not isinstance(message.get("id"), int | str | None):
        raise Malformed(f"neither a call nor an answer: {_excerpt(line)}")
    return dict(message)


def _is_told(message: dict[str, Any]) -> bool:
    """Whether it holds a result, or an error of the right form."""
    error = message.get("error")
    if "result" in message or error is None:
        return "result" in message
    return isinstance(error, dict) and isinstance(error.get("code"), int) and isinstance(error.get("message"), str)


def _excerpt(line: bytes) -> str:
    return line[:_EXCERPT_CHARS].decode("utf-8", "replace")


class Wire:
    """The pipes of one program. It never raises for what the program does: it tells, kills, and ends the stream."""

    def __init__(
        self,
        process: Process,
        *,
        limit_bytes: int,
        on_flood: Callable[[], None],
        on_malformed: Callable[[Malformed], None],
    ) -> None:
        """Told once each, before the program is killed: `on_flood` when it printed more than `limit_bytes`,
        `on_malformed` at the first line that is no message."""
        self._process = process
        self._limit_bytes = limit_bytes
        self._on_flood, self._on_malformed = on_flood, on_malformed
        self._messages = self._read()
        self._writing = asyncio.Lock()
        self._is_ended = False
        self._room = asyncio.Semaphore(_ANSWERS_AT_ONCE)
        self.heard_at = monotonic_seconds()
        """When the program last printed anything."""

    async def send(self, message: dict[str, Any]) -> None:
        """Write one message. To a program that is gone it is lost."""
        line = json.dumps(message, ensure_ascii=True, separators=(",", ":")).encode() + b"\n"
        try:
            async with self._writing:
                if not self._is_ended:
                    with contextlib.suppress(SandboxError):
                        await self._process.write(line)
        finally:
            if "method" not in message:
                self._room.release()

    async def receive(self) -> dict[str, Any] | None:
        """The next message; None once the program's output has ended, or was ended."""
        message = await anext(self._messages, None)
        if message is not None and "method" in message and "id" in message:
            await self._room.acquire()
        return None if self._is_ended else message

    async def close(self) -> None:
        """The library is done. The program is the session's to end."""

    async def end_input(self) -> None:
        """Tell the program that nothing more comes."""
        with contextlib.suppress(SandboxError):
            await self._process.close_stdin()

    async def wait(self) -> int:
        """The exit code, as `Process.wait` has it."""
        return await self._process.wait()

    def last_words(self) -> str:
        """The end of what the program wrote to standard error."""
        return self._process.stderr_tail()

    async def kill(self) -> None:
        """End the program and everything it started, now. Idempotent."""
        self._is_ended = True
        with contextlib.suppress(SandboxError):
            await self._process.kill()

    async def _read(self) -> AsyncIterator[dict[str, Any]]:
        try:
            async for line in self._lines():
                if (message := message_of(line)) is not None:
                    yield message
        except Malformed as malformed:
            self._on_malformed(malformed)
            await self.kill()
        self._is_ended = True

    async def _lines(self) -> AsyncIterator[bytes]:
        """Whole lines; a last one without its end was cut off, and is dropped."""
        parts: list[bytes] = []
        heard = 0
        async for chunk in self._process.output():
            self.heard_at = monotonic_seconds()
            heard += len(chunk)
            if heard > self._limit_bytes:
                self._on_flood()
                await self.kill()
                return
            *lines, rest = chunk.split(b"\n")
            for line in lines:
                yield b"".join((*parts, line))
                parts.clear()
            parts.append(rest)
