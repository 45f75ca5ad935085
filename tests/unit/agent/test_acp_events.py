"""Updates in pieces become events once."""

from typing import Any

from acp.schema import PermissionOption, SessionNotification, ToolCallUpdate

from honk.agent import Said, ToolCalled, ToolReturned
from honk.agent.acp_events import Reader, allowing
from honk.base.censor import Censor


def updates(reader: Reader, *many: dict[str, Any]) -> list[Any]:
    told: list[Any] = []
    for one in many:
        told += reader.updated(SessionNotification.model_validate({"sessionId": "s", "update": one}))
    return told


def said(text: str) -> dict[str, Any]:
    return {"sessionUpdate": "agent_message_chunk", "content": {"type": "text", "text": text}}


def call(update: str = "tool_call", **fields: Any) -> dict[str, Any]:
    return {"sessionUpdate": update, "toolCallId": "t", "title": "bash", **fields}


def test_words_in_pieces_are_told_as_one_and_before_the_call_that_follows() -> None:
    reader = Reader(Censor(("the-s3cret-of-somebody",)))
    told = updates(
        reader, said("I lo"), said("ok at the-s3cret-of-somebody\x1b[31m."), call(status="in_progress", kind="read")
    )
    assert [type(event) for event in told] == [Said, ToolCalled]
    assert told[0].text.startswith("I look at ")
    assert "\x1b" not in told[0].text
    assert "the-s3cret-of-somebody" not in told[0].text
    assert [*reader.flush()] == []


def test_words_without_end_are_told_now_and_then() -> None:
    reader = Reader(Censor())
    told = updates(reader, *[said("x" * 100)] * 200)
    assert len(told) == 2


def test_a_call_is_told_when_it_says_something_and_only_once() -> None:
    reader = Reader(Censor())
    told = updates(
        reader,
        call(status="pending", kind="execute", rawInput={"cwd": "/workspace"}),
        call("tool_call_update", status="in_progress", rawInput={"command": "ls\nrm"}, title="ls"),
        call("tool_call_update", status="in_progress", content=[]),
        call(
            "tool_call_update",
            status="failed",
            content=[{"type": "content", "content": {"type": "text", "text": "no"}}],
        ),
    )
    assert told == [
        ToolCalled(tool="execute", call_id="t", summary="ls rm"),
        ToolReturned(call_id="t", is_error=True, excerpt="no"),
    ]
    assert reader.touches == 1


def test_a_call_that_is_told_only_at_its_end_is_told_all_the_same() -> None:
    told = updates(Reader(Censor()), call(status="completed", kind="other", title="honk_verify"))
    assert told == [
        ToolCalled(tool="honk_verify", call_id="t", summary="honk_verify"),
        ToolReturned(call_id="t", is_error=False, excerpt=""),
    ]


def test_a_call_that_ended_is_forgotten() -> None:
    reader = Reader(Censor())
    once = (call(status="in_progress", kind="execute"), call("tool_call_update", status="completed"))
    assert [type(event) for event in updates(reader, *once, *once)] == [ToolCalled, ToolReturned] * 2
    assert reader.touches == 2


def test_reading_touches_nothing() -> None:
    reader = Reader(Censor())
    updates(reader, call(status="in_progress", kind="read"))
    assert reader.touches == 0


def test_a_call_that_asks_is_told_before_it_may_and_again_if_it_may_not() -> None:
    reader, asking = Reader(Censor()), ToolCallUpdate(tool_call_id="t", title="rm -rf /")
    assert [event.is_denied for event in reader.asked(asking, is_denied=False) if isinstance(event, ToolCalled)] == [
        False
    ]
    assert [*reader.asked(asking, is_denied=False)] == []
    assert [event.is_denied for event in reader.asked(asking, is_denied=True) if isinstance(event, ToolCalled)] == [
        True
    ]


def test_calls_without_end_are_not_remembered_without_end() -> None:
    reader = Reader(Censor())
    updates(reader, *({**call(status="pending"), "toolCallId": str(number)} for number in range(5000)))
    assert len(reader._calls) <= 1000


def test_the_narrowest_yes_is_chosen() -> None:
    def options(*kinds: Any) -> list[PermissionOption]:
        return [PermissionOption(option_id=kind, name=kind, kind=kind) for kind in kinds]

    chosen = allowing(options("reject_once", "allow_always", "allow_once"))
    assert chosen is not None
    assert chosen.kind == "allow_once"
    assert allowing(options("reject_once", "reject_always")) is None
    assert allowing([]) is None
