"""The agent `command:...`: any program that takes a prompt and edits the work tree."""

import asyncio
import codecs
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass

from honk.agent import AGENT_CONFIG, AgentError, Capabilities, Ended, Event, Job, Said, Session
from honk.agent.command_line import words_in
from honk.agent.event_queue import EventQueue
from honk.agent.prompt import standing_orders
from honk.agent.words import plain
from honk.base.censor import Censor
from honk.domain.limits import LimitName
from honk.sandbox import WORKSPACE, DiskFull, Mount, Process, SandboxLost

_PROMPT_FILE = "/tmp/honk-prompt.md"  # noqa: S108 - inside the sandbox, which nobody else shares
_LINE_CHARS = 4000
_ARGUMENT_BYTES = 120_000
"""The kernel takes 128 KiB in one argument."""
_NOT_FOUND = 127
_VISIBLE = "only what this machine has in /usr is there, and the repository's own files. Nothing was done."


@dataclass(frozen=True, slots=True, kw_only=True)
class Invocation:
    """What is started, and how it gets its prompt."""

    argv: tuple[str, ...]
    stdin: bytes
    has_file: bool


def invocation(command_line: str, prompt: str, prompt_file: str = _PROMPT_FILE) -> Invocation:
    """The command line with the prompt in it: `{prompt}` or `{prompt_file}` in an argument, else standard input.

    Raises:
        AgentError: the command line is empty, its quotes do not match, or the prompt is too long for an argument.
    """
    words = words_in(command_line, "command:PROGRAM ARGUMENTS")
    clean = prompt.replace("\0", "")
    argv = tuple(word.replace("{prompt_file}", prompt_file).replace("{prompt}", clean) for word in words)
    if any(len(word.encode("utf-8", "replace")) > _ARGUMENT_BYTES for word in argv):
        raise AgentError(
            "The prompt is too long to be an argument of a program: use {prompt_file} instead of {prompt}."
        )
    has_file = any("{prompt_file}" in word for word in words)
    takes_stdin = not has_file and not any("{prompt}" in word for word in words)
    return Invocation(argv=argv, stdin=clean.encode("utf-8", "replace") if takes_stdin else b"", has_file=has_file)


class CommandAgent:
    """Starts one program per job. It cannot go on with a session: it begins anew on the same work tree."""

    def __init__(self, command_line: str, *, censor: Censor | None = None) -> None:
        self._command_line = command_line
        self._censor = censor or Censor()

    @property
    def name(self) -> str:
        return f"command:{self._command_line}"

    @property
    def capabilities(self) -> Capabilities:
        return Capabilities(can_resume=False, can_be_messaged=False, has_tools=False)

    def mounts(self) -> tuple[Mount, ...]:
        """Nothing: the program is one that the sandbox shows anyway."""
        return ()

    async def start(self, job: Job) -> Session:
        """See the port.

        Raises:
            AgentError: the command line cannot be read.
            SandboxLost: the sandbox is gone.
        """
        orders = standing_orders(job.guidance, has_tools=False, workspace=job.sandbox.inside(WORKSPACE))
        prompt_file = job.sandbox.inside(_PROMPT_FILE)
        call = invocation(self._command_line, f"{orders}\n\n{job.prompt}", prompt_file)
        if call.has_file:
            text = f"{orders}\n\n{job.prompt}".encode("utf-8", "replace")
            written = await job.sandbox.run(["tee", prompt_file], stdin=text, timeout_seconds=30)
            written.must("writing the prompt's file into the sandbox")
        process = await job.sandbox.spawn(call.argv, env=_environment(job))
        session = _CommandSession(job, process, call.argv[0], self._censor)
        session.begin(call.stdin)
        return session


def _environment(job: Job) -> dict[str, str]:
    """The names that programs for this API know; nothing of ours is inherited."""
    return {
        "ANTHROPIC_BASE_URL": job.model_url,
        "ANTHROPIC_API_KEY": job.token,
        "ANTHROPIC_MODEL": job.model,
        "HONK_AGENT_STATE": AGENT_CONFIG,
    }


class _CommandSession:
    def __init__(self, job: Job, process: Process, program: str, censor: Censor) -> None:
        self._job, self._process, self._program, self._censor = job, process, program, censor
        self._told = EventQueue()
        self._ending: Ended | None = None
        self._work: asyncio.Task[None] | None = None

    def begin(self, stdin: bytes) -> None:
        self._work = asyncio.create_task(self._run(stdin), name=f"agent {self._job.session_id}")

    def events(self) -> AsyncIterator[Event]:
        return self._told.events()

    async def message(self, text: str) -> bool:
        """Nobody listens."""
        return False

    async def cancel(self) -> None:
        self._settle(Ended(turns=0, fault="The agent was stopped."))
        await self._process.kill()
        if self._work is not None:
            await asyncio.wait({self._work})

    def _settle(self, ending: Ended) -> None:
        """The first word on how it ended holds."""
        self._ending = self._ending or ending

    async def _run(self, stdin: bytes) -> None:
        try:
            async with asyncio.TaskGroup() as group:
                feeding = group.create_task(self._feed(stdin))
                await self._listen()
                feeding.cancel()
            self._settle(self._by_exit_code(await self._process.wait()))
        except* DiskFull:
            self._settle(Ended(turns=0, limit=LimitName.DISK))
        except* SandboxLost as lost:
            self._settle(Ended(turns=0, fault=f"The sandbox was lost: {lost.exceptions[0]}", can_retry=True))
        finally:
            self._told.tell(self._ending or Ended(turns=0, fault=f"{self._program} could not be run on."))
            await self._process.kill()

    async def _feed(self, stdin: bytes) -> None:
        if stdin:
            await self._process.write(stdin)
        await self._process.close_stdin()

    async def _listen(self) -> None:
        """Turn output into events until it ends, floods, or stays away for too long."""
        decode = codecs.getincrementaldecoder("utf-8")("replace").decode
        heard, rest = 0, ""
        chunks = aiter(self._process.output())
        while True:
            try:
                async with asyncio.timeout(self._job.idle_seconds):
                    chunk = await anext(chunks, b"")
            except TimeoutError:
                self._settle(Ended(turns=0, limit=LimitName.IDLE))
                return await self._process.kill()
            heard += len(chunk)
            if heard > self._job.output_bytes:
                self._settle(Ended(turns=0, limit=LimitName.OUTPUT))
                return await self._process.kill()
            *lines, rest = (rest + decode(chunk, final=not chunk)).split("\n")
            if not chunk or len(rest) > _LINE_CHARS:
                lines, rest = [*lines, rest], ""
            self._tell(lines)
            if not chunk:
                return None

    def _tell(self, lines: Sequence[str]) -> None:
        text = plain("\n".join(lines), self._censor)
        if text:
            self._told.tell(Said(text=text))

    def _by_exit_code(self, code: int) -> Ended:
        if code == 0:
            return Ended(turns=0)
        if code == _NOT_FOUND:
            return Ended(turns=0, fault=f"The sandbox has no program {self._program}: {_VISIBLE}")
        tail = plain(self._process.stderr_tail(), self._censor, 1000)
        how = f"was killed by signal {-code}" if code < 0 else f"ended with exit code {code}"
        return Ended(turns=0, fault=f"{self._program} {how}. {tail}".strip(), can_retry=code < 0)
