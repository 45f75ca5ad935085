"""A task as a conversation."""

from dataclasses import replace
from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from honk.insight.story import _TELLERS, Entry, Kind, story_of
from honk.insight.tone import Tone
from honk.store import Message, TaskEvent
from honk.testing.store_rules import ADA, NOON


def told(*events: tuple[str, dict[str, object]]) -> tuple[TaskEvent, ...]:
    return tuple(
        TaskEvent(task_id="t", sequence=n, kind=kind, body=body, at=NOON + timedelta(seconds=n))
        for n, (kind, body) in enumerate(events, start=1)
    )


def tool(call_id: str, name: str = "Read", **more: object) -> tuple[str, dict[str, object]]:
    return "tool", {"tool": name, "call_id": call_id, "summary": "/workspace/a.py", **more}


def story(*events: tuple[str, dict[str, object]], messages: tuple[Message, ...] = (), question: str | None = None):
    return story_of("Fix it", "Ada", NOON, told(*events), messages, open_question=question)


def message(message_id: str, text: str = "No, blue", **more: object) -> Message:
    found = Message(message_id=message_id, task_id="t", person=ADA, text=text, at=NOON + timedelta(seconds=1.5))
    return replace(found, **more)


def test_the_request_comes_first_and_tools_in_a_row_are_one_entry() -> None:
    request, tools, said, more = story(
        tool("1"), ("tool_result", {"call_id": "1", "excerpt": "text", "is_error": False}),
        tool("2", "mcp__honk__verify"), tool("3", is_denied=True), ("said", {"text": " Done. "}), tool("4"),
        ("tool_result", {"call_id": "2", "excerpt": "red", "is_error": True}), ("tool_result", {"call_id": "unknown"}),
    )  # fmt: skip
    assert (request.kind, request.text, request.who) == (Kind.REQUEST, "Fix it", "Ada")
    assert (tools.kind, tools.tally, tools.troubles) == (Kind.TOOLS, "Read ×2, verify", 2)
    assert [(call.summary, call.output, call.is_over) for call in tools.calls] == [
        ("a.py", "text", True), ("a.py", "red", True), ("a.py", "", False),
    ]  # fmt: skip
    assert (said.kind, said.text) == (Kind.SAID, "Done.")
    assert more.key == "e6", "what stands between makes a new one, and its name stays as it grows"


def test_a_message_is_shown_once_where_it_was_said_and_says_whether_it_was_read() -> None:
    with_event = story(("message", {"message_id": "m", "person": "Ada", "text": "No, blue"}), messages=(message("m"),))
    assert [(one.kind, one.text, one.is_waiting) for one in with_event[1:]] == [(Kind.MESSAGE, "No, blue", True)]
    read = story(("said", {"text": "a"}), ("said", {"text": "b"}), messages=(message("m", used_at=NOON),))
    assert [one.text for one in read] == ["Fix it", "a", "No, blue", "b"]
    assert not read[2].is_waiting


def test_a_question_has_its_choices_while_it_is_open_and_its_answer_after() -> None:
    asked = ("asked", {"question_id": "q", "text": "Which?", "choices": ["red", "blue"], "recommended": "blue"})
    (open_one,) = [one.question for one in story(asked, question="q") if one.question]
    assert (open_one.is_open, open_one.choices, open_one.recommended) == (True, ("red", "blue"), "blue")
    answered = story(asked, messages=(message("m", "red", question_id="q"),), question="q")
    (over,) = [one.question for one in answered if one.question]
    assert (over.is_open, over.answer, over.by) == (False, "red", "Ada")


def test_only_what_passed_is_green() -> None:
    def tone(kind: str, body: dict[str, object]) -> Tone:
        return story((kind, body))[-1].tone

    assert tone("report", {"result": "passed", "verifier": "pytest", "summary": "2 passed"}) is Tone.GOOD
    for result in ("unverified", "failed", "odd", None):
        assert tone("report", {"result": result, "verifier": "pytest"}) is not Tone.GOOD
    assert tone("verdict", {"ruling": "pass"}) is Tone.PLAIN, "a judge reads, and verifies nothing"
    assert tone("verdict", {"ruling": "odd", "reasons": ["x"]}) is Tone.UNSURE
    assert tone("pull_request", {"number": 1, "is_draft": True}) is Tone.UNSURE
    assert tone("outcome", {"outcome": "opened"}) is Tone.PLAIN
    assert tone("outcome", {"outcome": "vetoed", "reason": "No.\nReally"}) is Tone.BAD


values = st.sampled_from([None, True, 1, 1.5, "", "x", ["x", None], {"name": "x"}])
bodies = st.dictionaries(
    st.sampled_from(["text", "tool", "call_id", "summary", "result", "reasons", "choices", "person", "path", "line"]),
    values,
)


@given(st.lists(st.tuples(st.sampled_from([*_TELLERS, "unknown"]), bodies), max_size=6))
def test_an_odd_event_never_breaks_the_story(events: list[tuple[str, dict[str, object]]]) -> None:
    found = story(*events)
    assert isinstance(found[0], Entry)
    assert len({one.key for one in found}) == len(found)
