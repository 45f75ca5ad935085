"""The scripted model answers from the request alone, streams as the API does, and fails as told."""

import json
from pathlib import Path

import aiohttp
import pytest

from honk.testing.replies import Ask, Json, Reply, ToolUse, fail, place, say, script_of, use
from honk.testing.scripted_model import ScriptedModel
from honk.testing.scripts import judge_in_turn, loop

pytestmark = pytest.mark.anyio
TOOLS: list[Json] = [{"name": "Bash"}]


def request(marker: str = "", answers: int = 0, **more: object) -> Json:
    messages: list[Json] = [{"role": "user", "content": f"do it {marker}"}]
    for at in range(answers):
        messages += [{"role": "assistant", "content": f"answer {at}"}, {"role": "user", "content": "go on"}]
    return {"model": "m", "max_tokens": 100, "messages": messages, "tools": TOOLS, **more}


async def ask(model: ScriptedModel, body: Json, **headers: str) -> Json:
    async with (
        aiohttp.ClientSession() as client,
        client.post(f"{model.url}/v1/messages", json=body, headers=headers) as r,
    ):
        return {"status": r.status, **(await r.json())}


def words(answer: Json) -> str:
    return str(answer["content"][0]["text"])


async def test_the_newest_marker_names_the_script_and_the_answers_after_it_are_the_index() -> None:
    scripts = {"default": [say("d0")], "fix": [say("f0"), say("f1"), say("f2")]}
    async with ScriptedModel(scripts) as model:
        assert words(await ask(model, request())) == "d0"
        assert words(await ask(model, request("[[script:fix]]", 1))) == "f1"
        assert words(await ask(model, request("[[script:fix+1]]", 1))) == "f2"
        assert words(await ask(model, request("[[script:fix]]", 9))) == "OK."
        assert words(await ask(model, request("[[script:fix]]", 1))) == "f1", "asked again, it answers the same"


async def test_an_answer_that_is_not_the_model_s_does_not_count() -> None:
    cut_off = request("", answers=2)
    cut_off["messages"] += [{"role": "assistant", "content": [{"type": "text", "text": "No response requested."}]}]
    assert place(cut_off)[1] == place(request("", answers=2))[1]


async def test_a_stream_carries_the_same_answer_as_one_piece() -> None:
    async with ScriptedModel(
        {"default": [Reply(blocks=(ToolUse("Bash", {"command": "ls"}),), delta_chars=5)]}
    ) as model:
        url = f"{model.url}/v1/messages"
        async with aiohttp.ClientSession() as client, client.post(url, json=request(stream=True)) as response:
            lines = [line async for line in response.content]
        events = [json.loads(line[6:]) for line in lines if line.startswith(b"data: ")]
        parts = [event["delta"]["partial_json"] for event in events if event["type"] == "content_block_delta"]
        assert len(parts) > 1
        assert json.loads("".join(parts)) == {"command": "ls"}
        assert events[-2]["delta"]["stop_reason"] == "tool_use"


async def test_a_fault_lasts_as_many_tries_as_it_says() -> None:
    async with ScriptedModel({"default": [fail(529, times=2, then=say("now"), retry_after="1")]}) as model:
        assert [(await ask(model, request()))["status"] for _ in range(3)] == [529, 529, 200]


async def test_a_broken_stream_breaks() -> None:
    async with ScriptedModel({"default": [fail("drop")]}) as model, aiohttp.ClientSession() as client:
        response = await client.post(f"{model.url}/v1/messages", json=request(stream=True))
        with pytest.raises(aiohttp.ClientPayloadError):
            await response.read()


async def test_a_question_without_tools_is_for_the_judge_of_that_script() -> None:
    def reads(ask: Ask) -> Reply:
        return say(f"{ask.script} saw {len(ask.request['messages'])}")

    scripts = {"fix": [say("agent")], "fix.judge": reads, "judge": judge_in_turn(say("veto"), say("pass"))}
    async with ScriptedModel(scripts) as model:
        assert words(await ask(model, request("[[script:fix]]", tools=[]))) == "fix.judge saw 1"
        assert [words(await ask(model, request(tools=[]))) for _ in range(3)] == ["veto", "pass", "pass"]


async def test_a_loop_never_ends() -> None:
    async with ScriptedModel({"default": loop("Bash", command="true")}) as model:
        for answers in (0, 7, 400):
            assert (await ask(model, request(answers=answers)))["content"][0]["input"] == {"command": "true"}


async def test_a_model_with_a_key_refuses_every_other() -> None:
    async with ScriptedModel({}, key="right") as model:
        assert (await ask(model, request(), **{"x-api-key": "wrong"}))["status"] == 401
        assert (await ask(model, request(), **{"x-api-key": "right"}))["status"] == 200
        assert [got.headers["x-api-key"] for got in model.requests] == ["wrong", "right"]


async def test_it_listens_on_a_unix_socket_and_keeps_a_log(tmp_path: Path) -> None:
    socket, log = tmp_path / "model.sock", tmp_path / "log.jsonl"
    connector = aiohttp.UnixConnector(str(socket))
    async with (
        ScriptedModel({"default": [say("hi")]}, unix=socket, log=log),
        aiohttp.ClientSession(connector=connector) as client,
        client.post("http://localhost/v1/messages/count_tokens", json=request()) as response,
    ):
        assert (await response.json())["input_tokens"] > 10
    assert json.loads(log.read_text())["path"] == "/v1/messages/count_tokens"


def test_scripts_can_be_written_in_json() -> None:
    lines = [
        {"tool": "Bash", "input": {"command": "ls"}},
        [{"text": "a"}, {"fault": "drop", "times": 3}, {"delay": 0.5}],
    ]
    first, second = script_of(lines)
    assert first == use("Bash", command="ls")
    assert second.fault is not None
    assert (second.fault.times, second.delta_delay_seconds) == (3, 0.5)
