"""Claude Code's messages, read into events."""

import pytest
from claude_agent_sdk import (
    AssistantMessage,
    Message,
    ResultMessage,
    SystemMessage,
    TextBlock,
    ThinkingBlock,
    ToolResultBlock,
    ToolUseBlock,
    UserMessage,
)

from honk.agent import Event, Retrying, Said, ToolCalled, ToolReturned
from honk.agent.claude_events import Ending, ending_of, events_of, generation_of, refusal, status_of_retry
from honk.base.censor import Censor
from honk.domain.limits import LimitName
from honk.gateway.till import out_of_turns

CENSOR = Censor(("hush-hush-hush",))


def read(message: Message) -> list[Event]:
    return list(events_of(message, CENSOR))


def spoken(*blocks: object, model: str = "m", message_id: str | None = "msg_1") -> AssistantMessage:
    return AssistantMessage(content=list(blocks), model=model, message_id=message_id)  # type: ignore[arg-type]


def result(**fields: object) -> ResultMessage:
    base = {"subtype": "success", "duration_ms": 1, "duration_api_ms": 1, "is_error": False, "num_turns": 1}
    return ResultMessage(**{**base, "session_id": "s", **fields})  # type: ignore[arg-type]


def test_words_and_tool_calls_are_shown_and_thoughts_are_not() -> None:
    message = spoken(
        ThinkingBlock(thinking="hm", signature="s"),
        TextBlock(text="I look. hush-hush-hush"),
        TextBlock(text="  "),
        ToolUseBlock(id="t1", name="Bash", input={"command": "ls\n -la", "description": "list"}),
        ToolUseBlock(id="t2", name="mcp__honk__verify", input={}),
        ToolUseBlock(id="t3", name="Odd", input={"n": 1}),
    )
    assert read(message) == [
        Said(text="I look. [censored]"),
        ToolCalled(tool="Bash", call_id="t1", summary="ls -la"),
        ToolCalled(tool="verify", call_id="t2", summary=""),
        ToolCalled(tool="Odd", call_id="t3", summary='{"n": 1}'),
    ]


def test_a_call_that_the_guard_refuses_is_told_as_denied() -> None:
    [call] = read(spoken(ToolUseBlock(id="t1", name="Bash", input={"command": "git push"})))
    assert isinstance(call, ToolCalled)
    assert call.is_denied


def test_a_tool_s_answer_is_an_excerpt() -> None:
    blocks = [
        ToolResultBlock(tool_use_id="t1", content="x" * 9000, is_error=None),
        ToolResultBlock(tool_use_id="t2", content=[{"type": "text", "text": "red"}, {"type": "image"}], is_error=True),
    ]
    first, second = read(UserMessage(content=list(blocks)))
    assert isinstance(first, ToolReturned)
    assert len(first.excerpt) < 2100
    assert second == ToolReturned(call_id="t2", is_error=True, excerpt="red\n[image]")
    assert read(UserMessage(content="words")) == []


def test_a_retry_has_its_status_and_its_wait() -> None:
    data = {"attempt": 2, "error_status": 529, "retry_delay_ms": 1500.5}
    message = SystemMessage(subtype="api_retry", data=data)
    assert read(message) == [Retrying(attempt=2, status=529, delay_seconds=1.5)]
    assert status_of_retry(message) == 529
    unknown = SystemMessage(subtype="api_retry", data={"error_status": None})
    assert read(unknown) == [Retrying(attempt=0, status=None, delay_seconds=0.0)]
    assert status_of_retry(unknown) is None
    assert read(SystemMessage(subtype="init", data={})) == []


def test_one_generation_is_counted_once_however_many_messages_it_comes_in() -> None:
    parts = [spoken(TextBlock(text="a")), spoken(TextBlock(text="b")), spoken(TextBlock(text="c"), message_id="msg_2")]
    assert {generation_of(part) for part in parts} == {"msg_1", "msg_2"}
    assert generation_of(spoken(TextBlock(text="API Error: 500"), model="<synthetic>")) is None
    assert generation_of(UserMessage(content="x")) is None


def test_stopping_is_an_ordinary_end() -> None:
    assert ending_of(result(result="All green!"), CENSOR) == Ending()


@pytest.mark.parametrize("fields", [{"subtype": "error_max_turns"}, {"terminal_reason": "max_turns"}])
def test_the_turn_limit_is_named(fields: dict[str, str]) -> None:
    assert ending_of(result(is_error=True, **fields), CENSOR) == Ending(limit=LimitName.TURNS)


def test_no_money_is_a_limit_and_a_bad_key_is_for_a_person() -> None:
    assert refusal(402, "The money limit of this run ($1.00) is reached") == Ending(limit=LimitName.MONEY)
    assert "asks for payment (402)" in (refusal(402).fault or "")
    assert refusal(402, out_of_turns(9).message) == Ending(limit=LimitName.TURNS)
    assert "refused the key (401)" in (refusal(401).fault or "")
    assert "(403)" in (refusal(403).fault or "")
    ours = refusal(403, "Failed to authenticate. API Error: 403 The model 'x' has no known price, so Honk stops.")
    assert ours.fault == "The model 'x' has no known price, so Honk stops. The work so far is kept."


def test_a_service_that_goes_on_failing_is_a_fault() -> None:
    ending = ending_of(result(is_error=True, api_error_status=529, result="API Error: 529 busy"), CENSOR)
    assert ending.fault is not None
    assert "529" in ending.fault
    assert not ending.can_retry


def test_any_other_error_keeps_its_words() -> None:
    ending = ending_of(result(subtype="error_during_execution", is_error=True, errors=["boom", "bang"]), CENSOR)
    assert ending.fault == "Claude Code ended with an error: boom; bang"
