"""Reads Claude Code's messages into the port's events. Pure."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from claude_agent_sdk import (
    AssistantMessage,
    Message,
    ResultMessage,
    SystemMessage,
    TextBlock,
    ToolResultBlock,
    ToolUseBlock,
    UserMessage,
)

from honk.agent import Event, Retrying, Said, ToolCalled, ToolReturned
from honk.agent.claude_program import SERVER
from honk.agent.guard import objection
from honk.agent.words import EXCERPT_CHARS, one_line, plain, summary_of
from honk.base.censor import Censor
from honk.domain.limits import LimitName

_SYNTHETIC = "<synthetic>"
"""The model's name on words that the program itself puts there: "API Error: ..."."""


_OF_OUR_GATEWAY = re.compile(r"The model '.*' has no known price.*|Honk's gateway .*", re.DOTALL)
"""A refusal of our own, which no key mends."""
_OF_THE_INSIDE = re.compile(r"\s*If it persists, check your inference gateway \([^)]*\)\.")
"""Advice of the program with an address that means something in its sandbox only."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ending:
    """Why a session is over: with nothing set, the agent simply stopped."""

    limit: LimitName | None = None
    fault: str | None = None
    can_retry: bool = False


def events_of(message: Message, censor: Censor) -> Iterator[Event]:
    """What the message shows; many show nothing to people."""
    if isinstance(message, AssistantMessage):
        yield from _spoken(message, censor)
    elif isinstance(message, UserMessage) and not isinstance(message.content, str):
        for block in message.content:
            if isinstance(block, ToolResultBlock):
                text = plain(_text(block.content), censor, EXCERPT_CHARS)
                yield ToolReturned(call_id=block.tool_use_id, is_error=bool(block.is_error), excerpt=text)
    elif isinstance(message, SystemMessage) and message.subtype == "api_retry":
        yield Retrying(
            attempt=_number(message.data.get("attempt")),
            status=status_of_retry(message),
            delay_seconds=_number(message.data.get("retry_delay_ms")) / 1000,
        )


def generation_of(message: Message) -> str | None:
    """The id of the model's answer that this message is a part of: one answer may come as several messages."""
    if isinstance(message, AssistantMessage) and message.model != _SYNTHETIC:
        return message.message_id or message.uuid
    return None


def status_of_retry(message: Message) -> int | None:
    """The HTTP status over which the model is about to be asked again."""
    if not isinstance(message, SystemMessage) or message.subtype != "api_retry":
        return None
    status = message.data.get("error_status")
    return status if isinstance(status, int) else None


def ending_of(result: ResultMessage, censor: Censor) -> Ending:
    """How the program says that it ended. Its `success` says only that it stopped."""
    text = one_line("; ".join(result.errors or ()) or result.result or result.subtype, censor, 600)
    if result.subtype == "error_max_turns" or result.terminal_reason == "max_turns":
        return Ending(limit=LimitName.TURNS)
    if result.api_error_status is not None:
        return refusal(result.api_error_status, text)
    return Ending(fault=f"Claude Code ended with an error: {text}") if result.is_error else Ending()


def refusal(status: int, text: str = "") -> Ending:
    """The end that follows when the model's service says no and asking again does not help."""
    if status == 402 and "limit of this run" in text:  # our own gateway's word
        return Ending(limit=LimitName.TURNS if "turns limit" in text else LimitName.MONEY)
    if status == 402:
        fault = (
            "The model's service asks for payment (402). The work so far is kept. Whoever runs Honk must put the "
            f"account in order; then start the task again. {text}"
        )
    elif status == 403 and (ours := _OF_OUR_GATEWAY.search(text)):
        fault = f"{ours[0]} The work so far is kept."
    elif status in (401, 403):
        fault = (
            f"The model's service refused the key ({status}). The work so far is kept. Whoever runs Honk must set a "
            f"valid key (`honk doctor --online` checks it); then start the task again. {text}"
        )
    else:
        fault = (
            f"The model's service failed ({status}), also when asked again. The work so far is kept. Start the task "
            f"again once the service answers. {_OF_THE_INSIDE.sub('', text)}"
        )
    return Ending(fault=fault.strip())


def _spoken(message: AssistantMessage, censor: Censor) -> Iterator[Event]:
    for block in message.content:
        if isinstance(block, TextBlock) and (text := plain(block.text, censor)):
            yield Said(text=text)
        elif isinstance(block, ToolUseBlock):
            yield ToolCalled(
                tool=one_line(block.name.removeprefix(f"mcp__{SERVER}__"), censor, 80),
                call_id=block.id,
                summary=summary_of(block.input, censor),
                is_denied=objection(block.name, block.input) is not None,
            )


def _text(content: str | list[dict[str, Any]] | None) -> str:
    if content is None or isinstance(content, str):
        return content or ""
    return "\n".join(str(part.get("text", f"[{part.get('type', 'something')}]")) for part in content)


def _number(value: object) -> int:
    return int(value) if isinstance(value, int | float) else 0
