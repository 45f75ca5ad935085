"""One working program of the Agent Client Protocol: its updates become events, its limits are ours."""

import asyncio
import contextlib
from collections import deque
from collections.abc import AsyncIterator, Iterable, Mapping
from typing import Any, TypeVar

from acp import PROTOCOL_VERSION, RequestError
from acp.connection import Connection
from acp.meta import AGENT_METHODS, CLIENT_METHODS
from acp.schema import (
    AgentCapabilities,
    InitializeResponse,
    LoadSessionResponse,
    NewSessionResponse,
    PromptResponse,
    RequestPermissionRequest,
    SessionNotification,
)
from pydantic import BaseModel, ValidationError

from honk.agent import Ended, Event, Job
from honk.agent.acp_ends import Over, departed, failed, misspoke, silent, stopped, strange
from honk.agent.acp_events import Reader, allowing
from honk.agent.acp_memory import remember
from honk.agent.acp_tools import TOOLS_PORT, Address, serve_tools
from honk.agent.acp_wire import Malformed, Wire
from honk.agent.desk import Desk
from honk.agent.event_queue import EventQueue
from honk.agent.prompt import begun_anew, resume_prompt, standing_orders
from honk.agent.words import one_line
from honk.base.censor import Censor
from honk.base.clock import monotonic_seconds
from honk.base.errors import HonkError
from honk.domain.limits import LimitName
from honk.sandbox import WORKSPACE, DiskFull, Process, SandboxError

_GRACE_SECONDS = 0.7
"""For a program that is asked to stop, or told that nothing more comes, to write down what it knows."""
_LINGER_SECONDS = 5.0
"""For a program that has closed its output to end."""
_STOP_SECONDS = 0.5
_NOTHING_OFFERED = {"fs": {"readTextFile": False, "writeTextFile": False}, "terminal": False}
"""Files and commands are the program's own affair, inside: nothing that it asks for is done out here."""
_Answer = TypeVar("_Answer", bound=BaseModel)


