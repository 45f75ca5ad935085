"""A task as a conversation: what was asked, said, done, found and decided, in order. Pure, over its events."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum

from honk.domain.conversation import gist
from honk.insight.tone import OF_RULING, OF_VERIFICATION, Tone
from honk.store import Message, TaskEvent

_WORKSPACE = "/workspace/"
_OWN = "mcp__honk__"
Body = Mapping[str, object]


class Kind(StrEnum):
    """What an entry is; each is shown in its own way."""

    REQUEST = "request"
    SAID = "said"
    """The agent's words."""
    MESSAGE = "message"
    """A person's."""
    QUESTION = "question"
    TOOLS = "tools"
    """A run of tools that the agent used, with nothing between."""
    FACT = "fact"
    """One line that Honk itself tells."""
    ATTEMPT = "attempt"


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One use of a tool."""

    tool: str
    summary: str
    output: str = ""
    is_error: bool = False
    is_denied: bool = False
    is_over: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A question of the agent."""

    question_id: str
    choices: tuple[str, ...]
    recommended: str
    answer: str | None = None
    by: str = ""
    is_open: bool = False
    """Whether an answer is waited for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One thing in the story; `key` stays the same however the story grows."""

    key: str
    kind: Kind
    at: datetime
    text: str = ""
    who: str = ""
    tone: Tone = Tone.PLAIN
    sign: str = ""
    detail: str = ""
    """More of it, folded."""
    calls: tuple[Call, ...] = ()
    question: Asked | None = None
    is_waiting: bool = False
    """Of a message: whether the agent has yet to be handed it."""

    @property
    def tally(self) -> str:
        """What was used how often: "Read ×4, Edit, verify ×2"."""
        counts: dict[str, int] = {}
        for call in self.calls:
            counts[call.tool] = counts.get(call.tool, 0) + 1
        return ", ".join(tool if count == 1 else f"{tool} ×{count}" for tool, count in counts.items())

    @property
    def troubles(self) -> int:
        """How many of the calls went wrong or were denied."""
        return sum(call.is_error or call.is_denied for call in self.calls)


@dataclass(slots=True)
class _Writer:
    """Holds the story while it grows."""

    entries: list[Entry] = field(default_factory=list)
    places: dict[str, tuple[int, int]] = field(default_factory=dict)
    """By call id: which entry, and which call in it."""
    answers: Mapping[str, Message] = field(default_factory=dict)
    messages: Mapping[str, Message] = field(default_factory=dict)
    open_question: str | None = None

    def add(self, event: TaskEvent, kind: Kind, text: str, **more: object) -> None:
        entry = Entry(key=f"e{event.sequence}", kind=kind, at=event.at, text=text)
        self.entries.append(replace(entry, **more))  # type: ignore[arg-type]  # each caller names fields of Entry


def story_of(
    prompt: str, asker: str, asked_at: datetime, events: Sequence[TaskEvent], messages: Sequence[Message] = (),
    *, open_question: str | None = None,
) -> tuple[Entry, ...]:  # fmt: skip
    """The request first. `open_question`: the one that is waited for now."""
    writer = _Writer(
        answers={one.question_id: one for one in messages if one.question_id is not None},
        messages={one.message_id: one for one in messages},
        open_question=open_question,
    )
    writer.entries.append(Entry(key="e0", kind=Kind.REQUEST, at=asked_at, text=prompt, who=asker))
    for event in events:
        if (tell := _TELLERS.get(event.kind)) is not None:
            tell(writer, event)
    told = {str(event.body.get("message_id")) for event in events if event.kind == "message"}
    return _with_untold(writer.entries, [one for one in messages if one.message_id not in told])


def _with_untold(entries: list[Entry], messages: Sequence[Message]) -> tuple[Entry, ...]:
    """Messages that no event tells of stand where their moment is."""
    for message in messages:
        place = next((n for n, entry in enumerate(entries) if n and entry.at > message.at), len(entries))
        entries.insert(place, _message(f"m{message.message_id}", message.at, message))
    return tuple(entries)


def _message(key: str, at: datetime, message: Message) -> Entry:
    return Entry(
        key=key, kind=Kind.MESSAGE, at=at, text=message.text, who=message.person.name,
        is_waiting=message.used_at is None and message.question_id is None,
    )  # fmt: skip


def _of_person(writer: _Writer, event: TaskEvent) -> None:
    message = writer.messages.get(_text(event.body, "message_id"))
    if message is not None:
        writer.entries.append(_message(f"e{event.sequence}", event.at, message))
        return
    person = event.body.get("person")
    who = _text(person, "name") if isinstance(person, Mapping) else _text(event.body, "person")
    writer.add(event, Kind.MESSAGE, _text(event.body, "text"), who=who)


def _said(writer: _Writer, event: TaskEvent) -> None:
    if text := _text(event.body, "text").strip():
        writer.add(event, Kind.SAID, text)


