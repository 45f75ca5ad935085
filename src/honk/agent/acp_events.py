"""Reads the updates of an Agent Client Protocol session into the port's events. No input, no output."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from acp.schema import (
    AgentMessageChunk,
    ContentToolCallContent,
    PermissionOption,
    SessionNotification,
    TextContentBlock,
    ToolCall,
    ToolCallProgress,
    ToolCallStart,
    ToolCallUpdate,
)

from honk.agent import Event, Said, ToolCalled, ToolReturned
from honk.agent.words import EXCERPT_CHARS, SAID_CHARS, one_line, plain, summary_of, telling
from honk.base.censor import Censor

_READING = frozenset({"read", "search", "think", "fetch", "switch_mode"})
"""Kinds of tools that leave the work tree as it is, by the program's word: it saves a run of the checks, no more."""
_OPEN_CALLS = 1000
"""Calls without an end that are remembered; a program with more of them is told of with less care."""


@dataclass(slots=True)
class _Call:
    """What is known of a tool call, which comes in pieces."""

    kind: str = ""
    first_title: str = ""
    title: str = ""
    arguments: Any = None
    is_told: bool = False


class Reader:
    """Joins pieces of words, and pieces of calls."""

    def __init__(self, censor: Censor) -> None:
        self._censor = censor
        self._words: list[str] = []
        self._held = 0
        self._calls: dict[str, _Call] = {}
        self.touches = 0
        """Tool calls so far that may have changed the work tree."""

    def updated(self, notification: SessionNotification) -> Iterator[Event]:
        """What an update shows; many show nothing to people."""
        update = notification.update
        if isinstance(update, AgentMessageChunk):
            if isinstance(update.content, TextContentBlock):
                yield from self._spoken(update.content.text)
            return
        if isinstance(update, ToolCallStart | ToolCallProgress):
            yield from self.flush()
            yield from self._called(update)

    def asked(self, update: ToolCallUpdate, *, is_denied: bool) -> Iterator[Event]:
        """A call that waits for permission is told of before it is answered."""
        yield from self.flush()
        call = self._known(update)
        if not call.is_told or is_denied:
            yield replace(self._told(update, call), is_denied=is_denied)

    def flush(self) -> Iterator[Event]:
        """The words so far, at the end of a message."""
        text = plain("".join(self._words), self._censor)
        self._words.clear()
        self._held = 0
        if text:
            yield Said(text=text)

    def _spoken(self, text: str) -> Iterator[Event]:
        self._words.append(text)
        self._held += len(text)
        if self._held > SAID_CHARS:
            yield from self.flush()

    def _called(self, update: ToolCall | ToolCallUpdate) -> Iterator[Event]:
        call = self._known(update)
        is_over = update.status in ("completed", "failed")
        says_something = isinstance(call.arguments, dict) and telling(call.arguments, self._censor)
        if not call.is_told and (is_over or update.status == "in_progress" or says_something):
            yield self._told(update, call)
        if is_over:
            self._calls.pop(update.tool_call_id, None)
            excerpt = plain(_text(update), self._censor, EXCERPT_CHARS)
            yield ToolReturned(call_id=self._id_of(update), is_error=update.status == "failed", excerpt=excerpt)

    def _known(self, update: ToolCall | ToolCallUpdate) -> _Call:
        """The call with what this piece adds."""
        call = self._calls.setdefault(update.tool_call_id, _Call())
        call.kind = update.kind or call.kind
        call.title = update.title or call.title
        call.first_title = call.first_title or call.title
        call.arguments = update.raw_input or call.arguments
        if len(self._calls) > _OPEN_CALLS:
            del self._calls[next(iter(self._calls))]
        return call

    def _id_of(self, update: ToolCall | ToolCallUpdate) -> str:
        return one_line(update.tool_call_id, self._censor)

    def _told(self, update: ToolCall | ToolCallUpdate, call: _Call) -> ToolCalled:
        call.is_told = True
        self.touches += call.kind not in _READING
        is_named = call.kind and call.kind != "other"
        arguments = call.arguments if isinstance(call.arguments, dict) else {}
        about = telling(arguments, self._censor) or one_line(call.title, self._censor)
        return ToolCalled(
            tool=one_line((call.kind if is_named else call.first_title) or "tool", self._censor, 80),
            call_id=self._id_of(update),
            summary=about or summary_of(arguments, self._censor),
        )


def allowing(options: Sequence[PermissionOption]) -> PermissionOption | None:
    """The narrowest yes among the options; None where there is none. What a call may do, the sandbox decides."""
    by_kind = {option.kind: option for option in reversed(options)}
    return by_kind.get("allow_once") or by_kind.get("allow_always")


def _text(update: ToolCall | ToolCallUpdate) -> str:
    parts = [
        part.content.text
        for part in update.content or ()
        if isinstance(part, ContentToolCallContent) and isinstance(part.content, TextContentBlock)
    ]
    return "\n".join(parts)
