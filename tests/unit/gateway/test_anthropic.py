"""The model route when the far side or the client misbehaves; and with the real Claude Code program."""

import asyncio
import contextlib
import json
import logging
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import aiohttp
import pytest
from aiohttp import web

from honk.base.subprocess import run
from honk.domain.money import ModelCall
from honk.gateway import Upstream
from honk.gateway.anthropic import AnthropicGateway
from honk.gateway.serving import Patience
from honk.testing.gateway_rules import KEY, TOKEN, Client, Desk, question
from honk.testing.ledger import FakeLedger
from honk.testing.replies import Reply, Script, StreamFault, Text, fail, say
from honk.testing.scripted_model import ScriptedModel
from honk.testing.scripts import loop, straight

pytestmark = pytest.mark.anyio
QUICK = Patience(request_seconds=0.2, connect_seconds=1, silence_seconds=0.2, connections=4)


@contextlib.asynccontextmanager
async def desk(
    script: Script = (), *, key: str = KEY, patience: Patience | None = None, url: str | None = None, **scripts: Script
) -> AsyncIterator[Desk]:
    ledger = FakeLedger()
    async with ScriptedModel({"default": script, **scripts}, key=KEY) as model:
        upstream = Upstream(base_url=url or model.url, headers={"x-api-key": key})
        gateway = AnthropicGateway(upstream, ledger, patience=patience)
        try:
            yield Desk(gateway=gateway, model=model, ledger=ledger)
        finally:
            await gateway.close()


async def test_a_stream_passes_before_it_is_complete_and_is_metered() -> None:
    used = {"input_tokens": 10, "output_tokens": 20, "cache_read_input_tokens": 1000}
    slow = Reply(blocks=(Text("ab"),), delta_chars=1, delta_delay_seconds=0.2, usage=used)
    async with desk([slow]) as d, d.route() as client:
        async with client.session.post(
            f"http://127.0.0.1:{client.port}/v1/messages?beta=true",
            data=json.dumps(question(stream=True)),
            headers={"x-api-key": TOKEN},
        ) as response:
            first = await response.content.readany()
            assert b"message_start" in first
            assert b"message_stop" not in first
            assert b"message_stop" in await response.read()
        (call,) = d.ledger.calls
        assert call.cost_usd == pytest.approx((10 * 4 + 20 * 20 + 1000 * 0.2) / 1e6)
        assert (call.input_tokens, call.output_tokens, call.cache_read_tokens, call.status) == (10, 20, 1000, 200)


async def broken(kind: StreamFault, **reply: object) -> tuple[Desk, ModelCall]:
    """The call over which a stream broke, and the desk that wrote it down."""
    script = [replace(fail(kind, times=9, then=say("x" * 4000)), **reply)]  # type: ignore[arg-type]
    async with desk(script, patience=QUICK) as d, d.route() as client:
        with contextlib.suppress(aiohttp.ClientPayloadError, aiohttp.ServerDisconnectedError):
            await client.ask(question(stream=True))
        (call,) = d.ledger.calls
        return d, call


async def test_a_stream_without_a_word_breaks_for_the_client_and_keeps_its_reservation() -> None:
    d, call = await broken("empty")
    assert call.cost_usd is None
    spending = await d.ledger.spending("run1")
    assert (spending.cost_usd, spending.held_usd) == (0, pytest.approx(call.reserved_usd))


@pytest.mark.parametrize(("kind", "heard_tokens"), [("drop", 1000), ("hang", 1)])
async def test_of_a_broken_stream_the_cost_is_what_was_heard_and_the_rest_is_held(
    kind: StreamFault, heard_tokens: int
) -> None:
    d, call = await broken(kind, usage={"input_tokens": 3000, "output_tokens": 900}, delta_chars=4000)
    assert call.cost_usd == pytest.approx((3000 * 4 + heard_tokens * 20) / 1e6)
    longest = 1.1 * (3000 * 4 + 1000 * 20) / 1e6
    assert (await d.ledger.spending("run1")).committed_usd == pytest.approx(longest), "as far as it might have gone"
    assert (call.status, call.input_tokens) == (206, 3000)


