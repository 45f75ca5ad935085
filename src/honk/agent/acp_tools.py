"""The desk as programs of any maker reach it: our tools as an MCP server on a port of the sandbox."""

import json
import secrets
import socket
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

from honk.agent import ToolAnswer
from honk.agent.desk import (
    ASK,
    ASK_SCHEMA,
    ASK_WORDS,
    CONCLUDE,
    CONCLUDE_SCHEMA,
    CONCLUDE_WORDS,
    VERIFY,
    VERIFY_SCHEMA,
    VERIFY_WORDS,
    Desk,
)
from honk.base.errors import HonkError
from honk.gateway.serving import Patience, read_body, serve

TOOLS_PORT = 8083
"""Loopback port of the tools in the sandbox of an agent."""
SERVER = "honk"
_PATH = "/mcp"
_MAX_BODY_BYTES = 1 << 20
_PROTOCOLS = ("2025-11-25", "2025-06-18", "2025-03-26", "2024-11-05")
"""Versions whose requests for tools are alike, newest first."""
_TOOLS = [
    {"name": VERIFY, "description": VERIFY_WORDS, "inputSchema": VERIFY_SCHEMA},
    {"name": CONCLUDE, "description": CONCLUDE_WORDS, "inputSchema": CONCLUDE_SCHEMA},
    {"name": ASK, "description": ASK_WORDS, "inputSchema": ASK_SCHEMA},
]
_NO_REQUEST, _NO_METHOD, _NO_PARAMS = -32600, -32601, -32602
Json = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """Where the tools are, as the protocol names a server."""

    url: str
    token: str = field(repr=False)

    def named(self) -> Json:
        """For `session/new` and `session/load`."""
        headers = [{"name": "Authorization", "value": f"Bearer {self.token}"}]
        return {"type": "http", "name": SERVER, "url": self.url, "headers": headers}


@asynccontextmanager
async def serve_tools(listener: socket.socket, desk: Desk) -> AsyncIterator[Address]:
    """Serve the desk's tools to who knows the token, until the context ends."""
    address = Address(url=f"http://127.0.0.1:{listener.getsockname()[1]}{_PATH}", token=secrets.token_urlsafe(16))

    async def answer(request: web.BaseRequest) -> web.StreamResponse:
        shown = request.headers.get("authorization", "").encode("utf-8", "replace")
        if not secrets.compare_digest(shown, f"Bearer {address.token}".encode()):
            return web.Response(status=401)
        if request.method != "POST" or request.raw_path != _PATH:
            return web.Response(status=405)  # no stream of our own words is offered, and there is no session to end
        try:
            raw = await read_body(request, _MAX_BODY_BYTES, Patience())
            message = json.loads(raw) if raw is not None else None
        except (TimeoutError, ValueError, RecursionError):
            message = None
        told = await reply(message, desk)
        return web.Response(status=202) if told is None else web.json_response(told)

    async with serve(listener.dup(), answer, Patience()):
        yield address


async def reply(message: object, desk: Desk) -> Json | None:
    """The answer to one message of the Model Context Protocol; None to those that want none."""
    if not isinstance(message, dict) or not isinstance(method := message.get("method"), str):
        return _error(None, _NO_REQUEST, "This is no request.")
    if not isinstance(message_id := message.get("id"), int | str):
        return None
    params = message.get("params")
    params = params if isinstance(params, dict) else {}
    match method:
        case "initialize":
            wanted = params.get("protocolVersion")
            version = wanted if wanted in _PROTOCOLS else _PROTOCOLS[0]
            hello: Json = {"protocolVersion": version, "capabilities": {"tools": {}}}
            return _result(message_id, hello | {"serverInfo": {"name": SERVER, "version": "1"}})
        case "ping":
            return _result(message_id, {})
        case "tools/list":
            return _result(message_id, {"tools": _TOOLS})
        case "tools/call":
            return await _called(message_id, params, desk)
    return _error(message_id, _NO_METHOD, "There are tools here, and nothing else.")


async def _called(message_id: int | str, params: Json, desk: Desk) -> Json:
    arguments = params.get("arguments")
    given: Mapping[str, object] = arguments if isinstance(arguments, dict) else {}
    match params.get("name"):
        case "verify":
            try:
                answer = await desk.verify()
            except HonkError as error:
                answer = ToolAnswer(text=str(error), is_error=True)
        case "conclude":
            answer = desk.conclude(given.get("outcome"), given.get("reason"))
        case "ask":
            answer = desk.ask(given.get("text"), given.get("choices"), given.get("recommended"))
        case _:
            return _error(message_id, _NO_PARAMS, f"The tools here are {VERIFY}, {CONCLUDE} and {ASK}.")
    content = [{"type": "text", "text": answer.text}]
    return _result(message_id, {"content": content, "isError": answer.is_error})


def _result(message_id: int | str, result: Json) -> Json:
    return {"jsonrpc": "2.0", "id": message_id, "result": result}


def _error(message_id: int | str | None, code: int, text: str) -> Json:
    return {"jsonrpc": "2.0", "id": message_id, "error": {"code": code, "message": text}}
