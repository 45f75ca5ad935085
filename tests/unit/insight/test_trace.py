"""A task as a trace: what every collector takes, and nothing in it made up."""

import base64
import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from google.protobuf import json_format
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from honk.domain.limits import Limits
from honk.domain.money import BROKEN_OFF, ModelCall
from honk.domain.task import Brief, Outcome, OutcomeName, Status
from honk.insight.kept import Kept
from honk.insight.otlp import span_id, trace_document, trace_id
from honk.insight.span import Span
from honk.insight.trace import spans_of
from honk.store import Attempt, Run, TaskEvent
from honk.testing.store_rules import a_task

NOON = datetime(2026, 3, 4, 12, tzinfo=UTC)
TOLD: tuple[tuple[int, str, dict[str, object]], ...] = (
    (0, "accepted", {"task_id": "t1", "notes": ["a note"]}),
    (1, "stage", {"stage": "workspace", "state": "started", "attempt": 0}),
    (2, "stage", {"stage": "workspace", "state": "finished", "attempt": 0, "seconds": 1.0}),
    (3, "attempt", {"number": 1, "of": 3}),
    (3, "stage", {"stage": "agent", "state": "started", "attempt": 1}),
    (4, "said", {"text": "I look, \udce9 and mend."}),
    (5, "tool", {"tool": "Bash", "call_id": "c1", "summary": "ls", "is_denied": False}),
    (6, "tool_result", {"call_id": "c1", "is_error": True, "excerpt": "no such file"}),
    (7, "tool", {"tool": "Read", "call_id": "c2", "summary": "calc.py", "is_denied": False}),
    (10, "stage", {"stage": "agent", "state": "finished", "attempt": 1, "seconds": 7.0}),
    (11, "stage", {"stage": "verify", "state": "started", "attempt": 1}),
    (15, "stage", {"stage": "verify", "state": "finished", "attempt": 1, "seconds": 4.0}),
    (15, "report", {"verifier": "tests", "result": "failed", "seconds": 3.0, "summary": "1 red",
                    "new_tests": [{"a": 1}]}),
    (16, "stage", {"stage": "judge", "state": "started", "attempt": 1}),
    (18, "stage", {"stage": "judge", "state": "finished", "attempt": 1, "seconds": 2.0}),
    (18, "verdict", {"ruling": "veto", "reasons": ["too wide", "no test"], "judge": "opus", "seconds": 5.0}),
    (19, "decision", {"next": "retry", "feedback": "again"}),
    (20, "attempt", {"number": 2, "of": 3}),
    (21, "stage", {"stage": "agent", "state": "started", "attempt": 2}),
    (22, "tool", {"tool": "Bash", "call_id": "c1", "summary": "true", "is_denied": False}),
)  # fmt: skip
RUNNING = Kept(
    task=replace(a_task("t1"), created_at=NOON, status=Status.RUNNING),
    briefs=(Brief(version=1, goal="mend it"),),
    run=Run(run_id="t1-1", task_id="t1", limits=Limits(), started_at=NOON),
    attempts=(
        Attempt(
            attempt_id="t1-1-1", run_id="t1-1", number=1, session_id="s", prompt="p", started_at=NOON,
            finished_at=NOON + timedelta(seconds=19), decision="retry", turns=2,
        ),
    ),
    events=tuple(
        TaskEvent(task_id="t1", sequence=number, kind=kind, body=body, at=NOON + timedelta(seconds=second))
        for number, (second, kind, body) in enumerate(TOLD, start=1)
    ),
    calls=(
        ModelCall(
            call_id="m1", run_id="t1-1", purpose="agent", model="sonnet", reserved_usd=0.5, cost_usd=0.125,
            input_tokens=7, output_tokens=3, cache_read_tokens=100, cache_write_tokens=20, status=200, seconds=0.5,
            asked_at=NOON + timedelta(seconds=4),
        ),
        ModelCall(
            call_id="m2", run_id="t1-1", purpose="judge", model="opus", reserved_usd=0.5, cost_usd=None,
            status=BROKEN_OFF, seconds=1.0, asked_at=NOON + timedelta(seconds=17),
        ),
        ModelCall(
            call_id="m3", run_id="t1-1", purpose="agent", model="sonnet", reserved_usd=0.5, cost_usd=0.0, status=529,
        ),
    ),
    pull_requests=(),
    approvals=(),
    blobs=(),
)  # fmt: skip
FAILED = replace(
    RUNNING,
    task=replace(RUNNING.task, status=Status.FINISHED, outcome=Outcome(name=OutcomeName.FAILED, reason="red at last")),
    run=replace(RUNNING.run, finished_at=NOON + timedelta(seconds=25)),
)


def by_key(kept: Kept) -> dict[str, Span]:
    return {span.key: span for span in spans_of(kept)}


def seconds(span: Span) -> tuple[float, float]:
    return (span.begun_at - NOON).total_seconds(), (span.ended_at - NOON).total_seconds()


