"""Usage is read out of a stream whatever the pieces it arrives in."""

import json
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from honk.gateway.metering import EventParser, Meter, usage_of
from honk.gateway.pricing import Usage
from honk.testing.replies import Reply, Text, ToolUse, events, message_of

ANSWER = Reply(
    blocks=(Text("Grüße\r\n\n data: {no}"), ToolUse("Bash", {"command": "ls"})),
    usage={"input_tokens": 3, "cache_read_input_tokens": 5, "cache_creation_input_tokens": 7, "output_tokens": 11},
    delta_chars=7,
)
MESSAGE = message_of("m", ANSWER)
USED = Usage(input_tokens=3, cache_read_tokens=5, cache_write_1h_tokens=7, output_tokens=11)


def stream(line_end: str = "\n") -> bytes:
    parts = []
    for name, body in events(MESSAGE, 7):
        data = json.dumps({"type": name, **body}, ensure_ascii=False)
        parts.append(f"event: {name}{line_end}data: {data}{line_end}{line_end}")
    return (f": a comment{line_end}" + "".join(parts)).encode()


@settings(max_examples=50)
@given(st.data(), st.sampled_from(["\n", "\r\n", "\r"]))
def test_any_split_gives_the_same_events(data: st.DataObject, line_end: str) -> None:
    raw = stream(line_end)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(raw)), max_size=40)))
    parser, got = EventParser(), []
    for start, end in zip([0, *cuts], [*cuts, len(raw)], strict=True):
        got += parser.feed(raw[start:end])
    assert got == EventParser().feed(stream())
    meter = Meter()
    for event in got:
        meter.event(event)
    assert (meter.is_complete, meter.usage) == (True, USED)


@given(st.lists(st.binary(max_size=200), max_size=20))
def test_nonsense_never_raises(chunks: list[bytes]) -> None:
    parser, meter = EventParser(), Meter()
    for chunk in chunks:
        for event in parser.feed(chunk):
            meter.event(event)
    assert not meter.is_complete


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


@settings(max_examples=30)
@given(st.sampled_from(["message_start", "message_delta", "ping"]), json_values, json_values)
def test_a_service_that_talks_nonsense_breaks_no_meter(kind: str, one: Any, other: Any) -> None:
    meter = Meter()
    meter.event({"type": kind, "message": one, "usage": other, "delta": one})
    meter.message({"usage": one})


def test_a_stream_that_breaks_before_its_end_is_not_complete() -> None:
    meter = Meter()
    for event in EventParser().feed(stream()[: stream().index(b"event: message_delta")]):
        meter.event(event)
    assert not meter.is_complete
    assert meter.usage.input_tokens == 3


def test_an_empty_piece_between_the_halves_of_a_line_end_changes_nothing() -> None:
    parser = EventParser()
    pieces = (b'data: {"a":', b"\r", b"", b"\n", b"data: 1}\r\n\r", b"", b"\n")
    assert [event for piece in pieces for event in parser.feed(piece)] == [{"a": 1}]


def test_an_endless_line_is_not_kept() -> None:
    parser = EventParser()
    for _ in range(10):
        parser.feed(b"data: " + b"x" * (1 << 20))
    assert parser.feed(b"\n\n" + stream())[-1] == {"type": "message_stop"}


def test_cache_writes_are_told_apart() -> None:
    split = {"ephemeral_5m_input_tokens": 2, "ephemeral_1h_input_tokens": 5}
    told = usage_of({"cache_creation_input_tokens": 7, "cache_creation": split})
    assert (told.cache_write_5m_tokens, told.cache_write_1h_tokens) == (2, 5)
    assert usage_of({"cache_creation_input_tokens": 7}).cache_write_1h_tokens == 7
