"""A piece of work with its time and its facts, as every tracing system knows it. Pure."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
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


def _value(value: object) -> Value:
    if isinstance(value, str | bool | int | float):
        return value
    if isinstance(value, list | tuple) and all(isinstance(one, str) for one in value):
        return tuple(value)
    return json.dumps(value)