def sent_spans(kept: Kept) -> list[dict[str, Any]]:
    [resource] = json.loads(trace_document(kept))["resourceSpans"]
    [scope] = resource["scopeSpans"]
    return list(scope["spans"])


def in_base64(value: Any) -> Any:
    """As protobuf's own mapping has ids: the one place where OTLP's differs."""
    if isinstance(value, list):
        return [in_base64(one) for one in value]
    if not isinstance(value, dict):
        return value
    ids = {"traceId", "spanId", "parentSpanId"}
    return {
        name: base64.b64encode(bytes.fromhex(one)).decode() if name in ids else in_base64(one)
        for name, one in value.items()
    }


def chain(spans: dict[str, Span], key: str) -> Iterator[str]:
    while (parent := spans[key].parent) is not None:
        yield (key := parent)


def test_every_span_lies_below_its_stage_its_attempt_its_run_and_the_task() -> None:
    spans = by_key(RUNNING)
    assert list(chain(spans, "tool/7")) == ["stage/agent/1", "attempt/1", "run", "task"]
    assert list(chain(spans, "report/13")) == ["stage/verify/1", "attempt/1", "run", "task"]
    assert list(chain(spans, "verdict/16")) == ["stage/judge/1", "attempt/1", "run", "task"]
    assert list(chain(spans, "tool/20")) == ["stage/agent/2", "attempt/2", "run", "task"]
    assert list(chain(spans, "call/m1")) == ["stage/agent/1", "attempt/1", "run", "task"]
    assert list(chain(spans, "call/m2")) == ["stage/judge/1", "attempt/1", "run", "task"]
    assert list(chain(spans, "stage/workspace/0")) == ["run", "task"]
    assert len(spans) == len(spans_of(RUNNING)), "no key twice"


def test_a_tool_lasts_until_its_answer_and_without_one_as_long_as_its_stage() -> None:
    spans = by_key(RUNNING)
    assert seconds(spans["tool/7"]) == (5, 6)
    assert spans["tool/7"].error == "no such file"
    assert seconds(spans["tool/9"]) == (7, 10)
    assert spans["tool/9"].error is None
    assert seconds(spans["tool/20"]) == (22, 22), "the same call id in another attempt is another call"
    assert spans["tool/7"].facts["gen_ai.tool.name"] == "Bash"


def test_an_answer_belongs_to_the_newest_tool_of_its_id() -> None:
    later = [
        TaskEvent(task_id="t1", sequence=20 + n, kind=kind, body={"call_id": "c2"}, at=NOON + timedelta(seconds=22 + n))
        for n, kind in enumerate(("tool", "tool_result"), start=1)
    ]
    spans = by_key(replace(RUNNING, events=(*RUNNING.events, *later)))
    assert (seconds(spans["tool/9"]), seconds(spans["tool/21"])) == ((7, 10), (23, 24))


def test_reports_and_verdicts_end_with_their_stage_and_are_red_where_they_are() -> None:
    spans = by_key(RUNNING)
    assert (seconds(spans["report/13"]), spans["report/13"].error) == ((12, 15), "1 red")
    assert (seconds(spans["verdict/16"]), spans["verdict/16"].error) == ((16, 18), "too wide; no test")
    assert spans["verdict/16"].facts["honk.reasons"] == ("too wide", "no test")
    assert spans["report/13"].facts["honk.new_tests"] == '[{"a": 1}]'


def test_a_call_has_its_tokens_its_cost_and_its_time() -> None:
    spans = by_key(RUNNING)
    call = spans["call/m1"]
    assert seconds(call) == (4, 4.5)
    assert call.facts["gen_ai.usage.input_tokens"] == 127
    assert (call.facts["gen_ai.usage.output_tokens"], call.facts["honk.cost_usd"]) == (3, 0.125)
    assert (spans["call/m2"].error, "honk.cost_usd" in spans["call/m2"].facts) == ("the answer broke off", False)
    old = spans["call/m3"]
    assert (old.parent, old.facts["honk.is_time_known"]) == ("run", False), "no moment is made up"
    assert old.error == "the model's service answered 529"


def test_what_was_said_stands_in_the_stage_in_which_it_was_said() -> None:
    spans = by_key(RUNNING)
    assert [one.name for one in spans["stage/agent/1"].moments] == ["said"]
    assert [one.name for one in spans["attempt/1"].moments] == ["decision"]
    assert [one.name for one in spans["task"].moments] == ["accepted"]
    told = sum(kind not in {"stage", "attempt", "tool", "tool_result", "report", "verdict"} for _, kind, _ in TOLD)
    assert sum(len(span.moments) for span in spans.values()) == told, "none is lost"


def test_a_running_task_ends_with_the_last_that_is_known_and_a_failed_one_is_red() -> None:
    running, failed = by_key(RUNNING), by_key(FAILED)
    assert (seconds(running["task"]), running["task"].error) == ((0, 22), None)
    assert seconds(running["stage/agent/2"]) == (21, 22)
    assert (seconds(failed["task"]), failed["task"].error) == ((0, 25), "red at last")
    assert seconds(failed["stage/agent/2"]) == (21, 25)
    assert running.keys() == failed.keys(), "exported again it is the same trace, further on"


