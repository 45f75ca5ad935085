"""Reads what a call used out of the answer that passes by: a tolerant parser of event streams, and a meter. Pure."""

import json
import re
from dataclasses import dataclass, field, replace
from typing import Any

from honk.gateway.pricing import Usage

_MAX_EVENT_BYTES = 4 << 20
_CHARS_PER_TOKEN = 4
_WRITTEN = ("text", "thinking", "partial_json")
_LINE_END = re.compile(rb"\r\n|\n|\r")


class EventParser:
    """The JSON of server-sent events, whatever the pieces the stream arrives in.

    What is not JSON is passed over, and so is an event too large to hold: metering must not break a stream. A meter
    that missed the usage reports none, and the call keeps its reservation.
    """

    def __init__(self) -> None:
        self._line = bytearray()
        self._data: list[bytes] = []
        self._held = 0
        self._after_cr = False

    def feed(self, chunk: bytes) -> list[dict[str, Any]]:
        """The events that this chunk completes."""
        if not chunk:
            return []
        if self._after_cr:
            chunk = chunk.removeprefix(b"\n")
            self._after_cr = False
        self._after_cr = chunk.endswith(b"\r")
        *lines, rest = _LINE_END.split(chunk)
        done: list[dict[str, Any]] = []
        for line in lines:
            whole = bytes(self._line) + line
            self._line.clear()
            if (event := self._take(whole)) is not None:
                done.append(event)
        self._keep(rest)
        return done

    def _keep(self, rest: bytes) -> None:
        room = _MAX_EVENT_BYTES - len(self._line)
        self._line += rest[: max(0, room)]

    def _take(self, line: bytes) -> dict[str, Any] | None:
        if line.startswith(b"data:"):
            self._held += len(line)
            if self._held <= _MAX_EVENT_BYTES:
                self._data.append(line[5:].removeprefix(b" "))
            return None
        if line:
            return None
        data, self._data, self._held = b"\n".join(self._data), [], 0
        try:
            event = json.loads(data) if data else None
        except (ValueError, RecursionError):
            return None
        return event if isinstance(event, dict) else None


@dataclass(slots=True)
class Meter:
    """Adds up what one answer used."""

    is_complete: bool = False
    """Whether the final usage was seen; until then only the reservation is certain."""
    usage: Usage = field(default_factory=Usage)
    _seen: dict[str, Any] | None = None
    _heard_chars: int = 0

    @property
    def has_begun(self) -> bool:
        """Whether the answer has told anything of its usage."""
        return self._seen is not None

    @property
    def so_far(self) -> Usage:
        """Of an answer that is not whole: what it told, and what was heard of it in tokens of the usual length."""
        heard = self._heard_chars // _CHARS_PER_TOKEN
        return replace(self.usage, output_tokens=max(self.usage.output_tokens, heard))

    def event(self, event: dict[str, Any]) -> None:
        """One event of a stream: `message_start` names the input, `message_delta` the running totals."""
        match event.get("type"):
            case "message_start" if isinstance(event.get("message"), dict):
                self._merge(event["message"].get("usage"))
            case "content_block_delta" if isinstance(event.get("delta"), dict):
                written = [event["delta"].get(key) for key in _WRITTEN]
                self._heard_chars += sum(len(one) for one in written if isinstance(one, str))
            case "message_delta":
                # The API sends one with the stop reason, last; without that the totals are not final.
                delta = event.get("delta")
                final = isinstance(delta, dict) and delta.get("stop_reason") is not None
                self.is_complete = self._merge(event.get("usage")) and final

    def message(self, message: dict[str, Any]) -> None:
        """A whole answer."""
        self.is_complete = self._merge(message.get("usage"))

    def _merge(self, usage: object) -> bool:
        if not isinstance(usage, dict):
            return False
        self._seen = {**(self._seen or {}), **{key: value for key, value in usage.items() if value is not None}}
        self.usage = usage_of(self._seen)
        return True


def usage_of(usage: dict[str, Any]) -> Usage:
    """The API's usage object. Cache writes whose time is not told count at the dearer price."""
    written = _count(usage, "cache_creation_input_tokens")
    split = usage.get("cache_creation")
    short = _count(split, "ephemeral_5m_input_tokens") if isinstance(split, dict) else 0
    long = _count(split, "ephemeral_1h_input_tokens") if isinstance(split, dict) else 0
    tools = usage.get("server_tool_use")
    return Usage(
        input_tokens=_count(usage, "input_tokens"),
        cache_read_tokens=_count(usage, "cache_read_input_tokens"),
        cache_write_5m_tokens=short,
        cache_write_1h_tokens=long + max(0, written - short - long),
        output_tokens=_count(usage, "output_tokens"),
        web_searches=_count(tools, "web_search_requests") if isinstance(tools, dict) else 0,
        is_us_only=usage.get("inference_geo") == "us",
    )


def _count(usage: dict[str, Any], key: str) -> int:
    value = usage.get(key)
    return value if isinstance(value, int) and value > 0 else 0