class AcpSession:
    """Works by itself from `begin` on, whether or not anybody reads the events."""

    def __init__(
        self, job: Job, process: Process, name: str, *, earlier: str | None, start_seconds: float, censor: Censor
    ) -> None:
        """`earlier` is the program's own id of the session that this one goes on with. In `start_seconds` the program
        must have a session open; after that, its silence counts."""
        self._job, self._name, self._earlier, self._censor = job, name, earlier, censor
        self._start_seconds = start_seconds
        self._desk = Desk(job, on_broken=self._break_off)
        self._reader = Reader(censor)
        self._wire = Wire(process, limit_bytes=job.output_bytes, on_flood=self._flooded, on_malformed=self._malformed)
        self._connection = Connection(self._answer, self._wire)
        self._told = EventQueue()
        self._said: deque[str] = deque()
        """Words of a person that wait for the turn's end."""
        self._is_parting = False
        """From when on nothing more is said to it."""
        self._session_id: str | None = None
        self._is_replaying = False
        self._at_rest = asyncio.Event()
        """Set while the program has no prompt of ours to work on."""
        self._at_rest.set()
        self._ending: Ended | None = None
        self._work: asyncio.Task[None] | None = None

    def begin(self) -> None:
        """Start working."""
        self._work = asyncio.create_task(self._run(), name=f"acp {self._job.session_id}")

    def events(self) -> AsyncIterator[Event]:
        """See the port."""
        return self._told.events()

    async def message(self, text: str) -> bool:
        """Said when the turn under way ends: the protocol has no way to speak into it."""
        if self._is_parting or self._ending is not None or self._told.is_over:
            return False
        self._said.append(text)
        return True

    async def cancel(self) -> None:
        """See the port. The program is asked first, so that it may write its conversation down."""
        if self._told.is_over:
            return
        self._settle(Ended(turns=0, fault="The agent was stopped."))
        with contextlib.suppress(TimeoutError, ConnectionError):
            async with asyncio.timeout(_GRACE_SECONDS):
                await self._ask_to_stop()
        await self._wire.kill()
        if self._work is not None and self._work is not asyncio.current_task():
            await asyncio.wait({self._work}, timeout=_STOP_SECONDS)

    async def _ask_to_stop(self) -> None:
        if self._session_id is not None and not self._at_rest.is_set():
            await self._connection.send_notification(AGENT_METHODS["session_cancel"], {"sessionId": self._session_id})
            await self._at_rest.wait()

    def _settle(self, ending: Ended) -> None:
        """The first word on how it ended holds."""
        self._ending = self._ending or ending

    def _flooded(self) -> None:
        self._settle(Ended(turns=0, limit=LimitName.OUTPUT))

    def _malformed(self, malformed: Malformed) -> None:
        self._settle(misspoke(self._name, str(malformed), self._censor))

    async def _break_off(self, error: Exception) -> None:
        self._settle(self._explained(error))
        await self._wire.kill()

    async def _run(self) -> None:
        try:
            async with asyncio.TaskGroup() as group:
                watch = group.create_task(self._watch())
                await self._converse()
                watch.cancel()
        except ExceptionGroup as group_of_errors:
            self._settle(self._explained(group_of_errors.exceptions[0]))
        finally:
            await self._wire.kill()
            await self._connection.close()
            self._tell(self._reader.flush())
            ending = self._ending or Ended(turns=0, fault=f"{self._name} could not be run on.")
            self._told.tell(
                Ended(
                    turns=0,
                    conclusion=self._desk.conclusion,
                    question=self._desk.question,
                    limit=ending.limit,
                    fault=ending.fault,
                    can_retry=ending.can_retry,
                )
            )

    async def _converse(self) -> None:
        """Greeting, session, turns, goodbye."""
        try:
            async with contextlib.AsyncExitStack() as stack:
                try:
                    async with asyncio.timeout(self._start_seconds):
                        can = await self._greet()
                        tools = await stack.enter_async_context(self._tools(can))
                        words = await self._open(tools, can_load=bool(can.load_session))
                except TimeoutError:
                    raise Over(silent(self._name, self._start_seconds)) from None
                await self._take_turns(words, can_conclude=tools is not None)
            self._settle(Ended(turns=0))
            await self._part(_GRACE_SECONDS)
        except ConnectionError:
            has_worked = self._session_id is not None
            code = await self._part(_LINGER_SECONDS)
            self._settle(departed(self._name, code, self._wire.last_words(), self._censor, has_worked=has_worked))

    async def _greet(self) -> AgentCapabilities:
        hello = {"protocolVersion": PROTOCOL_VERSION, "clientCapabilities": _NOTHING_OFFERED}
        greeting = await self._ask("initialize", hello, InitializeResponse)
        if greeting.protocol_version != PROTOCOL_VERSION:
            raise Over(strange(self._name, greeting.protocol_version, PROTOCOL_VERSION))
        return greeting.agent_capabilities or AgentCapabilities()

    @contextlib.asynccontextmanager
    async def _tools(self, can: AgentCapabilities) -> AsyncIterator[Address | None]:
        """Where our tools are, for a program that can reach them."""
        listener = self._job.sandbox.listeners.get(TOOLS_PORT)
        if listener is None or can.mcp_capabilities is None or not can.mcp_capabilities.http:
            yield None
            return
        async with serve_tools(listener, self._desk) as address:
            yield address

    async def _open(self, tools: Address | None, *, can_load: bool) -> str:
        """Go on with the earlier session, or begin one; the words to say in it."""
        where: dict[str, Any] = {"cwd": self._job.sandbox.inside(WORKSPACE), "mcpServers": []}
        if tools is not None:
            where["mcpServers"] = [tools.named()]
        if self._earlier is not None and can_load and await self._load(self._earlier, where):
            return (self._job.onward or resume_prompt()) if self._job.is_resumed else self._job.prompt
        begun = await self._ask("session_new", where, NewSessionResponse)
        self._session_id = begun.session_id
        await remember(self._job, begun.session_id)
        orders = standing_orders(self._job.guidance, has_tools=tools is not None, workspace=where["cwd"])
        told = begun_anew(self._job.prompt) if self._earlier is not None and self._job.is_resumed else self._job.prompt
        return f"{orders}\n\n{told}"

    async def _load(self, session_id: str, where: Mapping[str, Any]) -> bool:
        """Whether the program has the session still. It tells it all over again, which is not news."""
        self._is_replaying = True
        try:
            await self._ask("session_load", {**where, "sessionId": session_id}, LoadSessionResponse)
        except Over:
            return False
        finally:
            self._is_replaying = False
        self._session_id = session_id
        return True

    async def _take_turns(self, words: str | None, *, can_conclude: bool) -> None:
        """Say the words; then what a person said meanwhile; then, while the checks are red, that they are."""
        while words is not None and self._ending is None:
            self._desk.touched()
            said = {"sessionId": self._session_id, "prompt": [{"type": "text", "text": words}]}
            self._at_rest.clear()
            try:
                answer = await self._ask("session_prompt", said, PromptResponse)
            finally:
                self._at_rest.set()
            self._tell(self._reader.flush())
            if (ended := stopped(self._name, answer.stop_reason)) is not None:
                raise Over(ended)
            if self._ending is None:
                words = self._next_said() or await self._desk.sent_back(can_conclude=can_conclude) or self._next_said()
        self._is_parting = True

    def _next_said(self) -> str | None:
        if not self._said:
            return None
        self._desk.told()
        return self._said.popleft()

    async def _part(self, seconds: float) -> int | None:
        """The exit code of a program that is left, or has left; None where it lingers."""
        await self._wire.end_input()
        try:
            async with asyncio.timeout(seconds):
                return await self._wire.wait()
        except TimeoutError:
            return None

    async def _ask(self, method: str, params: Mapping[str, Any], kind: type[_Answer]) -> _Answer:
        """Ask and read the answer.

        Raises:
            Over: it is an error, or not understood.
            ConnectionError: the program is gone.
        """
        name = AGENT_METHODS[method]
        try:
            return kind.model_validate(await self._connection.send_request(name, dict(params)) or {})
        except RequestError as error:
            raise Over(failed(self._name, name, error.code, str(error), error.data, self._censor)) from error
        except ValidationError as error:
            first = error.errors()[0]
            what = f"its answer to {name} is not understood ({'.'.join(map(str, first['loc']))}: {first['msg']})"
            raise Over(misspoke(self._name, what, self._censor)) from error

    async def _answer(self, method: str, params: Any, is_notification: bool) -> Any:
        """What the program asks or tells of itself."""
        try:
            if method == CLIENT_METHODS["session_update"]:
                self._hear(SessionNotification.model_validate(params))
                return None
            if method == CLIENT_METHODS["session_request_permission"]:
                return self._permit(RequestPermissionRequest.model_validate(params))
        except (ValidationError, RecursionError):
            if is_notification:
                return None  # a kind of update that this version does not know
            raise RequestError.invalid_params() from None
        if is_notification:
            return None
        raise RequestError.method_not_found(method)

    def _hear(self, update: SessionNotification) -> None:
        if self._is_replaying:
            return
        before = self._reader.touches
        self._tell(self._reader.updated(update))
        if self._reader.touches != before:
            self._desk.touched()

    def _permit(self, request: RequestPermissionRequest) -> dict[str, Any]:
        """Yes, once: what may be done is not ours to say at this place, the sandbox says it."""
        chosen = allowing(request.options)
        self._tell(self._reader.asked(request.tool_call, is_denied=chosen is None))
        self._desk.touched()
        if chosen is None:
            return {"outcome": {"outcome": "cancelled"}}
        return {"outcome": {"outcome": "selected", "optionId": chosen.option_id}}

    def _tell(self, events: Iterable[Event]) -> None:
        for event in events:
            self._told.tell(event)

    async def _watch(self) -> None:
        """Kill the program when it is silent for too long: not while it starts, or waits for us."""
        while self._wire.heard_at + self._job.idle_seconds > monotonic_seconds():
            await asyncio.sleep(min(0.25, self._job.idle_seconds / 4))
            if self._desk.is_busy or self._at_rest.is_set():
                self._wire.heard_at = monotonic_seconds()
        self._settle(Ended(turns=0, limit=LimitName.IDLE))
        await self._wire.kill()

    def _explained(self, error: BaseException) -> Ended:
        """What broke, for a person."""
        if isinstance(error, Over):
            return error.ended
        if isinstance(error, DiskFull):
            return Ended(turns=0, limit=LimitName.DISK)
        if isinstance(error, SandboxError):
            return Ended(turns=0, fault=f"The sandbox was lost: {error}", can_retry=True)
        if isinstance(error, HonkError):
            return Ended(turns=0, fault=str(error))
        text = one_line(str(error), self._censor, 600)
        return Ended(turns=0, fault=f"The agent could not be run on: {type(error).__name__}: {text}")
