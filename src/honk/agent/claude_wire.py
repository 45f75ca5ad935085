"""Carries the library's messages to the program inside the sandbox: no host process, no inherited environment."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from typing import Any

from claude_agent_sdk import CLIConnectionError, CLIJSONDecodeError, ProcessError, Transport

from honk.base.clock import monotonic_seconds
from honk.sandbox import Process, Sandbox, SandboxError

_GRACE_SECONDS = 1.5
"""To write the last lines of the conversation down after standard input closed."""


class SandboxTransport(Transport):
    """One run of the program."""

    def __init__(
        self,
        sandbox: Sandbox,
        argv: Sequence[str],
        env: Mapping[str, str],
        *,
        limit_bytes: int,
        on_flood: Callable[[], None],
    ) -> None:
        """`on_flood` is called once, when the program has printed more than `limit_bytes`; it is then killed."""
        self._sandbox, self._argv, self._env = sandbox, argv, env
        self._limit_bytes, self._on_flood = limit_bytes, on_flood
        self._process: Process | None = None
        self.heard_at = monotonic_seconds()
        """When the program last printed anything."""

    async def connect(self) -> None:
        self._process = await self._sandbox.spawn(self._argv, env=self._env)
        self.heard_at = monotonic_seconds()

    async def write(self, data: str) -> None:
        if self._process is None:
            raise CLIConnectionError("the program is not running")
        await self._process.write(data.encode("utf-8", "replace"))

    async def end_input(self) -> None:
        if self._process is not None:
            await self._process.close_stdin()

    def is_ready(self) -> bool:
        return self._process is not None

    async def read_messages(self) -> AsyncIterator[dict[str, Any]]:
        """The program's lines of JSON; what else it prints is passed over.

        Raises:
            ProcessError: it ended with an exit code other than 0.
            CLIJSONDecodeError: a line breaks off in the middle.
            SandboxLost: the sandbox died.
        """
        process = self._process
        if process is None:
            raise CLIConnectionError("the program is not running")
        async for line in self._lines(process):
            if line.startswith(b"{"):
                yield _parsed(line)
        if (code := await process.wait()) != 0:
            raise ProcessError("Claude Code ended", exit_code=code, stderr=process.stderr_tail()[-1000:])

    async def _lines(self, process: Process) -> AsyncIterator[bytes]:
        """Whole lines; a last one without its end was cut off by a kill, and is dropped."""
        parts: list[bytes] = []
        heard = 0
        async for chunk in process.output():
            self.heard_at = monotonic_seconds()
            heard += len(chunk)
            if heard > self._limit_bytes:
                self._on_flood()
                await process.kill()
                return
            *lines, rest = chunk.split(b"\n")
            for line in lines:
                yield b"".join((*parts, line))
                parts.clear()
            parts.append(rest)

    async def close(self) -> None:
        """End the program, first by closing its input. Takes at most about two seconds."""
        if (process := self._process) is None:
            return
        with contextlib.suppress(TimeoutError, SandboxError):
            async with asyncio.timeout(_GRACE_SECONDS):
                await process.close_stdin()
                await process.wait()
        await self.kill()

    async def kill(self) -> None:
        """End the program and everything it started, now. Idempotent."""
        if self._process is not None:
            with contextlib.suppress(SandboxError):
                await self._process.kill()


def _parsed(line: bytes) -> dict[str, Any]:
    try:
        message = json.loads(line)
    except ValueError as error:
        raise CLIJSONDecodeError(line[:200].decode("utf-8", "replace"), error) from error
    if not isinstance(message, dict):
        raise CLIJSONDecodeError(line[:200].decode("utf-8", "replace"), ValueError("not an object"))
    return message
