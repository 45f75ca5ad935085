"""What we answer while Claude Code works: the `verify` and `conclude` tools, the guard, the Stop hook."""

from collections.abc import Awaitable, Callable
from typing import Any

from claude_agent_sdk import HookMatcher, create_sdk_mcp_server, tool
from claude_agent_sdk.types import McpSdkServerConfig

from honk.agent import Job
from honk.agent.claude_program import SERVER
from honk.agent.guard import objection
from honk.agent.prompt import fenced
from honk.domain.decide import Conclusion
from honk.domain.task import OutcomeName

_CONCLUSIONS = (OutcomeName.NO_CHANGE, OutcomeName.ANSWERED, OutcomeName.NOT_APPLICABLE, OutcomeName.NEEDS_HUMAN)
_VERIFY_SECONDS = 3600.0
"""A roof for the library's own clocks; how long checks may take is the verifier's to say."""
_TOUCHING = "Bash|Edit|MultiEdit|Write|NotebookEdit"
"""What may change the work tree. A background program may too, but what is answered here is help, not evidence."""
Answer = dict[str, Any]


class Desk:
    """Our side of one session."""

    def __init__(self, job: Job, *, on_broken: Callable[[Exception], Awaitable[None]]) -> None:
        """`on_broken` is told when `verify` itself fails: never the agent's fault, and the end of the session."""
        self._job, self._on_broken = job, on_broken
        self._blocks = 0
        self._verifying = 0
        self._touches = 0
        self._known: tuple[str, bool] | None = None
        """What `verify` said last, as long as the agent has touched nothing since."""
        self.conclusion: Conclusion | None = None

    @property
    def is_busy(self) -> bool:
        """Whether the agent is waiting for us, so that its silence is ours."""
        return self._verifying > 0

    def server(self) -> McpSdkServerConfig:
        """The in-process tools. That they are always loaded is said on the command line."""
        verify = tool(
            "verify",
            "Run the project's checks on the work tree as it is now. Call it before you end.",
            {"type": "object", "properties": {}, "additionalProperties": False},
        )(self._verify_tool)
        conclude = tool(
            "conclude",
            "Say that the task ends without a change: nothing to do (no_change), a question that is now answered "
            "(answered), it does not apply to this repository (not_applicable), or a person must decide (needs_human). "
            "The reason is shown to the person who asked. End your turn after it.",
            {
                "type": "object",
                "properties": {
                    "outcome": {"type": "string", "enum": [str(name) for name in _CONCLUSIONS]},
                    "reason": {"type": "string", "minLength": 1, "maxLength": 4000},
                },
                "required": ["outcome", "reason"],
            },
        )(self._conclude_tool)
        return create_sdk_mcp_server(SERVER, tools=[verify, conclude])

    def hooks(self) -> dict[Any, list[HookMatcher]]:
        """A guard that blocks when it breaks, and a Stop hook that sends back a bounded number of times."""
        return {
            "PreToolUse": [HookMatcher(_TOUCHING, hooks=[self._guard], timeout=10, on_failure="block")],
            "Stop": [HookMatcher(hooks=[self._stop], timeout=_VERIFY_SECONDS)],
        }

    async def _verify(self) -> tuple[str, bool]:
        self._verifying += 1
        before = self._touches
        try:
            answer = await self._job.verify()
        except Exception as error:
            await self._on_broken(error)
            raise
        finally:
            self._verifying -= 1
        said = answer.text, answer.is_error
        self._known = said if self._touches == before else None
        return said

    async def _verify_tool(self, _arguments: Answer) -> Answer:
        text, is_red = await self._verify()
        return _answer(text, is_error=is_red)

    async def _conclude_tool(self, arguments: Answer) -> Answer:
        outcome, reason = arguments.get("outcome"), arguments.get("reason")
        if outcome not in _CONCLUSIONS or not isinstance(reason, str) or not reason.strip():
            names = ", ".join(_CONCLUSIONS)
            return _answer(f"Not understood: `outcome` is one of {names}, `reason` says why in words.", is_error=True)
        self.conclusion = Conclusion(outcome=OutcomeName(outcome), reason=reason.strip()[:4000])
        return _answer("Noted. Leave the work tree without changes and end your turn now.")

    async def _guard(self, event: Any, _call_id: str | None, _context: Any) -> Any:
        self._touches += 1
        self._known = None
        hint = objection(event["tool_name"], event["tool_input"])
        if hint is None:
            return {}
        decision = {"permissionDecision": "deny", "permissionDecisionReason": hint}
        return {"hookSpecificOutput": {"hookEventName": "PreToolUse", **decision}}

    async def _stop(self, _event: Any, _call_id: str | None, _context: Any) -> Any:
        if self.conclusion is not None or self._blocks >= self._job.stop_blocks:
            return {}
        text, is_red = self._known or await self._verify()
        if not is_red:
            return {}
        self._blocks += 1
        left = self._job.stop_blocks - self._blocks
        tail = f"You are sent back {left} more time{'' if left == 1 else 's'}." if left else "This is the last time."
        return {
            "decision": "block",
            "reason": f"You are not done: verify is red. {tail}\n{fenced('output', text)}\n"
            "Mend it, or call `conclude` if a person must decide.",
        }


def _answer(text: str, *, is_error: bool = False) -> Answer:
    return {"content": [{"type": "text", "text": text}], "is_error": is_error}