def _tool(writer: _Writer, event: TaskEvent) -> None:
    body = event.body
    call = Call(tool=_tool_name(body), summary=_summary(body), is_denied=bool(body.get("is_denied")))
    if writer.entries[-1].kind is not Kind.TOOLS:
        writer.add(event, Kind.TOOLS, "")
    last = writer.entries[-1]
    writer.places[_text(body, "call_id")] = (len(writer.entries) - 1, len(last.calls))
    writer.entries[-1] = replace(last, calls=(*last.calls, call))


def called(body: Body) -> str:
    """A use of a tool in one line."""
    return f"{_tool_name(body)} {_summary(body)}".rstrip()


def _tool_name(body: Body) -> str:
    return _text(body, "tool").removeprefix(_OWN)


def _summary(body: Body) -> str:
    return _text(body, "summary").replace(_WORKSPACE, "")


def _tool_result(writer: _Writer, event: TaskEvent) -> None:
    place = writer.places.get(_text(event.body, "call_id"))
    if place is None:
        return
    at, number = place
    entry = writer.entries[at]
    is_error = bool(event.body.get("is_error"))
    done = replace(entry.calls[number], output=_text(event.body, "excerpt"), is_error=is_error, is_over=True)
    writer.entries[at] = replace(entry, calls=(*entry.calls[:number], done, *entry.calls[number + 1 :]))


def _attempt(writer: _Writer, event: TaskEvent) -> None:
    number = event.body.get("number")
    if number != 1:
        writer.add(event, Kind.ATTEMPT, f"Attempt {number} of {event.body.get('of')}")


def _asked(writer: _Writer, event: TaskEvent) -> None:
    body = event.body
    question_id, choices = _text(body, "question_id"), body.get("choices")
    answer = writer.answers.get(question_id)
    question = Asked(
        question_id=question_id,
        choices=tuple(map(str, choices)) if isinstance(choices, list | tuple) else (),
        recommended=_text(body, "recommended"),
        answer=None if answer is None else answer.text,
        by="" if answer is None else answer.person.name,
        is_open=answer is None and question_id == writer.open_question,
    )
    writer.add(event, Kind.QUESTION, _text(body, "text"), question=question)


def _report(writer: _Writer, event: TaskEvent) -> None:
    body = event.body
    badge = next((b for v, b in OF_VERIFICATION.items() if v == body.get("result")), None)
    sign, word, tone = (badge.sign, badge.word, badge.tone) if badge else ("?", "unverified", Tone.UNSURE)
    role = "" if body.get("is_required") else ", advisory"
    text = f"{_text(body, 'verifier')}{role}: {word}"
    summary = _text(body, "summary").strip()
    if tone is Tone.GOOD and "\n" not in summary:
        writer.add(event, Kind.FACT, f"{text}. {summary}", tone=tone, sign=sign)
    else:
        writer.add(event, Kind.FACT, text, tone=tone, sign=sign, detail=summary)


def _finding(writer: _Writer, event: TaskEvent) -> None:
    body = event.body
    tone, sign = {"veto": (Tone.BAD, "✗"), "needs_human": (Tone.UNSURE, "?")}.get(
        _text(body, "severity"), (Tone.PLAIN, "–")
    )
    place = _text(body, "path") + (f":{body['line']}" if body.get("line") else "")
    text = f"{_text(body, 'message')}{f' ({place})' if place else ''}"
    writer.add(event, Kind.FACT, text, tone=tone, sign=sign)


def _verdict(writer: _Writer, event: TaskEvent) -> None:
    badge = next((b for r, b in OF_RULING.items() if r == event.body.get("ruling")), None)
    sign, word, tone = (badge.sign, badge.word, badge.tone) if badge else ("?", "a person must decide", Tone.UNSURE)
    reasons = event.body.get("reasons")
    detail = "\n".join(map(str, reasons)) if isinstance(reasons, list | tuple) else ""
    writer.add(event, Kind.FACT, f"The judge: {word}", tone=tone, sign=sign, detail=detail)


def _decision(writer: _Writer, event: TaskEvent) -> None:
    if event.body.get("next") == "retry":
        feedback = _text(event.body, "feedback")
        writer.add(event, Kind.FACT, "Sent back to the agent, with what was wrong", tone=Tone.UNSURE, sign="↺",
                   detail=feedback)  # fmt: skip


def _change(writer: _Writer, event: TaskEvent) -> None:
    body = event.body
    files = body.get("files")
    text = f"A change of {files} {'file' if files == 1 else 'files'}: +{body.get('added')} −{body.get('deleted')} lines"
    writer.add(event, Kind.FACT, text, sign="±")


def _pull_request(writer: _Writer, event: TaskEvent) -> None:
    body = event.body
    draft = ", as a draft" if body.get("is_draft") else ""
    text = f"Pull request #{body.get('number')} is open{draft}: {_text(body, 'title')}"
    writer.add(event, Kind.FACT, text, tone=Tone.UNSURE if draft else Tone.GOOD, sign="⤴")


