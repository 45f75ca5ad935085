"""What a scripted model says: replies as values, and the Messages API's form of them. Pure."""

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal
from uuid import uuid4

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Text:
    """Words."""

    text: str


@dataclass(frozen=True, slots=True)
class Thinking:
    """Thoughts, signed by nobody."""

    thinking: str


@dataclass(frozen=True, slots=True)
class ToolUse:
    """One use of a tool."""

    tool: str
    input: Mapping[str, Any] = field(default_factory=dict)


Block = Text | Thinking | ToolUse
StreamFault = Literal["drop", "malformed", "empty", "event", "hang", "stall"]
"""A stream that breaks off, holds bad JSON, is empty, holds an error event, falls silent; or no answer at all."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """What goes wrong with the first `times` tries of a reply: an HTTP status, or a broken stream."""

    kind: int | StreamFault
    times: int = 1
    message: str = "scripted"
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """One answer of the model."""

    blocks: tuple[Block, ...] = ()
    fault: Fault | None = None
    delta_delay_seconds: float = 0.0
    delta_chars: int = 4000
    usage: Mapping[str, Any] = field(default_factory=dict)
    stop_reason: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """One request, as a reply that is a function sees it."""

    request: Json
    script: str
    index: int
    """How many answers of the model follow the message that named the script."""
    earlier: int
    """How many requests with this script and index came before: retries, or questions without a conversation."""


Line = Reply | Callable[[Ask], Reply]
Script = Sequence[Line] | Callable[[Ask], Reply]
"""Answers in order, or one function of the request: for scripts that never end, or that look at what they are told."""


def say(text: str, **settings: Any) -> Reply:
    """An answer in words, which ends the turn."""
    return Reply(blocks=(Text(text),), **settings)


def use(tool: str, /, **arguments: Any) -> Reply:
    """An answer that uses one tool."""
    return Reply(blocks=(ToolUse(tool, arguments),))


def fail(kind: int | StreamFault, *, times: int = 1, then: Reply | None = None, **headers: str) -> Reply:
    """An answer that fails `times` times; header names are written with underscores."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    good = then or say("OK.")
    return Reply(blocks=good.blocks, usage=good.usage, fault=Fault(kind=kind, times=times, headers=named))


_MARKER = re.compile(r"\[\[script:([\w.-]+?)(?:\+(\d+))?\]\]")
_NOT_THE_MODEL_S = "No response requested."
"""What Claude Code puts into the model's mouth where a session was cut off between a question and its answer."""


def place(request: Json) -> tuple[str, int]:
    """The script's name and the reply's index, from the request alone, so that retries, resumed sessions, forks,
    compaction and subagents need no state: the newest message not the model's that holds `[[script:NAME]]` names the
    script ("default" if none does; `+N` skips N replies); the index is the number of the model's messages after it.
    """
    replies = 0
    for message in reversed(request.get("messages", [])):
        if message.get("role") == "assistant":
            replies += text_of(message) != _NOT_THE_MODEL_S
        elif found := _MARKER.findall(text_of(message)):
            name, skip = found[-1]
            return name, replies + int(skip or 0)
    return "default", replies


def text_of(message: Json) -> str:
    """The words of a message; tool results are left out."""
    content = message.get("content", "")
    return content if isinstance(content, str) else "\n".join(block.get("text", "") for block in content)


def is_plain(request: Json) -> bool:
    """Whether no conversation with tools is meant: a judge's question, a title, a forced structured answer."""
    return not request.get("tools") or request.get("tool_choice", {}).get("type") == "tool"


def message_of(model: str, reply: Reply) -> Json:
    """The whole reply, as the API gives it without streaming."""
    blocks = [_block_of(block) for block in reply.blocks]
    stop = "tool_use" if any(block["type"] == "tool_use" for block in blocks) else "end_turn"
    return {
        "id": f"msg_{uuid4().hex[:20]}",
        "type": "message",
        "role": "assistant",
        "model": model,
        "content": blocks,
        "stop_reason": reply.stop_reason or stop,
        "stop_sequence": None,
        "usage": {"input_tokens": 100, "output_tokens": 20, **reply.usage},
    }


def _block_of(block: Block) -> Json:
    match block:
        case Text(text):
            return {"type": "text", "text": text}
        case Thinking(thinking):
            return {"type": "thinking", "thinking": thinking, "signature": "c2ln"}
        case ToolUse(tool, arguments):
            return {"type": "tool_use", "id": f"toolu_{uuid4().hex[:20]}", "name": tool, "input": dict(arguments)}


def events(message: Json, step: int) -> Iterator[tuple[str, Json]]:
    """The same reply as server-sent events, in deltas of `step` characters."""
    usage = message["usage"]
    start = {**message, "content": [], "stop_reason": None, "usage": {**usage, "output_tokens": 1}}
    yield "message_start", {"message": start}
    for at, block in enumerate(message["content"]):
        name = "input" if block["type"] == "tool_use" else block["type"]
        whole = json.dumps(block[name]) if name == "input" else block[name]
        empty: Any = {} if name == "input" else ""
        kind, key = ("input_json_delta", "partial_json") if name == "input" else (f"{name}_delta", name)
        yield "content_block_start", {"index": at, "content_block": {**block, name: empty}}
        for i in range(0, len(whole), step):
            yield "content_block_delta", {"index": at, "delta": {"type": kind, key: whole[i : i + step]}}
        yield "content_block_stop", {"index": at}
    yield "message_delta", {"delta": {"stop_reason": message["stop_reason"], "stop_sequence": None}, "usage": usage}
    yield "message_stop", {}


def script_of(lines: Sequence[Json | Sequence[Json]]) -> tuple[Reply, ...]:
    """A script from JSON. A reply is an object or a list of objects: `{"text"}`, `{"thinking"}`,
    `{"tool", "input"}`, `{"fault", "times", "message", "headers"}`, `{"delay", "chunk"}`, `{"usage"}`,
    `{"stop_reason"}`.
    """
    return tuple(_reply_of([line] if isinstance(line, Mapping) else line) for line in lines)


def _reply_of(parts: Sequence[Json]) -> Reply:
    blocks: list[Block] = []
    settings: Json = {}
    for part in parts:
        if "text" in part:
            blocks.append(Text(part["text"]))
        elif "thinking" in part:
            blocks.append(Thinking(part["thinking"]))
        elif "tool" in part:
            blocks.append(ToolUse(part["tool"], part.get("input", {})))
        elif "fault" in part:
            named = {key: part[key] for key in ("times", "message", "headers") if key in part}
            settings["fault"] = Fault(kind=part["fault"], **named)
        else:
            names = {"delay": "delta_delay_seconds", "chunk": "delta_chars"}
            settings |= {names.get(key, key): value for key, value in part.items()}
    return Reply(blocks=tuple(blocks), **settings)
