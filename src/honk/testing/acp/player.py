"""A small program of the Agent Client Protocol, for tests: runs the last line of each prompt as a shell command.

It stands alone, so that any Python runs it inside the sandbox, where nothing of Honk is. The line `tool NAME JSON`
calls a tool of the session's server. Options: `--forgets` has no sessions to load,
`--toolless` takes no servers over HTTP.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
import urllib.request
import uuid
from pathlib import Path
from typing import Any

Json = dict[str, Any]
MEMORY = Path(os.environ.get("HONK_AGENT_STATE", "/tmp")) / "player"  # noqa: S108 - inside the sandbox


class Player:
    """One conversation over standard input and output."""

    def __init__(self) -> None:
        self.servers: list[Json] = []
        self.asked: dict[int, asyncio.Future[Json]] = {}
        self.work: asyncio.Task[None] | None = None
        self.child: asyncio.subprocess.Process | None = None

    async def listen(self) -> None:
        """Until standard input ends."""
        reader = asyncio.StreamReader(limit=1 << 24)
        await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
        while line := await reader.readline():
            message = json.loads(line)
            if "method" not in message:
                self.asked.pop(message["id"]).set_result(message.get("result") or {})
            elif message["method"] == "session/prompt":
                self.work = asyncio.create_task(self.prompt(message["id"], message["params"]))
            elif message["method"] == "session/cancel":
                if self.child is not None:
                    self.child.kill()
            else:
                self.write({"id": message["id"], "result": self.answer(message["method"], message["params"])})

    def answer(self, method: str, params: Json) -> Json:
        """The greeting, or a session."""
        if method == "initialize":
            can = {
                "loadSession": "--forgets" not in sys.argv,
                "mcpCapabilities": {"http": "--toolless" not in sys.argv},
            }
            return {"protocolVersion": 1, "agentCapabilities": can, "authMethods": []}
        self.servers = params["mcpServers"]
        session = params.get("sessionId") or uuid.uuid4().hex
        if method == "session/load":
            for text in (MEMORY / session).read_text().splitlines():
                self.update(session, sessionUpdate="agent_message_chunk", content={"type": "text", "text": text})
            return {}
        return {"sessionId": session}

    async def prompt(self, message_id: int, params: Json) -> None:
        """Ask for leave, run the line, tell what it said."""
        session, text = params["sessionId"], params["prompt"][0]["text"]
        line = text.strip().splitlines()[-1]
        MEMORY.mkdir(parents=True, exist_ok=True)
        with (MEMORY / session).open("a") as memory:
            memory.write(line + "\n")
        call = {"toolCallId": uuid.uuid4().hex, "title": line, "kind": "execute", "rawInput": {"command": line}}
        self.update(session, sessionUpdate="tool_call", status="pending", **call)
        options = [
            {"optionId": kind, "name": kind, "kind": kind} for kind in ("reject_once", "allow_always", "allow_once")
        ]
        leave = await self.ask(
            "session/request_permission", {"sessionId": session, "toolCall": call, "options": options}
        )
        if leave["outcome"].get("optionId") == "allow_once":
            said, status = await (self.tool(line) if line.startswith("tool ") else self.run(line))
            content = [{"type": "content", "content": {"type": "text", "text": said}}]
            self.update(session, sessionUpdate="tool_call_update", **{**call, "status": status, "content": content})
            self.update(session, sessionUpdate="agent_message_chunk", content={"type": "text", "text": said})
        is_killed = self.child is not None and self.child.returncode == -9
        self.write({"id": message_id, "result": {"stopReason": "cancelled" if is_killed else "end_turn"}})

    async def run(self, line: str) -> tuple[str, str]:
        """The command's output, and how the protocol calls its end."""
        pipe = asyncio.subprocess.PIPE
        self.child = await asyncio.create_subprocess_exec(
            "sh", "-c", line, stdin=asyncio.subprocess.DEVNULL, stdout=pipe
        )
        said, _ = await self.child.communicate()
        return said.decode("utf-8", "replace"), "failed" if self.child.returncode else "completed"

    async def tool(self, line: str) -> tuple[str, str]:
        """The answer of the server's tool."""
        _, name, arguments = line.split(" ", 2)
        params = {"name": name, "arguments": json.loads(arguments)}
        return await asyncio.get_running_loop().run_in_executor(None, self.post, params)

    def post(self, params: Json) -> tuple[str, str]:
        """One call, without the greetings."""
        server = self.servers[0]
        headers = {"content-type": "application/json", **{one["name"]: one["value"] for one in server["headers"]}}
        body = json.dumps({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params}).encode()
        request = urllib.request.Request(server["url"], body, headers)  # noqa: S310 - the loopback of the sandbox
        with urllib.request.urlopen(request) as response:  # noqa: S310
            result = json.load(response)["result"]
        return result["content"][0]["text"], "failed" if result["isError"] else "completed"

    async def ask(self, method: str, params: Json) -> Json:
        """A question to the other side."""
        message_id = len(self.asked) + 1
        self.asked[message_id] = asyncio.get_running_loop().create_future()
        self.write({"id": message_id, "method": method, "params": params})
        return await self.asked[message_id]

    def update(self, session: str, **update: Any) -> None:
        """Something to be shown."""
        self.write({"method": "session/update", "params": {"sessionId": session, "update": update}})

    def write(self, message: Json) -> None:
        """One line."""
        sys.stdout.write(json.dumps({"jsonrpc": "2.0", **message}) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    asyncio.run(Player().listen())