def _outcome(writer: _Writer, event: TaskEvent) -> None:
    name = _text(event.body, "outcome")
    tone, sign = (Tone.BAD, "✗") if name in ("failed", "vetoed") else (Tone.PLAIN, "■")
    reason = _text(event.body, "reason").strip()
    head, _, rest = reason.partition("\n")
    told = f"Ended: {name.replace('_', ' ')}. {head}"
    writer.add(event, Kind.FACT, told, tone=tone, sign=sign, detail=rest.strip())


def _retrying(writer: _Writer, event: TaskEvent) -> None:
    status = event.body.get("status")
    text = f"The model's service failed ({'no answer' if status is None else status}); it is tried again"
    writer.add(event, Kind.FACT, text, tone=Tone.UNSURE, sign="…")


def _line(words: str, tone: Tone, sign: str, *keys: str) -> Callable[[_Writer, TaskEvent], None]:
    """Told in one line: words of ours, and those values of the event that are there."""

    def tell(writer: _Writer, event: TaskEvent) -> None:
        values = [_text(event.body, key) for key in keys]
        writer.add(event, Kind.FACT, " ".join(filter(None, (words, *values))), tone=tone, sign=sign)

    return tell


def _parked(writer: _Writer, event: TaskEvent) -> None:
    words = gist(_text(event.body, "words"))
    writer.add(event, Kind.FACT, f"It waits: {words}", tone=Tone.UNSURE, sign="‖")


def _approved(writer: _Writer, event: TaskEvent) -> None:
    body = event.body
    text = f"{_text(body, 'person')} said yes to {_text(body, 'head_sha')[:12]}"
    writer.add(event, Kind.FACT, text, sign="✓", detail=_text(body, "sentence"))


def _deployment(writer: _Writer, event: TaskEvent) -> None:
    state = _text(event.body, "state")
    look = {"deployed": (Tone.GOOD, "✓"), "failed": (Tone.BAD, "✗"), "interrupted": (Tone.BAD, "✗")}
    tone, sign = look.get(state, (Tone.UNSURE if state == "not_visible" else Tone.PLAIN, "⇧"))
    words = _text(event.body, "words")
    told = words if state == "not_visible" else f"Deployment {state.replace('_', ' ')}: {words}"
    writer.add(event, Kind.FACT, told, tone=tone, sign=sign)


def _health(writer: _Writer, event: TaskEvent) -> None:
    is_good = event.body.get("is_good")
    tone = Tone.PLAIN if is_good is None else Tone.GOOD if is_good else Tone.BAD
    writer.add(event, Kind.FACT, f"Health: {_text(event.body, 'words')}", tone=tone, sign="♥")


def _rolled_back(writer: _Writer, event: TaskEvent) -> None:
    tone = Tone.GOOD if event.body.get("is_good") else Tone.BAD
    writer.add(event, Kind.FACT, _text(event.body, "words"), tone=tone, sign="↩")


def _text(body: object, key: str) -> str:
    value = body.get(key) if isinstance(body, Mapping) else None
    return "" if value is None else str(value)


_TELLERS: Mapping[str, Callable[[_Writer, TaskEvent], None]] = {
    "message": _of_person,
    "said": _said,
    "tool": _tool,
    "tool_result": _tool_result,
    "retrying": _retrying,
    "attempt": _attempt,
    "asked": _asked,
    "change": _change,
    "report": _report,
    "finding": _finding,
    "verdict": _verdict,
    "decision": _decision,
    "pull_request": _pull_request,
    "outcome": _outcome,
    "merged": _line("Merged as", Tone.PLAIN, "⤵", "merged_sha"),
    "approved": _approved,
    "armed": _line("The merge waits for the yes of", Tone.UNSURE, "‖", "waits_for"),
    "disarmed": _line("The merge waits no more:", Tone.PLAIN, "–", "reason"),
    "merge_refused": _line("It did not merge:", Tone.BAD, "✗", "reason"),
    "deployment": _deployment,
    "health": _health,
    "undo": _line("", Tone.UNSURE, "↩", "words"),
    "rolled_back": _rolled_back,
    "reverting": _line("", Tone.PLAIN, "↩", "words"),
    "parked": _parked,
    "resumed": _line("It goes on where it was", Tone.PLAIN, "▸"),
    "note": _line("", Tone.PLAIN, "–", "text"),
    "warning": _line("", Tone.UNSURE, "!", "text"),
    "environment": _line("Environment:", Tone.PLAIN, "–", "line"),
    "extended": _line("Granted once more:", Tone.PLAIN, "▸", "limit"),
    "preview": _line("Preview:", Tone.PLAIN, "◱", "words"),
    "followed_by": _line("It goes on as task", Tone.PLAIN, "→", "task_id"),
}