def test_a_merge_makes_the_task_longer_and_not_its_run() -> None:
    merged = replace(RUNNING.events[-1], sequence=21, kind="merged", body={"number": 1}, at=NOON + timedelta(hours=1))
    spans = by_key(replace(FAILED, events=(*FAILED.events, merged)))
    assert {key: seconds(spans[key])[1] for key in ("task", "run", "attempt/2", "stage/agent/2")} == {
        "task": 3600, "run": 25, "attempt/2": 25, "stage/agent/2": 25,
    }  # fmt: skip
    assert [one.name for one in spans["task"].moments] == ["accepted", "merged"]


def test_nothing_ends_before_it_began_where_the_clock_was_set_back() -> None:
    back = replace(RUNNING.events[-1], sequence=21, kind="stage", at=NOON - timedelta(hours=1))
    body = {"stage": "agent", "state": "finished", "attempt": 2}
    spans = spans_of(replace(RUNNING, events=(*RUNNING.events, replace(back, body=body))))
    assert all(span.begun_at <= span.ended_at for span in spans)


def test_a_task_that_was_only_accepted_is_a_trace_already() -> None:
    bare = replace(RUNNING, events=(), attempts=(), calls=())
    assert [(span.key, seconds(span)) for span in spans_of(bare)] == [("task", (0, 0)), ("run", (0, 0))]
    json_format.Parse(json.dumps(in_base64(json.loads(trace_document(bare)))), ExportTraceServiceRequest())


def test_the_document_is_what_the_protocol_s_own_schema_reads() -> None:
    text = trace_document(FAILED)
    assert text.isascii()
    assert "\n" not in text
    read = json_format.Parse(json.dumps(in_base64(json.loads(text))), ExportTraceServiceRequest())
    [resource] = read.resource_spans
    assert {one.key: one.value.string_value for one in resource.resource.attributes}["service.name"] == "honk"
    [scope] = resource.scope_spans
    root, run, *_ = scope.spans
    assert (root.trace_id.hex(), root.span_id.hex()) == (trace_id("t1"), span_id("t1", "task"))
    assert (root.parent_span_id, run.parent_span_id) == (b"", root.span_id)
    assert (root.status.code, root.status.message) == (2, "red at last")
    assert (root.start_time_unix_nano, root.end_time_unix_nano) == (1772625600 * 10**9, 1772625625 * 10**9)
    assert [len(one.trace_id) for one in scope.spans] == [16] * len(scope.spans)
    assert [len(one.span_id) for one in scope.spans] == [8] * len(scope.spans)
    [call] = [one for one in scope.spans if one.span_id.hex() == span_id("t1", "call/m1")]
    facts = {one.key: one.value for one in call.attributes}
    assert facts["gen_ai.usage.output_tokens"].int_value == 3
    assert facts["honk.cost_usd"].double_value == 0.125
    assert facts["honk.is_time_known"].bool_value
    assert call.kind == 3
    said = [event for one in scope.spans for event in one.events if event.name == "said"]
    assert said[0].attributes[0].value.string_value == "I look, \\udce9 and mend."


def test_a_number_that_no_collector_could_read_does_not_spoil_the_trace() -> None:
    odd: dict[str, object] = {"attempt": 1 << 70, "delay_seconds": float("nan"), "status": None}
    waits = replace(RUNNING.events[-1], sequence=21, kind="retrying", body=odd)
    text = trace_document(replace(RUNNING, events=(*RUNNING.events, waits)))
    read = json_format.Parse(json.dumps(in_base64(json.loads(text))), ExportTraceServiceRequest())
    [told] = [
        event for one in read.resource_spans[0].scope_spans[0].spans for event in one.events if event.name == "retrying"
    ]
    assert [one.value.string_value for one in told.attributes] == [str(1 << 70), "nan"]


def test_ids_are_hexadecimal_and_the_same_each_time() -> None:
    assert trace_document(FAILED) == trace_document(FAILED)
    ids = {span["spanId"] for span in sent_spans(FAILED)}
    assert all(len(one) == 16 and set(one) <= set("0123456789abcdef") for one in ids)
    assert all(span["parentSpanId"] in ids for span in sent_spans(FAILED)[1:])


def test_a_replay_points_at_what_it_repeats() -> None:
    again = replace(FAILED, task=replace(FAILED.task, task_id="t2", replay_of="t1"))
    root = sent_spans(again)[0]
    assert root["links"] == [{"traceId": trace_id("t1"), "spanId": span_id("t1", "task")}]
    assert root["traceId"] != trace_id("t1")
    json_format.Parse(json.dumps(in_base64(json.loads(trace_document(again)))), ExportTraceServiceRequest())
