"""A task's spans as OTLP/JSON, the text that collectors take over HTTP and from files. Pure.

After "JSON Protobuf Encoding" of the OpenTelemetry protocol's specification 1.x: an `ExportTraceServiceRequest` with
names in lowerCamelCase, ids in hexadecimal (not in base64, as protobuf's own mapping has it), 64-bit integers as
decimal strings, and enumerations as numbers.
"""

import hashlib
import json
import math
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

from honk import __version__
from honk.insight.kept import Kept
from honk.insight.span import Moment, Span, Value, without_words
from honk.insight.trace import spans_of

_BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)
_INTERNAL, _CLIENT = 1, 3
_ERROR = 2
_INTEGERS = 1 << 63
"""What is larger, or no number, is told as text: one such value would have the whole trace refused."""
Json = dict[str, object]


def trace_document(kept: Kept, *, has_words: bool = True) -> str:
    """One line of ASCII. The ids are made of the task's: exported twice, it is the same trace. Without words it has
    what happened, how long it took and what it cost, and nothing of what was said or printed."""
    task = kept.task
    spans = [_span(task.task_id, span if has_words else without_words(span)) for span in spans_of(kept)]
    if task.replay_of is not None:
        spans[0]["links"] = [{"traceId": trace_id(task.replay_of), "spanId": span_id(task.replay_of, "task")}]
    resource = {"service.name": "honk", "service.version": __version__}
    scope = {"scope": {"name": "honk", "version": __version__}, "spans": spans}
    return json.dumps({"resourceSpans": [{"resource": {"attributes": _attributes(resource)}, "scopeSpans": [scope]}]})


def trace_id(task_id: str) -> str:
    """16 bytes, in hexadecimal."""
    return hashlib.sha256(f"honk task {task_id}".encode()).hexdigest()[:32]


def span_id(task_id: str, key: str) -> str:
    """8 bytes, in hexadecimal."""
    return hashlib.sha256(f"honk span {task_id} {key}".encode()).hexdigest()[:16]


def _span(task_id: str, span: Span) -> Json:
    parent = {} if span.parent is None else {"parentSpanId": span_id(task_id, span.parent)}
    status = {} if span.error is None else {"code": _ERROR, "message": _text(span.error)}
    return {
        "traceId": trace_id(task_id),
        "spanId": span_id(task_id, span.key),
        **parent,
        "name": _text(span.name),
        "kind": _CLIENT if span.is_call else _INTERNAL,
        "startTimeUnixNano": _nanoseconds(span.begun_at),
        "endTimeUnixNano": _nanoseconds(span.ended_at),
        "attributes": _attributes(span.facts),
        "events": [_event(moment) for moment in span.moments],
        "status": status,
    }


def _event(moment: Moment) -> Json:
    return {
        "timeUnixNano": _nanoseconds(moment.at),
        "name": _text(moment.name),
        "attributes": _attributes(moment.facts),
    }


def _attributes(facts: Mapping[str, Value]) -> list[Json]:
    return [{"key": _text(name), "value": _value(value)} for name, value in facts.items()]


def _value(value: Value) -> Json:
    match value:
        case bool():
            return {"boolValue": value}
        case tuple():
            return {"arrayValue": {"values": [{"stringValue": _text(one)} for one in value]}}
        case int() if -_INTEGERS <= value < _INTEGERS:
            return {"intValue": str(value)}
        case float() if math.isfinite(value):
            return {"doubleValue": value}
    return {"stringValue": _text(str(value))}


def _nanoseconds(at: datetime) -> str:
    return str((at - _BEGINNING) // timedelta(microseconds=1) * 1_000)


def _text(text: str) -> str:
    """What is no Unicode (half a surrogate pair, from a path or a log) becomes an escape: readers refuse it."""
    return text.encode(errors="backslashreplace").decode()
