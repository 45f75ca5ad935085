"""Decides what a request to the model may be, before money is asked for. Pure.

A field, a tool or a source that is not known here is refused: each could be a way out (the far side fetching an address
that the agent made up), a dearer tier, or input whose tokens cannot be bounded, and the reservation rests on a bound.
"""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from honk.gateway.pricing import CACHE_WRITE_1H_FACTOR, CACHE_WRITE_5M_FACTOR, Price, price_of

MAX_BODY_BYTES = 32 << 20
"""The API's own limit."""
_MAX_PARTS = 1_000_000
"""Brackets and commas in a body: a few bytes of them become a hundred in memory."""
_MAX_DEPTH = 64
_FIELDS = frozenset(
    {"model", "messages", "system", "tools", "tool_choice", "metadata", "max_tokens", "thinking", "stream"}
    | {"context_management", "output_config", "output_format", "cache_control", "service_tier", "inference_geo"}
    | {"temperature", "top_p", "top_k", "stop_sequences"}
)
_COUNTED = frozenset({"model", "messages", "system", "tools", "tool_choice", "thinking", "context_management"})
_CLIENT_TOOLS = ("custom", "bash_", "text_editor_", "computer_", "memory_")
_EDITS = ("clear_tool_uses_", "clear_thinking_")
_SOURCES = frozenset({"base64", "text", "content"})
_DATED = re.compile(r"_\d{8}$")
"""Every tool and edit that the far side itself carries out has a dated type, and so have some that we pass."""
_ELSEWHERE = frozenset({"mcp_toolset", "container_upload", "server_tool_use"})
_HIDDEN_TOKENS = 4_000
"""What the far side adds to a prompt for tools and roles, generously."""
_IMAGE_TOKENS = 8_000
"""More than any model counts for one image, which it scales down first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """A no, in the API's form."""

    status: int
    kind: str
    message: str
    """For the agent and the person who reads its transcript."""
    can_retry: bool = False

    def body(self) -> bytes:
        """As the API words an error."""
        return json.dumps({"type": "error", "error": {"type": self.kind, "message": self.message}}).encode()


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """A request that may be asked."""

    model: str
    price: Price
    body: Mapping[str, Any]
    max_tokens: int
    input_bound: int
    """The most tokens that it can be read as."""
    cache_factor: float
    """What writing the prompt to the cache costs, of the input price; 1.0 where nothing is cached."""
    is_turn: bool
    """Whether it is a generation of the working agent: it carries tools."""

    def with_max_tokens(self, tokens: int) -> bytes:
        """The request's body with that ceiling; a thinking budget is kept below it, as the API demands."""
        body = {**self.body, "max_tokens": tokens}
        thinking = self.body.get("thinking")
        if isinstance(thinking, dict) and isinstance(budget := thinking.get("budget_tokens"), int) and budget >= tokens:
            enough = tokens > 2 * 1024
            body["thinking"] = {**thinking, "budget_tokens": tokens // 2} if enough else {"type": "disabled"}
        return json.dumps(body, separators=(",", ":")).encode()

    def to_count(self) -> bytes:
        """The body as the counting endpoint wants it: it knows nothing of answers."""
        return json.dumps({key: value for key, value in self.body.items() if key in _COUNTED}).encode()


def invalid(message: str) -> Refusal:
    """The request is not what it should be."""
    return Refusal(status=400, kind="invalid_request_error", message=message)


def admit(raw: bytes, prices: Mapping[str, Price]) -> Question | Refusal:
    """The question that a body asks, or why it may not be asked."""
    if sum(raw.count(sign) for sign in b"[{,") > _MAX_PARTS:
        return Refusal(status=413, kind="request_too_large", message="The request has too many parts.")
    try:
        # Only UTF-8: in another encoding a byte could stand for more than one token's worth.
        body = json.loads(raw.decode())
    except (ValueError, RecursionError):
        return invalid("The request's body is not JSON.")
    if not isinstance(body, dict):
        return invalid("The request's body is not a JSON object.")
    model, max_tokens = body.get("model"), body.get("max_tokens")
    if not isinstance(model, str) or (price := price_of(model, prices)) is None:
        return _no_price(model)
    if not isinstance(max_tokens, int) or isinstance(max_tokens, bool) or max_tokens < 1:
        return invalid("max_tokens must be a whole number above 0.")
    if (objection := _objection(body)) is not None:
        return Refusal(status=403, kind="permission_error", message=objection)
    weighed = _weigh(body)
    if isinstance(weighed, str):
        return Refusal(status=403, kind="permission_error", message=weighed)
    return Question(
        model=model,
        price=price,
        body=body,
        max_tokens=max_tokens,
        # A token stands for at least one byte of the prompt; escapes and JSON's own signs only make the bound looser.
        input_bound=len(raw) - weighed.image_bytes + _HIDDEN_TOKENS + weighed.images * _IMAGE_TOKENS,
        cache_factor=weighed.cache_factor,
        is_turn=bool(body.get("tools")),
    )


def _no_price(model: object) -> Refusal:
    name = model[:100] if isinstance(model, str) else "none"
    return Refusal(
        status=403,
        kind="permission_error",
        message=f"The model {name!r} has no known price, so Honk cannot keep the money limit and does not call it. "
        "Choose another model, or ask the operator to add its price.",
    )


def _objection(body: Mapping[str, Any]) -> str | None:
    if unknown := sorted(set(body) - _FIELDS):
        return f"Honk's gateway does not pass the field {unknown[0][:100]!r} on."
    if body.get("service_tier", "auto") not in ("auto", "standard_only"):
        return "Honk's gateway passes the standard service tier only."
    if not isinstance(tools := body.get("tools") or [], list):
        return "tools must be a list."
    for tool in tools:
        kind = (tool.get("type") or "custom") if isinstance(tool, dict) else None
        if not isinstance(kind, str) or not kind.startswith(_CLIENT_TOOLS):
            return _foreign(kind)
    return None


def _is_foreign(kind: str) -> bool:
    """Asked of every block: tools and edits may stand in the midst of a conversation as well as at its head."""
    return kind in _ELSEWHERE or (bool(_DATED.search(kind)) and not kind.startswith(_CLIENT_TOOLS + _EDITS))


def _foreign(kind: object) -> str:
    return f"Honk's gateway passes tools that run in the sandbox only, and not {str(kind)[:100]!r}."


@dataclass(slots=True)
class _Weight:
    images: int = 0
    image_bytes: int = 0
    cache_factor: float = 1.0


def _weigh(body: Mapping[str, Any]) -> _Weight | str:
    """What matters for the price, wherever it stands in the body; or what may not stand there."""
    weight = _Weight()
    for depth, key, value in _walk(body):
        if depth > _MAX_DEPTH:
            return "The request is nested too deeply."
        kind = value.get("type")
        if isinstance(kind, str) and _is_foreign(kind):
            return _foreign(kind)
        if key == "cache_control":
            factor = CACHE_WRITE_5M_FACTOR if value.get("ttl", "5m") == "5m" else CACHE_WRITE_1H_FACTOR
            weight.cache_factor = max(weight.cache_factor, factor)
        if kind in ("image", "document") and (objection := _weigh_source(weight, value)) is not None:
            return objection
    return weight


def _weigh_source(weight: _Weight, block: Mapping[str, Any]) -> str | None:
    source = block.get("source")
    form = source.get("type") if isinstance(source, dict) else None
    if not isinstance(source, dict) or form not in _SOURCES:
        return "Honk's gateway passes images and documents only where they are in the request itself."
    if form == "base64" and block["type"] == "document":
        return "Honk's gateway does not pass PDF documents on: what they cost is not known beforehand."
    if form == "base64" and isinstance(data := source.get("data"), str):
        weight.images += 1
        weight.image_bytes += len(data)
    return None


def _walk(root: Mapping[str, Any]) -> Iterator[tuple[int, str, Mapping[str, Any]]]:
    """Every object below the root that the API may read as a block, with its depth and the key it hangs on.

    The inputs of tool calls and the schemas of tools are data, not blocks.
    """
    stack: list[tuple[int, str, Any]] = [(0, "", root)]
    while stack:
        depth, key, value = stack.pop()
        if isinstance(value, dict):
            yield depth, key, value
            stack += [
                (depth + 1, name, inner) for name, inner in value.items() if name not in ("input", "input_schema")
            ]
        elif isinstance(value, list):
            stack += [(depth + 1, key, inner) for inner in value]
