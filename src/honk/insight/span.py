"""A piece of work with its time and its facts, as every tracing system knows it. Pure."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime

Value = str | bool | int | float | tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """Something that was told within a span."""

    name: str
    at: datetime
    facts: Mapping[str, Value]


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """A piece of the work. What is under way ends with the last thing that is known of it."""

    key: str
    """Unlike all others of the task, and the same whenever the task is exported."""
    parent: str | None
    name: str
    begun_at: datetime
    ended_at: datetime
    facts: Mapping[str, Value]
    moments: tuple[Moment, ...] = ()
    error: str | None = None
    """Why it is red; None where it is not."""
    is_call: bool = False
    """Whether it is a request to something outside."""


def span(
    key: str, parent: str, name: str, begun: datetime, ended: datetime, facts: Mapping[str, Value],
    error: str | None = None,
) -> Span:  # fmt: skip
    """The machine's clock may have been set meanwhile: nothing ends before it began."""
    return Span(key=key, parent=parent, name=name, begun_at=begun, ended_at=max(begun, ended), facts=facts, error=error)


def facts_of(values: Mapping[str, object]) -> dict[str, Value]:
    """Under our own names; what is absent is left out, and what has parts is told as JSON."""
    return {f"honk.{name}": _value(value) for name, value in values.items() if value is not None}


_NAMES = frozenset(
    f"honk.{name}"
    for name in (
        "task_id", "run_id", "attempt_id", "session_id", "call_id", "replay_of", "status", "repository", "agent",
        "model", "outcome", "base_sha", "head_sha", "merged_sha", "decision", "purpose", "stage", "state", "verifier",
        "judge", "result", "ruling", "next", "kind", "sandbox", "tool", "limit",
    )
)  # fmt: skip
"""Facts of ours that are no words of anybody: names, ids, and what one of a few."""


def without_words(whole: Span) -> Span:
    """With numbers and names alone: nothing that a person, an agent or a program of a repository said."""
    return replace(
        whole,
        facts=_plain(whole.facts),
        moments=tuple(replace(one, facts=_plain(one.facts)) for one in whole.moments),
        error=None if whole.error is None else "error",
    )


def _plain(facts: Mapping[str, Value]) -> dict[str, Value]:
    return {
        name: value
        for name, value in facts.items()
        if isinstance(value, bool | int | float) or name in _NAMES or name.startswith("gen_ai.")
    }


def _value(value: object) -> Value:
    if isinstance(value, str | bool | int | float):
        return value
    if isinstance(value, list | tuple) and all(isinstance(one, str) for one in value):
        return tuple(value)
    return json.dumps(value)
