"""Events as lines that a person reads: one fact a line, words beside every sign. Pure."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from honk.cli.terminal import block, clean, one_line
from honk.domain.amounts import counted, duration
from honk.sandbox import WORKSPACE
from honk.store import TaskEvent

FLAKY_SHOWN = 5
SHOWN_LINES = 12
"""Of one red report; the whole of it is kept with the task."""


class Tone(StrEnum):
    """How a line is meant; colour is added to it, never instead of words."""

    PLAIN = "plain"
    QUIET = "quiet"
    GOOD = "good"
    UNSURE = "unsure"
    BAD = "bad"
    LOUD = "loud"


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One line for a person. It holds no control characters."""

    text: str
    tone: Tone = Tone.PLAIN
    is_passing: bool = False
    """Of the moment: a live display shows it in place instead of leaving it behind."""


Body = Mapping[str, object]
SIGNS = {
    "passed": ("✓ passed", Tone.GOOD),
    "failed": ("✗ failed", Tone.BAD),
    "unverified": ("? unverified", Tone.UNSURE),
}


def facts(event: TaskEvent) -> list[Line]:
    """What the event tells a person; nothing for kinds that are not for people."""
    tell = _TELLERS.get(event.kind)
    return tell(event.body) if tell else []


def lines(event: TaskEvent) -> list[str]:
    """The event as plain lines, for files, pipes and logs."""
    return [line.text for line in facts(event)]


def text_of(body: Body, key: str, width: int = 200) -> str:
    """A value of an event as one clean line; empty where it is absent."""
    value = body.get(key)
    return "" if value is None else one_line(str(value), width)


def number_of(body: Body, key: str) -> float:
    """A value of an event as a number; 0 where it is none."""
    value = body.get(key)
    return float(value) if isinstance(value, int | float) else 0.0


def list_of(body: Body, key: str) -> list[object]:
    """A value of an event as a list; empty where it is none."""
    value = body.get(key)
    return list(value) if isinstance(value, list | tuple) else []


def no_sandbox() -> Line:
    """Shouted on every run without isolation."""
    return Line(
        text="!!! NO SANDBOX: the agent runs with your rights, on your files, on your network. !!!", tone=Tone.LOUD
    )


def _accepted(body: Body) -> list[Line]:
    where = f"{text_of(body, 'repository')} {text_of(body, 'base_branch')} at {text_of(body, 'base_sha', 64)[:10]}"
    who = ", ".join(filter(None, (text_of(body, "agent"), text_of(body, "model"))))
    told = [Line(text=f"task {text_of(body, 'task_id')}: {where} ({who})")]
    if body.get("sandbox") == "none":
        told.append(no_sandbox())
    told += [Line(text=f"note: {one_line(str(note))}", tone=Tone.UNSURE) for note in list_of(body, "notes")]
    return told


def _stage(body: Body) -> list[Line]:
    name, detail = text_of(body, "stage"), text_of(body, "detail")
    more = f": {detail}" if detail else ""
    if body.get("state") == "started":
        return [Line(text=f"{name} started{more}", tone=Tone.QUIET, is_passing=True)]
    took = f" in {duration(number_of(body, 'seconds'))}" if "seconds" in body else ""
    return [Line(text=f"{name} finished{took}{more}", tone=Tone.QUIET)]


def _environment(body: Body) -> list[Line]:
    tone = Tone.UNSURE if list_of(body, "missing") or list_of(body, "hints") else Tone.PLAIN
    return [Line(text=f"environment: {text_of(body, 'line', 600)}", tone=tone)]


def _attempt(body: Body) -> list[Line]:
    return [Line(text=f"attempt {number_of(body, 'number'):.0f} of {number_of(body, 'of'):.0f}")]


def _said(body: Body) -> list[Line]:
    text = text_of(body, "text", 400)
    return [Line(text=f"  “{text}”", tone=Tone.QUIET)] if text else []


def _tool(body: Body) -> list[Line]:
    call = tool_call(body)
    if body.get("is_denied"):
        return [Line(text=f"  ✗ denied: {call}", tone=Tone.BAD)]
    return [Line(text=f"  {call}", tone=Tone.QUIET, is_passing=True)]


def tool_call(body: Body) -> str:
    """A tool and what it is used on, as a person says it."""
    return f"{tool_name(text_of(body, 'tool'))} {text_of(body, 'summary').replace(f'{WORKSPACE}/', '')}".rstrip()


def tool_name(name: str) -> str:
    """A tool by the name that a person knows it by."""
    return name.removeprefix("mcp__honk__")


def _tool_result(body: Body) -> list[Line]:
    if not body.get("is_error"):
        return []
    return [Line(text=f"  ✗ error: {text_of(body, 'excerpt')}", tone=Tone.BAD)]


def _retrying(body: Body) -> list[Line]:
    status = f"status {text_of(body, 'status')}" if body.get("status") is not None else "no answer"
    wait = duration(number_of(body, "delay_seconds"))
    tries = f"try {number_of(body, 'attempt'):.0f}"
    return [Line(text=f"  the model's service failed ({status}); {tries} in {wait}", tone=Tone.UNSURE)]


