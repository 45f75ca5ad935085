"""What every gateway must hold to, whichever service lies behind it: attacks and limits, over a real socket.

The far side is a `ScriptedModel` whose key is `KEY`; each rule gets a `Desk` and opens routes on it.
"""

import asyncio
import contextlib
import json
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

import aiohttp

from honk.gateway import Gateway, Grant
from honk.testing.ledger import FakeLedger
from honk.testing.scripted_model import ScriptedModel

KEY = "sk-real-key-of-the-house"
TOKEN = "token-of-this-run"  # noqa: S105 - a token of a test
MODEL = "claude-opus-5-5"


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """A gateway, what lies behind it, and what it writes down."""

    gateway: Gateway
    model: ScriptedModel
    ledger: FakeLedger

    @contextlib.asynccontextmanager
    async def route(self, *, budget_usd: float = 5.0, turns: int | None = None) -> AsyncIterator["Client"]:
        """A client of a fresh route."""
        listener = socket.create_server(("127.0.0.1", 0))
        port = listener.getsockname()[1]
        grant = Grant(run_id="run1", purpose="agent", token=TOKEN, budget_usd=budget_usd, turns=turns)
        async with self.gateway.serve_model(listener, grant), aiohttp.ClientSession() as session:
            yield Client(session=session, port=port)


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What came back."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def message(self) -> str:
        """The sentence of an error."""
        return str(json.loads(self.body)["error"]["message"])