async def test_a_route_that_ends_breaks_calls_under_way_off() -> None:
    async with desk([fail("hang")]) as d, asyncio.timeout(5):
        async with d.route() as client:
            body = json.dumps(question(stream=True)).encode()
            reader, writer = await asyncio.open_connection("127.0.0.1", client.port)
            head = f"POST /v1/messages HTTP/1.1\r\nhost: x\r\nx-api-key: {TOKEN}\r\ncontent-length: {len(body)}\r\n\r\n"
            writer.write(head.encode() + body)
            assert b"200" in await reader.readline()
        with contextlib.suppress(ConnectionError):
            await reader.read()
        writer.close()
        assert d.ledger.calls[0].status == 206


async def test_a_refused_key_is_said_once_and_never_shown(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    async with desk(key="sk-bad-and-secret") as d, d.route() as client:
        answer = await client.ask()
        assert (answer.status, answer.headers["x-should-retry"]) == (401, "false")
        assert "refused Honk's key" in answer.message
        assert "sk-bad-and-secret" not in f"{answer} {caplog.text} {d.gateway!r} {vars(d.gateway)}"
        assert (await d.ledger.spending("run1")).cost_usd == 0


async def test_an_overloaded_service_is_passed_on_with_its_word_when_to_come_back() -> None:
    async with desk([fail(529, retry_after="7", set_cookie="a=b", then=say("x"))]) as d, d.route() as client:
        answer = await client.ask()
        assert (answer.status, answer.headers["retry-after"]) == (529, "7")
        assert "set-cookie" not in answer.headers
        assert (await d.ledger.spending("run1")).cost_usd == 0
        assert (await client.ask()).status == 200


async def test_a_service_that_is_away_costs_nothing_and_may_be_tried_again() -> None:
    async with desk(url="http://127.0.0.1:9") as d, d.route(turns=1) as client:
        for _ in range(2):
            answer = await client.ask()
            assert (answer.status, answer.headers["x-should-retry"]) == (502, "true")
        assert (await d.ledger.spending("run1")).cost_usd == 0


@contextlib.asynccontextmanager
async def far_side(status: int, text: str = "", **headers: str) -> AsyncIterator[tuple[str, list[str]]]:
    """A service that answers everything alike."""
    seen: list[str] = []

    async def respond(request: web.BaseRequest) -> web.Response:
        seen.append(request.path)
        return web.Response(status=status, text=text, headers=headers)

    runner = web.ServerRunner(web.Server(respond), shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}", seen
    finally:
        await runner.cleanup()


async def test_a_redirect_of_the_service_is_not_followed() -> None:
    async with far_side(307, location="/elsewhere") as (url, seen), desk(url=url) as d, d.route() as client:
        answer = await client.ask()
        assert answer.status == 502
        assert "location" not in answer.headers
        assert seen == ["/v1/messages"]


async def test_a_key_that_the_service_repeats_is_struck_out() -> None:
    async with (
        far_side(400, f"bad {KEY} bad") as (url, _),
        desk(url=url) as d,
        d.route() as client,
    ):
        answer = await client.ask()
        assert answer.status == 400
        assert answer.body == b"bad [censored] bad"


async def test_nonsense_of_the_service_keeps_the_reservation() -> None:
    async with far_side(200, "<html>") as (url, _), desk(url=url) as d, d.route() as client:
        assert (await client.ask()).status == 200
        assert d.ledger.calls[0].cost_usd is None


async def test_a_client_that_dawdles_is_cut_off() -> None:
    async with desk(patience=QUICK) as d, d.route() as client, asyncio.timeout(5):
        head = f"POST /v1/messages HTTP/1.1\r\nhost: x\r\nx-api-key: {TOKEN}\r\n"
        assert await client.raw(b"") == 0
        assert await client.raw(head.encode()) == 0, "headers that never end"
        assert await client.raw(f"{head}content-length: 99\r\n\r\n{{".encode()) == 408, "a body that never ends"


async def test_a_body_without_end_is_cut_off() -> None:
    async def endless() -> AsyncIterator[bytes]:
        while True:
            yield b" " * (4 << 20)

    async with desk() as d, d.route() as client:
        with contextlib.suppress(aiohttp.ClientError):
            async with client.session.post(
                f"http://127.0.0.1:{client.port}/v1/messages", data=endless(), headers={"x-api-key": TOKEN}
            ) as response:
                assert response.status == 413
        assert not d.model.requests


async def test_t46_words_that_are_no_request_leave_nothing_in_the_log(caplog: pytest.LogCaptureFixture) -> None:
    async with desk() as own, own.route() as client:
        reader, writer = await asyncio.open_connection("127.0.0.1", client.port)
        writer.write(b"GET / HTTP/1.1\r\nhost: \x1b[2J\r\n\r\n")
        assert b" 400 " in await reader.readline()
        writer.close()
    assert caplog.records == []


async def test_a_flood_of_connections_is_turned_away_and_the_route_lives() -> None:
    async with desk(patience=Patience(connections=4)) as d, d.route() as client, asyncio.timeout(5):
        opened = [await asyncio.open_connection("127.0.0.1", client.port) for _ in range(20)]
        turned_away = 0
        for reader, _ in opened[4:]:
            with contextlib.suppress(ConnectionError):
                turned_away += await reader.read() == b""
        for _, writer in opened:
            writer.close()
        while True:
            try:
                assert (await client.ask()).status == 200
                break
            except aiohttp.ClientConnectionError:
                await asyncio.sleep(0.005)  # the server has not seen them close yet
        assert turned_away == 16


async def claude(client: Client, prompt: str, home: Path, **env: str) -> dict[str, object]:
    """The last line that Claude Code prints, run with nothing of ours in its environment."""
    sdk = pytest.importorskip("claude_agent_sdk")
    program = Path(sdk.__file__).parent / "_bundled" / "claude"
    said = json.dumps({"type": "user", "message": {"role": "user", "content": prompt}}) + "\n"
    form = ("--output-format", "stream-json", "--input-format", "stream-json", "--verbose")
    done = await run(
        [str(program), "-p", *form, "--permission-mode", "dontAsk", "--allowedTools", "Read,Edit,Bash"],
        cwd=home,
        stdin=said.encode(),
        timeout_seconds=60,
        env={
            "HOME": str(home),
            "CLAUDE_CONFIG_DIR": str(home / "config"),
            "ANTHROPIC_BASE_URL": f"http://127.0.0.1:{client.port}",
            "ANTHROPIC_API_KEY": TOKEN,
            "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1",
            "DISABLE_AUTOUPDATER": "1",
            **env,
        },
    )
    assert b"api_retry" not in done.stdout
    last: dict[str, object] = json.loads(done.stdout.splitlines()[-1])
    return last


@pytest.mark.slow
@pytest.mark.claude
async def test_claude_code_works_through_the_gateway(tmp_path: Path) -> None:
    file = tmp_path / "a.py"
    file.write_text("x = 1\n")
    fix = straight(str(file), old="x = 1", new="x = 2", verify=False)
    async with desk(fix) as d, d.route() as client:
        assert (await claude(client, "fix it", tmp_path))["result"] == "Done."
        assert file.read_text() == "x = 2\n"
        assert TOKEN not in "".join(str(got.headers) for got in d.model.requests)
        assert (await d.ledger.spending("run1")).calls == 3


@pytest.mark.slow
@pytest.mark.claude
@pytest.mark.parametrize(
    ("budget_usd", "turns", "key", "model", "words"),
    [
        (0.2, None, KEY, "claude-opus-5-5", "The money limit of this run ($0.20) is reached"),
        (5.0, 2, KEY, "claude-opus-5-5", "The turns limit of this run (2) is reached"),
        (5.0, None, "sk-a-bad-key", "claude-opus-5-5", "refused Honk's key"),
        (5.0, None, KEY, "claude-nobody-9", "The model 'claude-nobody-9' has no known price"),
    ],
    ids=["money", "turns", "key", "price"],
)
async def test_claude_code_stops_at_once_and_shows_the_sentence(
    budget_usd: float, turns: int | None, key: str, model: str, words: str, tmp_path: Path
) -> None:
    dear = Reply(blocks=loop()(None).blocks, usage={"output_tokens": 1000})  # type: ignore[operator, arg-type]
    async with desk([dear] * 100, key=key) as d, d.route(budget_usd=budget_usd, turns=turns) as client:
        last = await claude(client, "go", tmp_path, ANTHROPIC_MODEL=model)
        assert last["is_error"] is True
        assert words in str(last["result"])
        assert (await d.ledger.spending("run1")).cost_usd <= budget_usd
