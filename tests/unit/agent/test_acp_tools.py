"""The tools as the Model Context Protocol has them."""

from pathlib import Path
from typing import Any

import pytest

from honk.agent import Job, ToolAnswer
from honk.agent.acp_tools import reply
from honk.agent.desk import Desk
from honk.base.errors import HonkError

pytestmark = pytest.mark.anyio


def desk_of(answer: ToolAnswer | Exception) -> Desk:
    async def verify() -> ToolAnswer:
        if isinstance(answer, Exception):
            raise answer
        return answer

    async def on_broken(error: Exception) -> None:
        """Told elsewhere."""

    fields: dict[str, Any] = dict.fromkeys(("session_id", "prompt", "guidance", "model", "token", "model_url"), "")
    job = Job(
        **fields, is_resumed=False, sandbox=None, turns=9, idle_seconds=9, output_bytes=9, config_dir=Path(),
        verify=verify,
    )  # type: ignore[arg-type]  # fmt: skip
    return Desk(job, on_broken=on_broken)


GREEN = ToolAnswer(text="all green", is_error=False)


def asking(method: str, **params: Any) -> dict[str, Any]:
    return {"jsonrpc": "2.0", "id": 7, "method": method, "params": params}


async def result(message: object, desk: Desk | None = None) -> Any:
    told = await reply(message, desk or desk_of(GREEN))
    assert told is not None
    return told.get("result", told.get("error"))


async def test_a_greeting_is_answered_in_a_version_that_both_know() -> None:
    assert (await result(asking("initialize", protocolVersion="2025-03-26")))["protocolVersion"] == "2025-03-26"
    assert (await result(asking("initialize", protocolVersion="1999-01-01")))["protocolVersion"] == "2025-11-25"
    assert await reply({"jsonrpc": "2.0", "method": "notifications/initialized"}, desk_of(GREEN)) is None


async def test_our_tools_are_listed_and_work() -> None:
    desk = desk_of(GREEN)
    assert [tool["name"] for tool in (await result(asking("tools/list"), desk))["tools"]] == [
        "verify",
        "conclude",
        "ask",
    ]
    told = await result(asking("tools/call", name="verify", arguments={}), desk)
    assert told == {"content": [{"type": "text", "text": "all green"}], "isError": False}
    wrong = await result(asking("tools/call", name="conclude", arguments={"outcome": "merged", "reason": "x"}), desk)
    assert wrong["isError"]
    assert desk.conclusion is None
    await result(asking("tools/call", name="conclude", arguments={"outcome": "answered", "reason": "42"}), desk)
    assert desk.conclusion is not None


async def test_a_question_is_taken_once_and_one_that_is_none_is_told_back() -> None:
    desk = desk_of(GREEN)
    asked = {"text": "Tabs?", "choices": ["tabs", "spaces"], "recommended": "tabs"}
    wrong = {**asked, "recommended": "neither"}
    assert (await result(asking("tools/call", name="ask", arguments=wrong), desk))["isError"]
    assert desk.question is None
    assert not (await result(asking("tools/call", name="ask", arguments=asked), desk))["isError"]
    assert desk.question is not None
    assert desk.question.choices == ("tabs", "spaces")
    assert (await result(asking("tools/call", name="ask", arguments=asked), desk))["isError"]
    assert await desk.sent_back(can_conclude=True) is None
    desk.told()
    assert desk.question is None


async def test_checks_that_break_are_an_answer_in_words() -> None:
    told = await result(asking("tools/call", name="verify"), desk_of(HonkError("no room")))
    assert (told["isError"], told["content"][0]["text"]) == (True, "no room")


@pytest.mark.parametrize(
    ("message", "code"),
    [
        (None, -32600), ([], -32600), ({"id": 1}, -32600), (asking("resources/list"), -32601),
        (asking("tools/call", name="rm"), -32602), ({**asking("tools/call"), "params": [1]}, -32602),
    ],
)  # fmt: skip
async def test_what_is_no_request_for_a_tool_is_refused(message: object, code: int) -> None:
    assert (await result(message))["code"] == code
