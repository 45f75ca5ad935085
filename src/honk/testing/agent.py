"""An agent that does what a script says, in the real sandbox: no model, no program of anybody's."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass

from honk.agent import Capabilities, Ended, Event, Job, Said, Session, ToolCalled, ToolReturned
from honk.agent.event_queue import EventQueue
from honk.domain.decide import Conclusion
from honk.domain.limits import LimitName
from honk.domain.task import OutcomeName
from honk.sandbox import DiskFull, Mount, SandboxLost


@dataclass(frozen=True, slots=True)
class Say:
    """Words."""

    text: str


@dataclass(frozen=True, slots=True)
class Run:
    """One shell command in the work tree."""

    command: str


@dataclass(frozen=True, slots=True)
class Write:
    """One file of the work tree, by relative path."""

    path: str
    text: str


@dataclass(frozen=True, slots=True)
class Verify:
    """Ask whether it is green."""


@dataclass(frozen=True, slots=True)
class Conclude:
    """End wanting no change."""

    outcome: OutcomeName
    reason: str


@dataclass(frozen=True, slots=True)
class Hang:
    """Do nothing until the idle limit ends it."""


@dataclass(frozen=True, slots=True)
class Break:
    """End with a fault, or by a limit."""

    fault: str | None = None
    limit: LimitName | None = None
    can_retry: bool = False


Step = Say | Run | Write | Verify | Conclude | Hang | Break


class FakeAgent:
    """Plays one script per job; the last one stays. Remembers its jobs."""

    def __init__(self, *scripts: Sequence[Step]) -> None:
        self._scripts = scripts or ((),)
        self.jobs: list[Job] = []

    @property
    def name(self) -> str:
        return "fake"

    @property
    def capabilities(self) -> Capabilities:
        return Capabilities(can_resume=True, can_be_messaged=False, has_tools=True)

    def mounts(self) -> tuple[Mount, ...]:
        return ()

    async def start(self, job: Job) -> Session:
        script = self._scripts[min(len(self.jobs), len(self._scripts) - 1)]
        self.jobs.append(job)
        return _FakeSession(job, script)


class _FakeSession:
    def __init__(self, job: Job, script: Sequence[Step]) -> None:
        self._job, self._script = job, script
        self._told = EventQueue()
        self._work = asyncio.create_task(self._run())

    def events(self) -> AsyncIterator[Event]:
        return self._told.events()

    async def message(self, text: str) -> bool:
        """Nobody listens."""
        return False

    async def cancel(self) -> None:
        self._work.cancel()
        await asyncio.wait({self._work})
        if not self._told.is_over:
            self._end(Ended(turns=0, fault="The agent was stopped."))

    async def _run(self) -> None:
        turns, ending = 0, None
        try:
            for step in self._script:
                turns += 1
                if (ending := await self._play(step, str(turns), turns)) is not None:
                    break
        except DiskFull:
            ending = Ended(turns=turns, limit=LimitName.DISK)
        except SandboxLost as lost:
            ending = Ended(turns=turns, fault=f"The sandbox was lost: {lost}", can_retry=True)
        except asyncio.CancelledError:
            ending = Ended(turns=turns, fault="The agent was stopped.")
        self._end(ending or Ended(turns=turns))

    def _end(self, ending: Ended) -> None:
        self._told.tell(ending)

    async def _play(self, step: Step, call_id: str, turns: int) -> Ended | None:
        match step:
            case Say(text):
                self._told.tell(Said(text=text))
            case Run(command):
                return await self._tool("Bash", call_id, command, ["sh", "-c", command])
            case Write(path, text):
                command = 'mkdir -p "$(dirname "$1")" && cat > "$1"'
                return await self._tool("Write", call_id, path, ["sh", "-c", command, "sh", path], text.encode())
            case Verify():
                self._told.tell(ToolCalled(tool="verify", call_id=call_id, summary=""))
                answer = await self._job.verify()
                self._told.tell(ToolReturned(call_id=call_id, is_error=answer.is_error, excerpt=answer.text))
            case Conclude(outcome, reason):
                return Ended(turns=turns, conclusion=Conclusion(outcome=outcome, reason=reason))
            case Hang():
                await asyncio.sleep(self._job.idle_seconds)
                return Ended(turns=turns, limit=LimitName.IDLE)
            case Break(fault, limit, can_retry):
                return Ended(turns=turns, fault=fault, limit=limit, can_retry=can_retry)
        return None

    async def _tool(self, tool: str, call_id: str, summary: str, argv: list[str], stdin: bytes = b"") -> Ended | None:
        """Run it; the end where it passed a limit."""
        self._told.tell(ToolCalled(tool=tool, call_id=call_id, summary=summary))
        done = await self._job.sandbox.run(
            argv, stdin=stdin, timeout_seconds=self._job.idle_seconds, max_output_bytes=self._job.output_bytes
        )
        self._told.tell(ToolReturned(call_id=call_id, is_error=done.exit_code != 0, excerpt=done.text[-2000:]))
        if done.timed_out or done.truncated:
            return Ended(turns=int(call_id), limit=LimitName.IDLE if done.timed_out else LimitName.OUTPUT)
        return None