def _change(body: Body) -> list[Line]:
    added, deleted = number_of(body, "added"), number_of(body, "deleted")
    return [Line(text=f"change: {counted(_files(body), 'file')}, +{added:.0f} −{deleted:.0f} lines")]


def _files(body: Body) -> int:
    """`files` may be a number or the list itself."""
    return len(list_of(body, "files")) or int(number_of(body, "files"))


def report(body: Body) -> list[Line]:
    """What one verifier found."""
    sign, tone = SIGNS.get(text_of(body, "result"), SIGNS["unverified"])
    role = "" if body.get("is_required") else ", advisory"
    took = duration(number_of(body, "seconds"))
    head = f"{sign}: {text_of(body, 'verifier')} ({text_of(body, 'chosen_by')}{role}) in {took}"
    summary = block(str(body.get("summary") or ""), max_lines=SHOWN_LINES)
    if len(summary) == 1:
        head, summary = f"{head}: {summary[0]}" if summary[0] else head, []
    told = [Line(text=head, tone=tone), *(Line(text=f"    {line}") for line in summary)]
    told += [new_test(test) for test in list_of(body, "new_tests") if isinstance(test, Mapping)]
    if before := int(number_of(body, "failed_on_base")):
        told.append(Line(text=f"    {counted(before, 'test')} failed before the change as well", tone=Tone.UNSURE))
    return [*told, *flaky(list_of(body, "flaky"), list_of(body, "flaky_on_base"))]


def flaky(with_change: Sequence[object], on_base: Sequence[object]) -> list[Line]:
    """Tests that came out in two ways, by name: the change's own, and those that were so before."""
    told = [f"~ flaky with this change: {one_line(str(test_id))}" for test_id in with_change[:FLAKY_SHOWN]]
    told += [f"~ flaky before the change as well: {one_line(str(test_id))}" for test_id in on_base[:FLAKY_SHOWN]]
    if (more := max(0, len(with_change) - FLAKY_SHOWN) + max(0, len(on_base) - FLAKY_SHOWN)) > 0:
        told.append(f"~ and {more} more that are flaky")
    return [Line(text=f"    {words}", tone=Tone.UNSURE) for words in told]


def new_test(test: Mapping[str, object]) -> Line:
    """A test that the change adds: worth something if it is red without the change."""
    base = "fails on base" if test.get("fails_on_base") else "passes on base as well"
    change = "passes on change" if test.get("passes_on_change") else "FAILS ON CHANGE"
    is_proof = bool(test.get("fails_on_base") and test.get("passes_on_change"))
    sign = "✓" if is_proof else "?"
    tone = Tone.GOOD if is_proof else Tone.UNSURE
    return Line(text=f"    {sign} new test {one_line(str(test.get('test_id')))}: {base}, {change}", tone=tone)


def finding(body: Body) -> list[Line]:
    """A located remark by a rule."""
    words = {"veto": ("✗ veto by rule", Tone.BAD), "needs_human": ("? a person must look", Tone.UNSURE)}
    word, tone = words.get(text_of(body, "severity"), ("note", Tone.PLAIN))
    place = text_of(body, "path") + (f":{number_of(body, 'line'):.0f}" if body.get("line") else "")
    where = f" ({place})" if place else ""
    return [Line(text=f"{word} {text_of(body, 'rule')}: {text_of(body, 'message', 400)}{where}", tone=tone)]


def verdict(body: Body) -> list[Line]:
    """What the judge said, with its reasons."""
    words = {"pass": ("✓ passed", Tone.GOOD), "veto": ("✗ vetoed", Tone.BAD)}
    word, tone = words.get(text_of(body, "ruling"), ("? a person must decide", Tone.UNSURE))
    head = Line(text=f"{word} by judge {text_of(body, 'judge')} in {duration(number_of(body, 'seconds'))}", tone=tone)
    return [head, *(Line(text=f"    {one_line(str(reason), 400)}") for reason in list_of(body, "reasons"))]


def _decision(body: Body) -> list[Line]:
    if body.get("next") != "retry":
        return []
    return [Line(text=f"sent back to the agent: {text_of(body, 'feedback')}", tone=Tone.UNSURE)]


def _pull_request(body: Body) -> list[Line]:
    draft = " (draft)" if body.get("is_draft") else ""
    name = f"pull request #{number_of(body, 'number'):.0f}{draft}: {text_of(body, 'title')}"
    return [Line(text=f"{name} [{text_of(body, 'branch')}]")]


def _merged(body: Body) -> list[Line]:
    told = [Line(text=f"✓ merged as {text_of(body, 'merged_sha', 64)[:10]}", tone=Tone.GOOD)]
    if advice := clean(str(body.get("advice") or "")):
        told += [Line(text=line, tone=Tone.UNSURE) for line in advice.split("\n")]
    return told


def _approved(body: Body) -> list[Line]:
    said = f": “{sentence}”" if (sentence := text_of(body, "sentence", 400)) else ""
    return [Line(text=f"{text_of(body, 'person')} said yes to {text_of(body, 'head_sha', 64)[:10]}{said}")]


