"""A stand-in for the Anthropic Messages API that plays scripts on loopback: real agents run with no model and no key.

    async with ScriptedModel({"fix": [use("Read", file_path="/workspace/a.py"), say("Done.")]}) as model:
        ... model.url ... model.requests

As a program: `python -m honk.testing.scripted_model --port 8787 --script scripts.json --log requests.jsonl`.
"""

import argparse
import asyncio
import json
import sys
import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from types import TracebackType
from typing import Self
from uuid import uuid4

from aiohttp import web

from honk.testing.replies import (
    Ask,
    Fault,
    Json,
    Reply,
    Script,
    Text,
    events,
    is_plain,
    message_of,
    place,
    say,
    script_of,
    text_of,
)

_ERRORS = {
    400: "invalid_request_error",
    401: "authentication_error",
    403: "permission_error",
    404: "not_found_error",
    413: "request_too_large",
    429: "rate_limit_error",
    529: "overloaded_error",
}
_NOTHING_MORE = say("OK.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Received:
    """One request that reached the model."""

    at: float
    method: str
    path: str
    """With the query."""
    headers: Mapping[str, str]
    """By lower-case name."""
    body: Json


class ScriptedModel:
    """The server. Which reply is played follows from the request alone: see `replies.place`.

    A request without tools (a judge's) plays the script `NAME.judge` of the marker's NAME, else `judge`, else
    says "OK.". Past a script's end the model says "OK.".
    """

    def __init__(
        self,
        scripts: Mapping[str, Script],
        *,
        port: int = 0,
        unix: Path | None = None,
        key: str | None = None,
        log: Path | None = None,
    ) -> None:
        """`key`: refuse every other with 401; None accepts any. `unix`: listen there too. `log`: append requests."""
        self.requests: list[Received] = []
        self._scripts = scripts
        self._port = port
        self._unix = unix
        self._key = key
        self._log = log
        self._asked: Counter[tuple[str, int]] = Counter()
        self._stopping = asyncio.Event()
        self._runner: web.AppRunner | None = None

    @property
    def url(self) -> str:
        """The base URL."""
        return f"http://127.0.0.1:{self._port}"

    @property
    def generations(self) -> list[Json]:
        """The bodies of all requests for an answer."""
        return [got.body for got in self.requests if got.path.split("?")[0].endswith("/messages")]

    async def __aenter__(self) -> Self:
        app = web.Application(client_max_size=256 << 20)
        app.router.add_route("*", "/{path:.*}", self._answer)
        self._runner = web.AppRunner(app, access_log=None, handler_cancellation=True, shutdown_timeout=0.2)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", self._port)
        await site.start()
        self._port = self._runner.addresses[0][1]
        if self._unix is not None:
            await web.UnixSite(self._runner, str(self._unix)).start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stopping.set()
        if self._runner is not None:
            await self._runner.cleanup()

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        raw = await request.read()
        body: Json = json.loads(raw or b"{}")
        headers = {name.lower(): value for name, value in request.headers.items()}
        self._record(Received(at=time.time(), method=request.method, path=request.path_qs, headers=headers, body=body))
        if self._key is not None and headers.get("x-api-key") != self._key:
            return _error(Fault(kind=401, message="invalid x-api-key"))
        if request.path.endswith("/messages/count_tokens"):
            return _json({"input_tokens": max(1, len(raw) // 4)})
        if request.path.endswith("/messages") and request.method == "POST":
            return await self._generate(request, body)
        return web.Response(status=200) if request.path == "/" else _error(Fault(kind=404, message="not found"))

    def _record(self, got: Received) -> None:
        self.requests.append(got)
        if self._log is not None:
            with self._log.open("a") as lines:
                lines.write(json.dumps(asdict(got)) + "\n")

    def _reply(self, request: Json) -> Reply:
        name, index = place(request)
        if any("an <analysis> block" in text_of(message) for message in request.get("messages", [])[-3:]):
            summary = f"<analysis>-</analysis>\n<summary>Work so far. [[script:{name}+{index}]]</summary>"
            return say(summary)  # the client compacts its conversation
        if is_plain(request):
            name = next((known for known in (f"{name}.judge", "judge") if known in self._scripts), "")
        script = self._scripts.get(name, ())
        ask = Ask(request=request, script=name, index=index, earlier=self._asked[name, index])
        self._asked[name, index] += 1
        if callable(script):
            reply = script(ask)
        elif index < len(script):
            line = script[index]
            reply = line(ask) if callable(line) else line
        else:
            return _NOTHING_MORE
        if reply.fault is not None and ask.earlier >= reply.fault.times:
            reply = replace(reply, fault=None)
        return reply if reply.blocks else replace(reply, blocks=(Text("OK."),))

    async def _generate(self, request: web.Request, body: Json) -> web.StreamResponse:
        reply = self._reply(body)
        fault = reply.fault.kind if reply.fault else None
        if reply.fault is not None and isinstance(fault, int):
            return _error(reply.fault)
        message = message_of(body.get("model", "scripted"), reply)
        if fault == "stall":
            await self._stopping.wait()
        if not body.get("stream"):
            return _json(message)
        response = web.StreamResponse(headers={"content-type": "text/event-stream", "request-id": _request_id()})
        await response.prepare(request)
        await self._play(response, message, reply)
        if fault is not None and request.transport is not None:
            request.transport.abort()
        return response

    async def _play(self, response: web.StreamResponse, message: Json, reply: Reply) -> None:
        """Write the events; a fault strikes at the first delta, and the caller then breaks the connection off."""
        fault = reply.fault.kind if reply.fault else None
        if fault == "empty":
            return
        for name, body in events(message, reply.delta_chars):
            if name == "content_block_delta":
                if reply.delta_delay_seconds:
                    await asyncio.sleep(reply.delta_delay_seconds)
                if fault == "hang":
                    await self._stopping.wait()
                if fault == "malformed":
                    await response.write(b"event: content_block_delta\ndata: {not json\n\n")
                if fault == "event":
                    await response.write(_event("error", {"error": {"type": _ERRORS[529], "message": "Overloaded"}}))
                    return
            await response.write(_event(name, body))
            if fault is not None and name == "content_block_delta":
                return


def _event(name: str, body: Json) -> bytes:
    return f"event: {name}\ndata: {json.dumps({'type': name, **body})}\n\n".encode()


def _request_id() -> str:
    return f"req_{uuid4().hex[:16]}"


def _json(body: Json, status: int = 200, headers: Mapping[str, str] | None = None) -> web.Response:
    return web.json_response(body, status=status, headers={"request-id": _request_id(), **(headers or {})})


def _error(fault: Fault) -> web.Response:
    status = fault.kind if isinstance(fault.kind, int) else 500
    error = {"type": _ERRORS.get(status, "api_error"), "message": fault.message}
    return _json({"type": "error", "error": error}, status, fault.headers)


async def _serve(options: argparse.Namespace) -> None:
    text = await asyncio.to_thread(options.script.read_text) if options.script else "{}"
    scripts = {name: script_of(lines) for name, lines in json.loads(text).items()}
    async with ScriptedModel(scripts, port=options.port, unix=options.unix, log=options.log) as model:
        sys.stdout.write(f"{model.url}\n")
        sys.stdout.flush()
        await asyncio.Event().wait()


def main() -> None:
    """Serve until interrupted; the first line printed is the base URL."""
    parser = argparse.ArgumentParser(description="Plays scripts in place of a model, on loopback.")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--unix", type=Path, help="also listen on this Unix socket")
    parser.add_argument("--script", type=Path, help="JSON file: {name: [reply, ...]}")
    parser.add_argument("--log", type=Path, help="append every request to this file")
    asyncio.run(_serve(parser.parse_args()))


if __name__ == "__main__":
    main()
