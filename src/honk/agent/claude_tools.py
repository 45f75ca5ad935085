"""The desk as Claude Code reaches it: our tools as tools of its library, the guard, the Stop hook."""

from typing import Any

from claude_agent_sdk import HookMatcher, create_sdk_mcp_server, tool
from claude_agent_sdk.types import McpSdkServerConfig

from honk.agent import ToolAnswer, desk
from honk.agent.claude_program import SERVER
from honk.agent.guard import objection

_VERIFY_SECONDS = 3600.0
"""A roof for the library's own clocks; how long checks may take is the verifier's to say."""
_TOUCHING = "Bash|Edit|MultiEdit|Write|NotebookEdit"
"""What may change the work tree. A background program may too, but what is answered here is help, not evidence."""
Answer = dict[str, Any]


class Desk(desk.Desk):
    """Our side of one session of Claude Code."""

    def server(self) -> McpSdkServerConfig:
        """The in-process tools. That they are always loaded is said on the command line."""
        verify = tool(desk.VERIFY, desk.VERIFY_WORDS, dict(desk.VERIFY_SCHEMA))(self._verify_tool)
        conclude = tool(desk.CONCLUDE, desk.CONCLUDE_WORDS, dict(desk.CONCLUDE_SCHEMA))(self._conclude_tool)
        ask = tool(desk.ASK, desk.ASK_WORDS, dict(desk.ASK_SCHEMA))(self._ask_tool)
        return create_sdk_mcp_server(SERVER, tools=[verify, conclude, ask])

    def hooks(self) -> dict[Any, list[HookMatcher]]:
        """A guard that blocks when it breaks, and a Stop hook that sends back a bounded number of times."""
        return {
            "PreToolUse": [HookMatcher(_TOUCHING, hooks=[self._guard], timeout=10, on_failure="block")],
            "Stop": [HookMatcher(hooks=[self._stop], timeout=_VERIFY_SECONDS)],
        }

    async def _verify_tool(self, _arguments: Answer) -> Answer:
        return _answer(await self.verify())

    async def _conclude_tool(self, arguments: Answer) -> Answer:
        return _answer(self.conclude(arguments.get("outcome"), arguments.get("reason")))

    async def _ask_tool(self, arguments: Answer) -> Answer:
        return _answer(self.ask(arguments.get("text"), arguments.get("choices"), arguments.get("recommended")))

    async def _guard(self, event: Any, _call_id: str | None, _context: Any) -> Any:
        self.touched()
        hint = self.refusal or objection(event["tool_name"], event["tool_input"])
        if hint is None:
            return {}
        decision = {"permissionDecision": "deny", "permissionDecisionReason": hint}
        return {"hookSpecificOutput": {"hookEventName": "PreToolUse", **decision}}

    async def _stop(self, _event: Any, _call_id: str | None, _context: Any) -> Any:
        reason = await self.sent_back(can_conclude=True)
        return {} if reason is None else {"decision": "block", "reason": reason}


def _answer(answer: ToolAnswer) -> Answer:
    return {"content": [{"type": "text", "text": answer.text}], "is_error": answer.is_error}
