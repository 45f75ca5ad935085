"""A question is bounded, or refused."""

import base64
import json
from typing import Any

import pytest

from honk.gateway.admission import Question, Refusal, admit
from honk.gateway.pricing import PRICES


def asked(**more: Any) -> Question | Refusal:
    body = {"model": "claude-opus-5-5", "max_tokens": 100, "messages": [{"role": "user", "content": "x"}], **more}
    return admit(json.dumps(body).encode(), PRICES)


def content(*blocks: dict[str, Any]) -> dict[str, Any]:
    return {"messages": [{"role": "user", "content": list(blocks)}]}


def source(kind: str, **more: str) -> dict[str, Any]:
    return {"type": kind, **more}


@pytest.mark.parametrize(
    "more",
    [
        content({"type": "image", "source": source("url", url="http://x")}),
        content({"type": "document", "source": source("file", file_id="f")}),
        content({"type": "document", "source": source("base64", data="JVBERi0=")}),
        content({"type": "tool_result", "content": [{"type": "image", "source": source("url", url="http://x")}]}),
        {"tools": [{"type": "code_execution_20250825", "name": "c"}]},
        {"tools": [{"type": 7}]},
        {"tools": {"a": 1}},
        {"context_management": {"edits": [{"type": "compact_20260112"}]}},
        {"service_tier": "priority"},
        {"container": "c"},
    ],
)
def test_what_reaches_out_or_cannot_be_bounded_is_refused(more: dict[str, Any]) -> None:
    answer = asked(**more)
    assert isinstance(answer, Refusal)
    assert answer.status in (400, 403)


@pytest.mark.parametrize(
    "more",
    [
        {"context_management": {"edits": [{"type": "clear_thinking_20251015", "keep": "all"}]}},
        {"tools": [{"name": "Read", "input_schema": {"properties": {"type": {"const": "web_fetch_20250910"}}}}]},
        content({"type": "tool_use", "id": "a", "name": "b", "input": {"type": "image", "source": {"type": "url"}}}),
        content({"type": "document", "source": source("text", data="x")}),
        {"thinking": {"type": "adaptive"}, "output_config": {"effort": "medium"}},
    ],
)
def test_what_an_honest_agent_sends_passes(more: dict[str, Any]) -> None:
    assert isinstance(asked(**more), Question)


def test_the_bound_counts_bytes_but_an_image_as_an_image() -> None:
    image = {"type": "image", "source": source("base64", data=base64.b64encode(b"x" * 300_000).decode())}
    answer = asked(**content(image))
    assert isinstance(answer, Question)
    assert 8_000 < answer.input_bound < 20_000


@pytest.mark.parametrize(
    ("ttl", "factor"), [({}, 1.25), ({"ttl": "5m"}, 1.25), ({"ttl": "1h"}, 2.0), ({"ttl": "?"}, 2.0)]
)
def test_writing_to_the_cache_is_reckoned_with(ttl: dict[str, str], factor: float) -> None:
    answer = asked(**content({"type": "text", "text": "x", "cache_control": {"type": "ephemeral", **ttl}}))
    assert isinstance(answer, Question)
    assert answer.cache_factor == factor


def test_of_a_key_that_stands_twice_only_what_was_read_is_sent() -> None:
    raw = b'{"model":"claude-opus-5-5","max_tokens":9,"messages":[],"max_tokens":1000000,"model":"claude-haiku-5-5"}'
    answer = admit(raw, PRICES)
    assert isinstance(answer, Question)
    assert json.loads(answer.with_max_tokens(5)) == {"model": "claude-haiku-5-5", "max_tokens": 5, "messages": []}


def test_another_encoding_is_refused() -> None:
    body = {"model": "claude-opus-5-5", "max_tokens": 9, "messages": []}
    assert isinstance(admit(json.dumps(body).encode("utf-16"), PRICES), Refusal)


def test_a_body_that_would_swell_in_memory_is_refused_unparsed() -> None:
    answer = admit(b"[" + b"[]," * 600_000 + b"0]", PRICES)
    assert isinstance(answer, Refusal)
    assert answer.status == 413


def test_a_thinking_budget_stays_below_the_ceiling() -> None:
    answer = asked(max_tokens=20_000, thinking={"type": "enabled", "budget_tokens": 10_000})
    assert isinstance(answer, Question)
    assert json.loads(answer.with_max_tokens(8000))["thinking"]["budget_tokens"] == 4000
    assert json.loads(answer.with_max_tokens(1000))["thinking"] == {"type": "disabled"}
    assert json.loads(answer.with_max_tokens(20_000))["thinking"]["budget_tokens"] == 10_000
