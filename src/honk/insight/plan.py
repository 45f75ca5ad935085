"""The way of a run, stage by stage: what is done, what is under way, what is to come. Pure, over its events."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from honk.store import TaskEvent

STAGES = (
    ("workspace", "Fetch"),
    ("environment", "Prepare"),
    ("agent", "Work"),
    ("verify", "Verify"),
    ("judge", "Judge"),
    ("publish", "Publish"),
)


class State(StrEnum):
    """Where a stage is."""

    TO_COME = "to come"
    UNDER_WAY = "under way"
    DONE = "done"
    LEFT_OUT = "left out"


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One stage of the way."""

    name: str
    state: State
    seconds: float = 0.0
    """Over all attempts."""
    times: int = 0
    since: datetime | None = None
    """Of what is under way."""


def plan_of(events: Sequence[TaskEvent], *, is_over: bool) -> tuple[Step, ...]:
    """A stage that was begun again is under way again; what came before the newest attempt counts on."""
    told = [event for event in events if event.kind == "stage"]
    return tuple(_step(stage, name, told, is_over=is_over) for stage, name in STAGES)


def _step(stage: str, name: str, told: Sequence[TaskEvent], *, is_over: bool) -> Step:
    mine = [event for event in told if event.body.get("stage") == stage]
    seconds = [event.body.get("seconds") for event in mine if event.body.get("state") == "finished"]
    total = sum(float(value) for value in seconds if isinstance(value, int | float))
    times = sum(event.body.get("state") == "started" for event in mine)
    if not mine:
        return Step(name=name, state=State.LEFT_OUT if is_over else State.TO_COME)
    is_open = mine[-1].body.get("state") == "started" and not is_over
    state = State.UNDER_WAY if is_open else State.DONE
    return Step(name=name, state=state, seconds=total, times=times, since=mine[-1].at if is_open else None)
