"""The coding agent: works in a sandbox, through the gateway, on a brief."""

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from honk.base.errors import HonkError, PlatformError
from honk.domain.conversation import Question
from honk.domain.decide import Conclusion
from honk.domain.limits import LimitName
from honk.sandbox import Mount, Sandbox


@dataclass(frozen=True, slots=True, kw_only=True)
class Capabilities:
    """What an agent can do beyond prompt in, diff out."""

    can_resume: bool
    can_be_messaged: bool
    has_tools: bool
    """Whether it sees `verify`, `conclude` and `ask` as tools."""
    ports: tuple[int, ...] = ()
    """Loopback ports of its sandbox, beside the model's, whose listening sockets it serves by itself."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolAnswer:
    """What `verify` tells the agent: one line when green, few relevant lines when red."""

    text: str
    is_error: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """One attempt's work for the agent."""

    session_id: str
    """A UUID, ours: the same one again resumes."""
    is_resumed: bool
    """Whether a session of this id may exist; the agent finds out."""
    prompt: str
    guidance: str
    sandbox: Sandbox
    model: str
    token: str
    """The gateway's token for this run: no secret of anybody's."""
    model_url: str
    turns: int
    idle_seconds: float
    output_bytes: int
    config_dir: Path
    """Host path of the agent's own state, mounted at `AGENT_CONFIG`; survives the sandbox."""
    verify: Callable[[], Awaitable[ToolAnswer]]
    onward: str = ""
    """What a session that is gone on with is told; empty: that it was interrupted."""
    stop_blocks: int = 3
    """How often the agent is sent on by the Stop hook while `verify` is red."""


AGENT_CONFIG = "/home/agent/.claude"


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """Words of the agent."""

    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolCalled:
    """The agent uses a tool."""

    tool: str
    call_id: str
    summary: str
    """One line for people: the command, the path."""
    is_denied: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolReturned:
    """A tool's answer."""

    call_id: str
    is_error: bool
    excerpt: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Retrying:
    """The model's service failed and is asked again."""

    attempt: int
    status: int | None
    delay_seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """Always the last event."""

    turns: int
    """Model generations in this job."""
    conclusion: Conclusion | None = None
    question: Question | None = None
    """What it wants to know of a person before it goes on, in this same session."""
    limit: LimitName | None = None
    fault: str | None = None
    """What broke, for a person; None for an ordinary end. An ordinary end is never evidence of anything."""
    can_retry: bool = False
    """Whether starting again with the same session may help: the program was killed, the sandbox was lost."""


Event = Said | ToolCalled | ToolReturned | Retrying | Ended


class Session(Protocol):
    """A working agent."""

    def events(self) -> AsyncIterator[Event]:
        """What it does, as it does it; ends after `Ended`. Leaving early does not stop it: `cancel` does."""
        ...

    async def message(self, text: str) -> bool:
        """Words of a person for the running agent. False where nobody listens (any more): it was told nothing."""
        ...

    async def cancel(self) -> None:
        """Stop it and everything it started, within 2 s. Idempotent."""
        ...


class Agent(Protocol):
    """A program that edits code."""

    @property
    def name(self) -> str: ...

    @property
    def capabilities(self) -> Capabilities: ...

    def mounts(self) -> tuple[Mount, ...]:
        """What the sandbox must show, read-only, for the program to run.

        Raises:
            AgentMissing: the program is not installed; says how to get it.
        """
        ...

    async def start(self, job: Job) -> Session:
        """Begin, or go on with the job's session."""
        ...


class AgentError(HonkError):
    """The agent's program broke."""


class AgentMissing(AgentError, PlatformError):
    """The agent's program is not installed."""
