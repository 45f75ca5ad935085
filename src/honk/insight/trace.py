"""A task as spans: task, run, attempts, stages; in these tools, calls of the model, reports, verdicts. Pure.

Names follow OpenTelemetry's semantic conventions for generative AI where they have one, and begin with `honk.`
elsewhere.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from honk.domain.money import BROKEN_OFF, ModelCall
from honk.domain.task import OutcomeName
from honk.insight.kept import Kept
from honk.insight.span import Moment, Span, Value, facts_of, span
from honk.store import TaskEvent

_RED = (OutcomeName.FAILED, OutcomeName.VETOED)
_OF_THE_TASK = frozenset({"accepted", "pull_request", "merged", "outcome"})
_SPANS = frozenset({"stage", "attempt", "tool", "tool_result", "report", "verdict"})
"""Kinds of events that become spans; all others are moments in one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Placed:
    """An event, and the span in which it was told."""

    event: TaskEvent
    key: str
    attempt: int


def spans_of(kept: Kept) -> tuple[Span, ...]:
    """The task first; each span's parent is among them."""
    end = _last_moment(kept)
    placed = list(_placed(kept))
    trunk = [_task(kept, end), _run(kept, end), *_attempts(kept, end), *_stages(kept, end)]
    by_key = {one.key: one for one in trunk}
    leaves = [
        *_tools(placed, by_key),
        *(_call(call, kept, trunk) for call in kept.calls),
        *_checked(placed, by_key),
    ]
    moments: dict[str, list[Moment]] = {one.key: [] for one in trunk}
    for one in placed:
        if one.event.kind not in _SPANS:
            moments[one.key if one.key in moments else "run"].append(_moment(one.event))
    return (*(replace(one, moments=tuple(moments[one.key])) for one in trunk), *leaves)


def _placed(kept: Kept) -> Iterator[_Placed]:
    """Each event with the innermost span that was open when it was told."""
    open_stages: list[str] = []
    attempt = 0
    for event in kept.events:
        if event.kind == "attempt":
            attempt = _whole(event.body, "number")
        if event.kind == "stage":
            key = _stage_key(event.body)
            open_stages = [one for one in open_stages if one != key]
            if event.body.get("state") == "started":
                open_stages.append(key)
        place = open_stages[-1] if open_stages else _attempt_key(attempt)
        yield _Placed(event=event, key="task" if event.kind in _OF_THE_TASK else place, attempt=attempt)


def _task(kept: Kept, end: datetime) -> Span:
    task, outcome = kept.task, kept.task.outcome
    facts = {
        "task_id": task.task_id, "status": str(task.status), "prompt": task.prompt, "agent": task.agent,
        "model": task.model, "repository": task.repository.name, "base_branch": task.base_branch,
        "base_sha": task.base_sha, "notes": task.notes, "replay_of": task.replay_of,
        "outcome": outcome and str(outcome.name), "reason": outcome and outcome.reason,
    }  # fmt: skip
    return Span(
        key="task",
        parent=None,
        name=f"task {task.task_id}",
        begun_at=task.created_at,
        ended_at=end,
        facts=facts_of(facts),
        error=outcome.reason if outcome is not None and outcome.name in _RED else None,
    )


def _run(kept: Kept, end: datetime) -> Span:
    run = kept.run
    facts = {
        "run_id": run.run_id, "attempts": run.attempts, "turns": run.spent.turns, "cost_usd": run.spent.cost_usd,
        "held_usd": run.spent.held_usd, "head_sha": run.change and run.change.head_sha,
    }  # fmt: skip
    ended = run.finished_at or end
    return span("run", "task", f"run {run.run_id}", run.started_at, ended, facts_of(facts))


def _attempts(kept: Kept, end: datetime) -> Iterator[Span]:
    rows = {attempt.number: attempt for attempt in kept.attempts}
    begun = {_whole(event.body, "number"): event.at for event in kept.events if event.kind == "attempt"}
    for number, begun_at in begun.items():
        ended, facts = begun.get(number + 1) or kept.run.finished_at or end, {}
        if (row := rows.get(number)) is not None:
            ended = row.finished_at or ended
            facts = {
                "attempt_id": row.attempt_id, "session_id": row.session_id, "prompt": row.prompt, "turns": row.turns,
                "decision": row.decision, "feedback": row.feedback, "head_sha": row.change and row.change.head_sha,
            }  # fmt: skip
        yield span(_attempt_key(number), "run", f"attempt {number}", begun_at, ended, facts_of(facts))


def _stages(kept: Kept, end: datetime) -> Iterator[Span]:
    """A stage that was cut off ends with its run."""
    told = [event for event in kept.events if event.kind == "stage"]
    ends = {_stage_key(event.body): event.at for event in told if event.body.get("state") == "finished"}
    attempts = {_whole(event.body, "number") for event in kept.events if event.kind == "attempt"}
    for event in told:
        if event.body.get("state") != "started":
            continue
        key, name, number = _stage_key(event.body), str(event.body.get("stage")), _whole(event.body, "attempt")
        facts: dict[str, Value] = {"honk.stage": name}
        if name == "agent":
            facts |= {"gen_ai.operation.name": "invoke_agent", "gen_ai.agent.name": kept.task.agent}
        parent = _attempt_key(number if number in attempts else 0)
        yield span(key, parent, name, event.at, ends.get(key) or kept.run.finished_at or end, facts)