def _armed(body: Body) -> list[Line]:
    return [Line(text=f"the merge waits for the yes of {text_of(body, 'waits_for', 400)}", tone=Tone.UNSURE)]


def _disarmed(body: Body) -> list[Line]:
    return [Line(text=f"the merge waits no more: {text_of(body, 'reason', 400)}", tone=Tone.UNSURE)]


def _merge_refused(body: Body) -> list[Line]:
    return [Line(text=f"✗ not merged: {text_of(body, 'reason', 600)}", tone=Tone.BAD)]


def _deployment(body: Body) -> list[Line]:
    state = text_of(body, "state", 40).replace("_", " ")
    tones = {"deployed": Tone.GOOD, "failed": Tone.BAD, "interrupted": Tone.BAD, "not visible": Tone.UNSURE}
    if state == "not visible":
        return [Line(text=text_of(body, "words", 600), tone=Tone.UNSURE)]
    commit = text_of(body, "merged_sha", 64)[:10]
    words = f"deployment of {commit}: {state}. {text_of(body, 'words', 600)}"
    return [Line(text=words, tone=tones.get(state, Tone.PLAIN))]


def _health(body: Body) -> list[Line]:
    is_good = body.get("is_good")
    tone = Tone.PLAIN if is_good is None else Tone.GOOD if is_good else Tone.BAD
    return [Line(text=f"health: {text_of(body, 'words', 400)}", tone=tone)]


def _preview(body: Body) -> list[Line]:
    tone = {"failed": Tone.BAD, "running": Tone.GOOD, "built": Tone.GOOD}.get(text_of(body, "state"), Tone.PLAIN)
    return [Line(text=f"preview: {text_of(body, 'words', 600)}", tone=tone)]


def _undone(body: Body) -> list[Line]:
    return [Line(text=text_of(body, "words", 600), tone=Tone.UNSURE)]


def _rolled_back(body: Body) -> list[Line]:
    return [Line(text=text_of(body, "words", 600), tone=Tone.GOOD if body.get("is_good") else Tone.BAD)]


def _resumed(body: Body) -> list[Line]:
    return [Line(text="going on where it was", tone=Tone.UNSURE)]


def _waits(body: Body) -> list[Line]:
    return [Line(text=f"waiting: {text_of(body, 'text', 400)}", tone=Tone.UNSURE)]


def _note(body: Body) -> list[Line]:
    return [Line(text=f"note: {text_of(body, 'text', 400)}")]


def _warning(body: Body) -> list[Line]:
    return [Line(text=f"warning: {text_of(body, 'text', 400)}", tone=Tone.UNSURE)]


def _message(body: Body) -> list[Line]:
    return [Line(text=f"{text_of(body, 'person', 80)} says: {text_of(body, 'text', 400)}")]


def _asked(body: Body) -> list[Line]:
    best = text_of(body, "recommended")
    choices = [one_line(str(one), 200) for one in list_of(body, "choices")]
    told = [Line(text=f"    {at}  {one}{'  (recommended)' * (one == best)}") for at, one in enumerate(choices, 1)]
    return [Line(text=f"the agent asks: {text_of(body, 'text', 400)}", tone=Tone.UNSURE), *told]


def _parked(body: Body) -> list[Line]:
    return [Line(text=f"waits: {text_of(body, 'words', 400)}", tone=Tone.UNSURE)]


def _answered(body: Body) -> list[Line]:
    return [Line(text=f"{text_of(body, 'person', 80)} answers: {text_of(body, 'text', 400)}", tone=Tone.GOOD)]


def _extended(body: Body) -> list[Line]:
    return [Line(text=f"{text_of(body, 'person', 80)} grants as much again of the {text_of(body, 'limit')} limit")]


def _followed(body: Body) -> list[Line]:
    return [Line(text=f"task {text_of(body, 'task_id')} goes on with this one")]


def _outcome(body: Body) -> list[Line]:
    return [Line(text=f"ended: {text_of(body, 'outcome')}, verification {text_of(body, 'verification')}")]


_TELLERS: Mapping[str, Callable[[Body], list[Line]]] = {
    "accepted": _accepted,
    "stage": _stage,
    "environment": _environment,
    "attempt": _attempt,
    "said": _said,
    "tool": _tool,
    "tool_result": _tool_result,
    "retrying": _retrying,
    "change": _change,
    "report": report,
    "finding": finding,
    "verdict": verdict,
    "decision": _decision,
    "pull_request": _pull_request,
    "merged": _merged,
    "approved": _approved,
    "armed": _armed,
    "disarmed": _disarmed,
    "merge_refused": _merge_refused,
    "deployment": _deployment,
    "preview": _preview,
    "health": _health,
    "undo": _undone,
    "rolled_back": _rolled_back,
    "reverting": _undone,
    "resumed": _resumed,
    "message": _message,
    "asked": _asked,
    "parked": _parked,
    "answered_by": _answered,
    "extended": _extended,
    "followed_by": _followed,
    "note": _note,
    "warning": _warning,
    "outcome": _outcome,
}
