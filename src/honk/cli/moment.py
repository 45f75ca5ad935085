"""What is going on right now: the two lines at the bottom of a live display. Pure."""

from dataclasses import dataclass, replace

from honk.cli.facts import number_of, text_of, tool_call
from honk.cli.terminal import one_line
from honk.domain.amounts import duration
from honk.store import TaskEvent

FRAMES = "⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏"
FRAMES_PER_SECOND = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """The running stage and the agent's current tool call. Times are of the monotonic clock."""

    began_at: float
    stage: str = "waiting"
    stage_began_at: float
    attempt: str = ""
    call_id: str = ""
    call: str = ""


def begin(at: float) -> Moment:
    """The moment before the first event."""
    return Moment(began_at=at, stage_began_at=at)


def after(moment: Moment, event: TaskEvent, at: float) -> Moment:
    """The moment after the event."""
    body = event.body
    match event.kind:
        case "stage" if body.get("state") == "started":
            return replace(moment, stage=text_of(body, "stage"), stage_began_at=at, call="", call_id="")
        case "stage":
            return replace(moment, stage="between stages", stage_began_at=at, call="", call_id="")
        case "attempt":
            return replace(moment, attempt=f"attempt {number_of(body, 'number'):.0f} of {number_of(body, 'of'):.0f}")
        case "tool":
            return replace(moment, call=tool_call(body), call_id=text_of(body, "call_id"))
        case "tool_result" if text_of(body, "call_id") == moment.call_id:
            return replace(moment, call="", call_id="")
        case _:
            return moment


def rows(moment: Moment, at: float, width: int) -> tuple[str, str]:
    """Two lines, always: a display that keeps its height does not flicker."""
    frame = FRAMES[int((at - moment.began_at) * FRAMES_PER_SECOND) % len(FRAMES)]
    total = at - moment.began_at
    parts = [
        f"{frame} {moment.stage} {duration(at - moment.stage_began_at)}",
        moment.attempt,
        f"total {duration(total)}",
    ]
    first = " · ".join(filter(None, parts))
    second = f"  {moment.call}" if moment.call else ""
    return one_line(first, width), second[:2] + one_line(second, width - 2)