def _tools(placed: list[_Placed], by_key: Mapping[str, Span]) -> Iterator[Span]:
    """What a tool never answered to ends with the stage."""
    answers: dict[str, TaskEvent] = {}
    found: list[Span] = []
    for one in reversed(placed):
        body, call_id = one.event.body, str(one.event.body.get("call_id"))
        if one.event.kind == "tool_result":
            answers[call_id] = one.event
        if one.event.kind != "tool":
            continue
        answer, parent = answers.pop(call_id, None), by_key.get(one.key, by_key["run"])
        result = {} if answer is None else answer.body
        red = str(result.get("excerpt")) if result.get("is_error") else None
        facts = {
            "gen_ai.operation.name": "execute_tool", "gen_ai.tool.name": str(body.get("tool")),
            "gen_ai.tool.call.id": call_id,
        }  # fmt: skip
        own = {name: body.get(name) for name in ("summary", "is_denied")} | {"excerpt": result.get("excerpt")}
        ended = parent.ended_at if answer is None else answer.at
        name, key = f"execute_tool {body.get('tool')}", f"tool/{one.event.sequence}"
        error = "denied" if body.get("is_denied") else red
        found.append(span(key, parent.key, name, one.event.at, ended, {**facts, **facts_of(own)}, error))
    return reversed(found)


def _call(call: ModelCall, kept: Kept, trunk: list[Span]) -> Span:
    """In the newest stage that was under way; where the moment was not kept, at the run's beginning."""
    at = call.asked_at or kept.run.started_at
    under_way = [one for one in trunk[1:] if one.begun_at <= at <= one.ended_at]
    parent = under_way[-1].key if under_way else "run"
    facts: dict[str, Value] = {
        "gen_ai.operation.name": "chat",
        "gen_ai.provider.name": "anthropic",
        "gen_ai.request.model": call.model,
        # By the conventions all that was read counts as input, cached or not.
        "gen_ai.usage.input_tokens": call.input_tokens + call.cache_read_tokens + call.cache_write_tokens,
        "gen_ai.usage.output_tokens": call.output_tokens,
        "gen_ai.usage.cache_read.input_tokens": call.cache_read_tokens,
        "gen_ai.usage.cache_creation.input_tokens": call.cache_write_tokens,
    }
    own = {
        "call_id": call.call_id, "purpose": call.purpose, "cost_usd": call.cost_usd, "reserved_usd": call.reserved_usd,
        "seconds": call.seconds, "is_time_known": call.asked_at is not None,
    }  # fmt: skip
    status: dict[str, Value] = {"http.response.status_code": call.status} if call.status else {}
    error = "the answer broke off" if call.status == BROKEN_OFF else None
    error = f"the model's service answered {call.status}" if call.status >= 400 else error
    return Span(
        key=f"call/{call.call_id}",
        parent=parent,
        name=f"chat {call.model}",
        begun_at=at,
        ended_at=at + timedelta(seconds=call.seconds),
        facts={**facts, **status, **facts_of(own)},
        error=error,
        is_call=True,
    )


def _checked(placed: list[_Placed], by_key: Mapping[str, Span]) -> Iterator[Span]:
    """Reports and verdicts. They are told with how long they took, when their stage is over: so they end with it."""
    for one in placed:
        event, body = one.event, one.event.body
        if event.kind not in {"report", "verdict"}:
            continue
        stage, of = ("verify", "verifier") if event.kind == "report" else ("judge", "judge")
        parent = by_key.get(f"stage/{stage}/{one.attempt}") or by_key[one.key if one.key in by_key else "run"]
        seconds = body.get("seconds")
        took = timedelta(seconds=float(seconds) if isinstance(seconds, int | float) else 0.0)
        begun = max(parent.begun_at, parent.ended_at - took)
        red = None
        if body.get("result") == "failed" or body.get("ruling") == "veto":
            red = str(body.get("summary") or "; ".join(map(str, _listed(body.get("reasons")))))
        name = f"{of} {body.get(of)}"
        yield span(f"{event.kind}/{event.sequence}", parent.key, name, begun, parent.ended_at, facts_of(body), red)


def _moment(event: TaskEvent) -> Moment:
    return Moment(name=event.kind, at=event.at, facts=facts_of(event.body))


def _last_moment(kept: Kept) -> datetime:
    """The last that is known of the task."""
    known = [kept.task.created_at, kept.run.started_at, kept.run.finished_at, *(event.at for event in kept.events)]
    return max(one for one in known if one is not None)


def _listed(value: object) -> list[object]:
    return list(value) if isinstance(value, list | tuple) else []


def _whole(body: Mapping[str, object], name: str) -> int:
    value = body.get(name)
    return value if isinstance(value, int) else 0


def _attempt_key(number: int) -> str:
    """What belongs to no attempt belongs to the run."""
    return f"attempt/{number}" if number else "run"


def _stage_key(body: Mapping[str, object]) -> str:
    return f"stage/{body.get('stage')}/{_whole(body, 'attempt')}"