@dataclass(frozen=True, slots=True, kw_only=True)
class Client:
    """Whoever sits in the sandbox."""

    session: aiohttp.ClientSession
    port: int

    async def ask(
        self, body: Any = None, *, path: str = "/v1/messages", headers: Mapping[str, str] | None = None
    ) -> Answer:
        """Post a body, JSON or bytes, with the run's token unless other headers are given."""
        shown = {"x-api-key": TOKEN} if headers is None else headers
        data = body if isinstance(body, bytes) else json.dumps(question() if body is None else body).encode()
        async with self.session.post(f"http://127.0.0.1:{self.port}{path}", data=data, headers=shown) as response:
            return Answer(status=response.status, headers=response.headers, body=await response.read())

    async def raw(self, request: bytes) -> int:
        """The status that a request, written as it is, gets; 0 where the connection is closed without one."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        try:
            writer.write(request)
            line = await reader.readline()
            return int(line.split()[1]) if line else 0
        finally:
            writer.close()
            with contextlib.suppress(ConnectionError):
                await writer.wait_closed()


def question(**more: Any) -> dict[str, Any]:
    """A request of a working agent."""
    tools = [{"name": "Bash", "input_schema": {"type": "object"}}]
    messages = [{"role": "user", "content": "fix it"}]
    return {"model": MODEL, "max_tokens": 1000, "messages": messages, "tools": tools, **more}


async def the_key_goes_up_and_the_token_does_not(desk: Desk) -> None:
    async with desk.route() as client:
        answer = await client.ask(headers={"authorization": f"Bearer {TOKEN}", "cookie": "a=b", "x-secret": "c"})
    assert answer.status == 200
    sent = desk.model.requests[-1].headers
    assert sent["x-api-key"] == KEY
    assert not {"authorization", "cookie", "x-secret"} & set(sent)
    assert TOKEN not in str(sent)


async def another_token_opens_nothing(desk: Desk) -> None:
    async with desk.route() as client:
        for shown in (
            {},
            {"x-api-key": KEY},
            {"x-api-key": TOKEN + "x"},
            {"authorization": "Bearer "},
            {"authorization": TOKEN},
        ):
            answer = await client.ask(headers=shown)
            assert answer.status == 401
            assert answer.headers["x-should-retry"] == "false"
    assert not desk.model.requests


async def a_key_that_the_client_brings_is_dropped(desk: Desk) -> None:
    async with desk.route() as client:
        stolen = {"authorization": f"Bearer {TOKEN}", "x-api-key": "sk-of-somebody-else"}
        assert (await client.ask(headers=stolen)).status == 200
    assert "sk-of-somebody-else" not in str(desk.model.requests[-1].headers)


async def no_other_path_passes_however_it_is_spelt(desk: Desk) -> None:
    paths = (
        "/v1/files", "/v1/messages/batches", "/v1/messages/", "//v1/messages", "/v1/./messages", "/v1/x/../messages",
        "/v1/%6dessages", "/v1/messages%2fbatches", "/v1/messages?beta=true&x=1", "/v1/messages?", "/v1/messages;x",
        "/v1/messages/../models", "http://example.org/v1/messages", "/V1/messages", "/v1/messages#x", "*",
    )  # fmt: skip
    async with desk.route() as client:
        for path in paths:
            assert await client.raw(_spelt("POST", path)) in (400, 403, 404), path
        for method in ("GET", "PUT", "DELETE", "CONNECT", "TRACE", "OPTIONS"):
            assert await client.raw(_spelt(method, "/v1/messages")) in (400, 403, 404, 405), method
    assert not desk.model.requests


def _spelt(method: str, path: str) -> bytes:
    """A request in which everything is right but perhaps these two."""
    body = json.dumps(question())
    head = f"{method} {path} HTTP/1.1\r\nhost: x\r\nx-api-key: {TOKEN}\r\ncontent-length: {len(body)}"
    return f"{head}\r\n\r\n{body}".encode()


async def what_is_no_request_is_refused(desk: Desk) -> None:
    async with desk.route() as client:
        for body in (
            b"",
            b"{",
            b"[]",
            b"\xff\xfe",
            b'"x"',
            b"[" * 100_000,
            json.dumps(question(max_tokens=-1)).encode(),
        ):
            assert (await client.ask(body)).status == 400
        assert (await client.raw(b"nonsense\r\n\r\n")) in (0, 400)
    assert not desk.model.requests


async def a_model_without_a_price_is_refused_by_name(desk: Desk) -> None:
    async with desk.route() as client:
        answer = await client.ask(question(model="gpt-99"))
    assert answer.status == 403
    assert "gpt-99" in answer.message
    assert not desk.model.requests


async def the_far_side_fetches_nothing_for_the_agent(desk: Desk) -> None:
    url = {"type": "url", "url": "http://attacker.test/?secret"}
    for more in (
        {"tools": [{"type": "web_fetch_20250910", "name": "web_fetch"}]},
        {"tools": [{"type": "web_search_20250305", "name": "web_search"}]},
        {"mcp_servers": [{"type": "url", "url": "http://attacker.test"}]},
        {"messages": [{"role": "user", "content": [{"type": "image", "source": url}]}]},
        {"messages": [{"role": "system", "content": [{"type": "tool", "tool": {"type": "web_fetch_20250910"}}]}]},
        {"speed": "fast"},
    ):
        async with desk.route() as client:
            assert (await client.ask(question(**more))).status == 403, more
    assert not desk.model.requests


async def money_ends_the_run_before_it_is_overspent(desk: Desk) -> None:
    async with desk.route(budget_usd=0.05) as client:
        answers = [await client.ask(question(max_tokens=2000)) for _ in range(60)]
    assert answers[0].status == 200
    assert answers[-1].status == 402
    assert answers[-1].headers["x-should-retry"] == "false"
    assert "$0.05" in answers[-1].message
    assert (await desk.ledger.spending("run1")).cost_usd <= 0.05


async def what_may_be_written_is_clamped_to_what_is_left(desk: Desk) -> None:
    async with desk.route(budget_usd=0.05) as client:
        assert (await client.ask(question(max_tokens=100_000))).status == 200
    assert 256 <= desk.model.generations[0]["max_tokens"] < 2500


async def calls_side_by_side_wait_for_each_other_s_money(desk: Desk) -> None:
    async with desk.route(budget_usd=0.05) as client, asyncio.TaskGroup() as group:
        tasks = [group.create_task(client.ask(question(max_tokens=100_000))) for _ in range(4)]
    assert [task.result().status for task in tasks] == [200] * 4


async def turns_end_the_run(desk: Desk) -> None:
    async with desk.route(turns=2) as client:
        assert [(await client.ask()).status for _ in range(3)] == [200, 200, 402]
        assert "turns limit" in (await client.ask()).message
        assert (await client.ask(question(tools=[]))).status == 200, "a question without tools is no turn"


async def counting_tokens_costs_nothing(desk: Desk) -> None:
    async with desk.route(budget_usd=0.0) as client:
        body = question()
        del body["max_tokens"]
        assert (await client.ask(body, path="/v1/messages/count_tokens?beta=true")).status == 200
    assert not desk.ledger.calls


async def a_token_ends_with_its_route(desk: Desk) -> None:
    async with desk.route() as client:
        assert (await client.ask()).status == 200
        port = client.port
    try:
        _, writer = await asyncio.open_connection("127.0.0.1", port)
    except OSError:
        return
    writer.close()
    raise AssertionError("the socket still listens")


GatewayRule = Callable[[Desk], Awaitable[None]]
GATEWAY_RULES: tuple[GatewayRule, ...] = (
    the_key_goes_up_and_the_token_does_not,
    another_token_opens_nothing,
    a_key_that_the_client_brings_is_dropped,
    no_other_path_passes_however_it_is_spelt,
    what_is_no_request_is_refused,
    a_model_without_a_price_is_refused_by_name,
    the_far_side_fetches_nothing_for_the_agent,
    money_ends_the_run_before_it_is_overspent,
    what_may_be_written_is_clamped_to_what_is_left,
    calls_side_by_side_wait_for_each_other_s_money,
    turns_end_the_run,
    counting_tokens_costs_nothing,
    a_token_ends_with_its_route,
)
