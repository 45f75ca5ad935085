"""The one thing to do next on a task's page. Pure."""

from dataclasses import dataclass
from enum import StrEnum

from honk.domain.change import PullRequest
from honk.domain.shipment import Shipment, ShipmentState
from honk.domain.task import OutcomeName, Status, Task


class Do(StrEnum):
    """What a person may do next."""

    ANSWER = "answer"
    EXTEND = "extend"
    STOP = "stop"
    MERGE = "merge"
    UNDO = "undo"
    REPLY = "reply"
    RETRY = "retry"
    NOTHING = "nothing"


class Waits(StrEnum):
    """Why a run waits."""

    QUESTION = "question"
    LIMIT = "limit"
    FAULT = "fault"


@dataclass(frozen=True, slots=True, kw_only=True)
class Primary:
    """Exactly one at a time."""

    do: Do
    label: str = ""
    """Of the button; empty where there is none."""
    words: str = ""
    """Why, for the person."""


def primary_of(
    task: Task,
    *,
    may_steer: bool,
    waits: Waits | None = None,
    words: str = "",
    pull_request: PullRequest | None = None,
    shipment: Shipment | None = None,
    is_down: bool = False,
) -> Primary:
    """`shipment`: a wish to merge what is there now. `waits` and its `words`: what a parked run waits for; `is_down`:
    its deployment came to no good end. Whoever may not steer is shown, and offered nothing."""
    is_over = task.status is Status.FINISHED
    found = _ended(task, pull_request, shipment) if is_over else _under_way(task, waits, words)
    if found.do is Do.NOTHING and is_down and shipment is None:
        return Primary(do=Do.UNDO, label="Undo", words="You see first what that would do.")
    if not may_steer and found.do in (Do.ANSWER, Do.EXTEND, Do.STOP, Do.REPLY, Do.RETRY):
        return Primary(do=Do.NOTHING, words=found.words)
    return found


def _under_way(task: Task, waits: Waits | None, words: str) -> Primary:
    match waits:
        case Waits.QUESTION:
            return Primary(do=Do.ANSWER, label="Answer", words=words or "The agent asks. It waits for the answer.")
        case Waits.LIMIT:
            return Primary(do=Do.EXTEND, label="Give it as much again", words=words)
        case Waits.FAULT:
            return Primary(do=Do.STOP, label="Stop", words=f"{words} It goes on by itself.".strip())
    if task.status is Status.QUEUED:
        return Primary(do=Do.STOP, label="Stop", words="It stands in line and begins by itself.")
    return Primary(do=Do.STOP, label="Stop", words="")


def _ended(task: Task, pull_request: PullRequest | None, shipment: Shipment | None) -> Primary:
    name = task.outcome.name if task.outcome is not None else None
    if pull_request is not None and pull_request.state == "open":
        number = pull_request.number
        if shipment is not None and shipment.state is ShipmentState.DELIVERING:
            return Primary(do=Do.NOTHING, words="Nothing is left to be done.")
        if shipment is not None:
            return Primary(do=Do.MERGE, label=f"See what would merge of #{number}")
        if pull_request.is_draft:
            return Primary(do=Do.MERGE, label=f"Look at #{number}, then merge", words="Not everything was verified.")
        return Primary(do=Do.MERGE, label=f"Merge #{number}", words="You see first what would merge.")
    match name:
        case OutcomeName.MERGED:
            return Primary(do=Do.NOTHING, words="It is merged.")
        case OutcomeName.CANCELLED:
            return Primary(do=Do.RETRY, label="Begin again", words="It was stopped; its work is kept.")
        case OutcomeName.FAILED | OutcomeName.VETOED | OutcomeName.NEEDS_HUMAN:
            return Primary(do=Do.REPLY, label="Say what to do", words="A reply goes on with the kept work.")
        case OutcomeName.REPLAYED | None:
            return Primary(do=Do.NOTHING)
    return Primary(do=Do.REPLY, label="Ask on", words="A reply starts a task that follows this one.")
