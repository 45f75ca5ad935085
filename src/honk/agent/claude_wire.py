"""Carries the library's messages to the program inside the sandbox: no host process, no inherited environment."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Callable
from typing import Any

from claude_agent_sdk import CLIJSONDecodeError, ProcessError, Transport

from honk.base.clock import monotonic_seconds
from honk.sandbox import Process, SandboxError

_GRACE_SECONDS = 1.5
"""To write the last lines of the conversation down after standard input closed."""


class SandboxTransport(Transport):
    """One run of the program."""

    def __init__(self, program: Process, *, limit_bytes: int, on_flood: Callable[[], None]) -> None:
        """`on_flood` is called once, when the program has printed more than `limit_bytes`; it is then killed."""
        self._program = program
        self._limit_bytes, self._on_flood = limit_bytes, on_flood
        self.heard_at = monotonic_seconds()
        """When the program last printed anything."""

    async def connect(self) -> None:
        """The program runs already."""

    async def write(self, data: str) -> None:
        await self._program.write(data.encode("utf-8", "replace"))

    async def end_input(self) -> None:
        await self._program.close_stdin()

    def is_ready(self) -> bool:
        return True

    async def read_messages(self) -> AsyncIterator[dict[str, Any]]:
        """The program's lines of JSON; what else it prints is passed over.

        Raises:
            ProcessError: it ended with an exit code other than 0.
            CLIJSONDecodeError: a line breaks off in the middle.
            SandboxLost: the sandbox died.
        """
        async for line in self._lines():
            if line.startswith(b"{"):
                yield _parsed(line)
        if (code := await self._program.wait()) != 0:
            raise ProcessError("Claude Code ended", exit_code=code, stderr=self._program.stderr_tail()[-1000:])

    async def _lines(self) -> AsyncIterator[bytes]:
        """Whole lines; a last one without its end was cut off by a kill, and is dropped."""
        parts: list[bytes] = []
        heard = 0
        async for chunk in self._program.output():
            self.heard_at = monotonic_seconds()
            heard += len(chunk)
            if heard > self._limit_bytes:
                self._on_flood()
                await self._program.kill()
                return
            *lines, rest = chunk.split(b"\n")
            for line in lines:
                yield b"".join((*parts, line))
                parts.clear()
            parts.append(rest)

    async def close(self) -> None:
        """End the program, first by closing its input. Takes at most about two seconds."""
        with contextlib.suppress(TimeoutError, SandboxError):
            async with asyncio.timeout(_GRACE_SECONDS):
                await self._program.close_stdin()
                await self._program.wait()
        await self.kill()

    async def kill(self) -> None:
        """End the program and everything it started, now. Idempotent."""
        with contextlib.suppress(SandboxError):
            await self._program.kill()


def _parsed(line: bytes) -> dict[str, Any]:
    try:
        message = json.loads(line)
    except ValueError as error:
        raise CLIJSONDecodeError(line[:200].decode("utf-8", "replace"), error) from error
    if not isinstance(message, dict):
        raise CLIJSONDecodeError(line[:200].decode("utf-8", "replace"), ValueError("not an object"))
    return message
