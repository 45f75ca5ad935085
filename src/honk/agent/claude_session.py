"""One working Claude Code: its messages become events, its limits are ours, every end is told in one `Ended`."""

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator

from claude_agent_sdk import ClaudeAgentOptions, ClaudeSDKClient, ClaudeSDKError, ResultMessage
from claude_agent_sdk.types import Message

from honk.agent import Ended, Event, Job, Retrying
from honk.agent.claude_events import Ending, ending_of, events_of, generation_of, refusal, status_of_retry
from honk.agent.claude_program import SERVER
from honk.agent.claude_tools import Desk
from honk.agent.claude_wire import SandboxTransport
from honk.agent.event_queue import EventQueue
from honk.agent.words import one_line
from honk.base.censor import Censor
from honk.base.clock import monotonic_seconds
from honk.base.errors import HonkError
from honk.base.ids import new_uuid
from honk.domain.limits import LimitName
from honk.sandbox import DiskFull, Process, SandboxError

_GOODBYE_SECONDS = 5.0
_STOP_SECONDS = 1.5
_POINTLESS_TO_ASK_AGAIN = frozenset({401, 402, 403})
# What the library logs as fatal, an ended program, is told in `Ended`.
logging.getLogger("claude_agent_sdk").setLevel(logging.CRITICAL)


class ClaudeSession:
    """Pumps by itself from `begin` on, whether or not anybody reads the events."""

    def __init__(self, job: Job, program: Process, *, prompt: str, censor: Censor) -> None:
        self._job, self._prompt, self._censor = job, prompt, censor
        self._desk = Desk(job, on_broken=self._break_off)
        self._wire = SandboxTransport(
            program,
            limit_bytes=job.output_bytes,
            on_flood=lambda: self._settle(Ending(limit=LimitName.OUTPUT)),
        )
        options = ClaudeAgentOptions(
            mcp_servers={SERVER: self._desk.server()}, hooks=self._desk.hooks(), verbatim_prompts=True
        )
        self._client = ClaudeSDKClient(options, transport=self._wire)
        self._told = EventQueue()
        self._generations: set[str] = set()
        self._unanswered: set[str] = set()
        self._ending: Ending | None = None
        """The end that was decided on, by us or by the program's result; what comes after does not change it."""
        self._is_listening = asyncio.Event()
        """Set from the first words on, and at the end, when nobody waits for it any more."""
        self._work: asyncio.Task[None] | None = None

    def begin(self) -> None:
        """Start working."""
        self._work = asyncio.create_task(self._run(), name=f"claude {self._job.session_id}")

    def events(self) -> AsyncIterator[Event]:
        """See the port."""
        return self._told.events()

    async def message(self, text: str) -> bool:
        """Steer the turn under way; after the end nobody listens."""
        await self._is_listening.wait()
        if self._ending is not None or self._told.is_over:
            return False
        self._desk.told()
        try:
            await self._say(text)
        except (ClaudeSDKError, SandboxError):
            return False
        return True

    async def cancel(self) -> None:
        """See the port. The program is killed first: the library's own goodbye takes seconds in mid-tool."""
        self._settle(Ending(fault="The agent was stopped."))
        await self._wire.kill()
        if self._work is not None and self._work is not asyncio.current_task():
            self._work.cancel()
            await asyncio.wait({self._work}, timeout=_STOP_SECONDS)

    def _settle(self, ending: Ending) -> None:
        """The first word on how it ended holds."""
        if self._ending is None:
            self._ending = ending

    async def _break_off(self, error: Exception) -> None:
        self._settle(self._explained(error))
        await self._wire.kill()

    async def _run(self) -> None:
        try:
            await self._converse()
        except ExceptionGroup as group:
            self._settle(self._explained(group.exceptions[0]))
        finally:
            ending = self._ending or Ending(fault="Claude Code ended without a result.", can_retry=True)
            self._ending = ending
            self._is_listening.set()
            self._told.tell(
                Ended(
                    turns=len(self._generations),
                    conclusion=self._desk.conclusion,
                    question=self._desk.question,
                    limit=ending.limit,
                    fault=ending.fault,
                    can_retry=ending.can_retry,
                )
            )

    async def _converse(self) -> None:
        """From the first word to the program's end; in whatever way this is left, the program is gone after it."""
        try:
            async with asyncio.TaskGroup() as group:
                watch = group.create_task(self._watch())
                await self._client.connect()
                await self._say(self._prompt)
                self._is_listening.set()
                async for message in self._client.receive_messages():
                    await self._hear(message)
                watch.cancel()
        finally:
            await self._wire.kill()
            with contextlib.suppress(ClaudeSDKError):
                await self._client.disconnect()

    async def _hear(self, message: Message) -> None:
        if (generation := generation_of(message)) is not None:
            self._generations.add(generation)
        for event in events_of(message, self._censor):
            if isinstance(event, Retrying):  # it waits because the service asked for that
                self._wire.heard_at = monotonic_seconds() + event.delay_seconds
            self._told.tell(event)
        status = status_of_retry(message)
        if status is not None and status in _POINTLESS_TO_ASK_AGAIN:
            self._settle(refusal(status))
            await self._wire.kill()
        elif isinstance(message, ResultMessage):
            answered = message.user_message_uuids
            self._unanswered.difference_update(self._unanswered.copy() if answered is None else answered)
            if message.is_error or not self._unanswered:
                self._settle(ending_of(message, self._censor))
                await self._wire.end_input()

    async def _say(self, text: str) -> None:
        """Send words of ours, marked, so that the result can be matched with them."""
        mark = new_uuid()
        self._unanswered.add(mark)

        async def words() -> AsyncIterator[dict[str, object]]:
            content = {"role": "user", "content": text}
            yield {"type": "user", "message": content, "parent_tool_use_id": None, "uuid": mark}

        await self._client.query(words())

    async def _watch(self) -> None:
        """Kill the program when it is silent for too long, or lingers after its result."""
        settled_at: float | None = None
        while True:
            now = monotonic_seconds()
            if self._desk.is_busy:
                self._wire.heard_at = now
            if now - self._wire.heard_at >= self._job.idle_seconds:
                self._settle(Ending(limit=LimitName.IDLE))
                await self._wire.kill()
            if self._ending is not None:
                settled_at = settled_at or now
                if now - settled_at >= _GOODBYE_SECONDS:
                    await self._wire.kill()
            await asyncio.sleep(min(0.25, self._job.idle_seconds / 4))

    def _explained(self, error: BaseException) -> Ending:
        """What broke, for a person."""
        if isinstance(error, DiskFull):
            return Ending(limit=LimitName.DISK)
        if isinstance(error, SandboxError):
            return Ending(fault=f"The sandbox was lost: {error}", can_retry=True)
        if isinstance(error, HonkError):
            return Ending(fault=str(error))
        text = one_line(str(error), self._censor, 600)
        if isinstance(error, ClaudeSDKError):
            return Ending(fault=f"Claude Code broke off: {text}", can_retry=True)
        return Ending(fault=f"The agent could not be run on: {type(error).__name__}: {text}")
