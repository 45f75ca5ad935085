"""Port `FarDesk` over HTTP."""

import asyncio
import json
import ssl
from collections.abc import AsyncGenerator, AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import datetime
from typing import Any
from urllib.parse import quote, urlsplit

import aiohttp
from yarl import URL

from honk.base.errors import UsageError
from honk.base.ids import new_id
from honk.base.records import load
from honk.client import (
    AuditLog,
    FarDesk,
    LogState,
    Server,
    ServerBroke,
    ServerGone,
    ServerRefused,
    Shipped,
    Shown,
    Wish,
)
from honk.domain.audit import Head, Row, Tampering, Wrong
from honk.domain.exposure import is_safe_address
from honk.domain.task import Outcome, OutcomeName, Person, Repository, Status, Task, Trouble
from honk.store import TaskEvent
from honk.workflows.handing import Taken
from honk.workflows.result import RunResult
from honk.workflows.talk import Said

CONNECT_SECONDS = 10.0
CALL_SECONDS = 60.0
SILENCE_SECONDS = 60.0
"""Of a stream, which tells every few seconds that it is there."""
PATIENCE_SECONDS = 60.0
"""How long a server is waited for that went away while a task is followed: it may be starting anew."""
AGAIN_SECONDS = 1.0
LOOK_SECONDS = 0.2
"""Between two looks at a merge that is under way."""
SUFFIX = "/api"


@asynccontextmanager
async def open_far_desk(server: Server) -> AsyncIterator["HttpDesk"]:
    """The desk, until the context ends.

    Raises:
        UsageError: the token would cross a network in the clear.
    """
    url = checked_url(server.url)
    timeout = aiohttp.ClientTimeout(total=None, sock_connect=CONNECT_SECONDS)
    headers = {"authorization": f"Bearer {server.token}"}
    connector = aiohttp.TCPConnector(ssl=_trust(server)) if url.startswith("https") else aiohttp.TCPConnector()
    async with aiohttp.ClientSession(headers=headers, timeout=timeout, connector=connector) as session:
        yield HttpDesk(session, url)


def checked_url(url: str) -> str:
    """Where the API begins.

    Raises:
        UsageError: it is no address, or a token would cross a network in the clear.
    """
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise UsageError(f"{url!r} is no server's address: https://honk.example.org is one. Nothing was done.")
    if not is_safe_address(url):
        raise UsageError(f"{url} would send your token over a network in the clear. Nothing was done. Use https.")
    return url.rstrip("/").removesuffix(SUFFIX) + SUFFIX


class HttpDesk(FarDesk, AuditLog):
    """Each method is one call; `follow` goes on where it was when the connection breaks."""

    def __init__(self, session: aiohttp.ClientSession, url: str) -> None:
        self._session = session
        self._url = url

    async def repositories(self) -> Sequence[Repository]:
        """See the port."""
        return [_repository(one) for one in await self._json("GET", "/repositories")]

    async def request(self, wish: Wish, key: str) -> Task:
        """See the port."""
        named = await self.repositories()
        found = [one for one in named if wish.repository in (one.repository_id, one.name)]
        if len(found) != 1:
            known = ", ".join(sorted(one.name for one in named)) or "none"
            raise UsageError(
                f"{len(found) or 'No'} repositories there are called {wish.repository!r}. Nothing was begun. Name one "
                f"by --repo; there are: {known}"
            )
        body: dict[str, Any] = {"repository_id": found[0].repository_id, "prompt": wish.prompt}
        more = {"base": wish.base, "max_usd": wish.max_usd, "max_minutes": wish.max_minutes}
        body |= {name: value for name, value in more.items() if value is not None}
        return _task(await self._json("POST", "/tasks", body, {"idempotency-key": key}))

    async def request_own(self, body: Mapping[str, Any]) -> Task:
        """As the owner, on the server's machine; what is None is the server's choice."""
        given = {name: value for name, value in body.items() if value is not None}
        return _task(await self._json("POST", "/own-tasks", given))

    async def waits_for(self, task_id: str) -> str | None:
        """See the port."""
        told = await self._json("GET", _of(task_id, "/standing"))
        if (parked := told["parked"]) is not None:
            asked = parked["question"]
            choices = (
                f" Choices: {'; '.join(asked['choices'])} (it would take: {asked['recommended']})" if asked else ""
            )
            return f"{parked['words']}{choices}"
        return f"{told['waits_for']} (number {told['queue_position']} in line)" if told["queue_position"] else None

    async def tasks(self) -> Sequence[Task]:
        """See the port."""
        return [_task(one) for one in (await self._json("GET", "/tasks"))["tasks"]]

    async def task(self, task_id: str) -> Task:
        """See the port."""
        return _task(await self._json("GET", _of(task_id)))

    async def result(self, task_id: str) -> RunResult:
        """See the port."""
        return load(RunResult, await self._text("GET", _of(task_id, "/result")))

    async def diff(self, task_id: str) -> bytes:
        """See the port."""
        return await self._bytes("GET", _of(task_id, "/diff"))

    async def say(self, task_id: str, text: str) -> Said:
        """See the port."""
        told = await self._json("POST", _of(task_id, "/messages"), {"text": text}, {"idempotency-key": new_id(16)})
        return Said(task_id=told["task_id"], has_begun=told["has_begun"])

    async def stop(self, task_id: str) -> None:
        """See the port."""
        await self._json("POST", _of(task_id, "/stop"))

    async def retry(self, task_id: str) -> Task:
        """See the port."""
        return _task(await self._json("POST", _of(task_id, "/retry")))

    async def approve(self, task_id: str, head_sha: str, sentence: str) -> Shipped:
        """As the owner, at the server's machine: say yes to the commit, and wait while it is being merged.

        Raises:
            ServerRefused: it may not merge so; nothing was recorded.
        """
        told = await self._json("POST", _of(task_id, "/ship"), {"head_sha": head_sha, "sentence": sentence})
        shipment, words = told["shipment"], told["words"]
        while shipment["state"] == "delivering" and not shipment["words"]:  # words: it stands still, and goes on later
            await asyncio.sleep(LOOK_SECONDS)
            shipment = (await self._json("GET", _of(task_id, "/ship")))["shipment"]
            words = shipment["words"]
        return Shipped(
            state=shipment["state"], words=words, merged_sha=shipment["merged_sha"],
            has_moved=shipment["has_moved"], advice=shipment["advice"],
        )  # fmt: skip

    async def preview(self, task_id: str, method: str = "GET") -> Shown:
        """The task's newest preview; POST starts it, DELETE ends it.

        Raises:
            UsageError: it has none, or the server refuses.
        """
        return self._shown(await self._json(method, _of(task_id, "/preview")))

    async def previews(self) -> Sequence[Shown]:
        """Those that run there now."""
        return [
            replace(self._shown(one["preview"]), idle_seconds=one["idle_seconds"], cpu_seconds=one["cpu_seconds"])
            for one in await self._json("GET", "/previews")
        ]

    def _shown(self, told: Mapping[str, Any]) -> Shown:
        return Shown(
            task_id=told["task_id"], state=told["state"], words=told["words"], log=told["log"],
            unlooked=told["unlooked"], troubles=tuple(told["troubles"]),
            link=f"{self._url.removesuffix(SUFFIX)}{told['link']}",
        )  # fmt: skip

    async def take(self, task_id: str) -> Taken:
        """See the port."""
        return load(Taken, (await self._bytes("POST", _of(task_id, "/take"))).decode())

    async def pack(self, task_id: str) -> bytes:
        """See the port."""
        return await self._bytes("GET", _of(task_id, "/pack"))

    async def give(self, task_id: str, words: str, sha: str, pack: bytes) -> Task:
        """See the port."""
        headers = {"content-type": "application/octet-stream"}
        path = f"{_of(task_id, '/give')}?sha={sha}&words={quote(words)}"
        return _task(json.loads(await self._bytes("POST", path, headers=headers, data=pack)))

    async def rows(self, after: int = 0, limit: int = 500) -> Sequence[Row]:
        """See the port `AuditLog`."""
        found = await self._json("GET", f"/audit/entries?after={after}&limit={limit}")
        return [Row(place=one["sequence"], record=one["record"], digest=one["digest"]) for one in found]

    async def head(self) -> Head:
        """See the port."""
        return Head(**await self._json("GET", "/audit/head"))

    async def state(self) -> LogState:
        """See the port."""
        told = await self._json("GET", "/audit/check")
        number = told["wrong_sequence"]
        wrong = None
        if number is not None:
            wrong = Wrong(sequence=number, kind=Tampering(told["wrong_kind"]), words=told["words"])
        head, notes = Head(**told["head"]), tuple(told["notes"])
        return LogState(head=head, wrong=wrong, notes=notes, unended=tuple(told["unended"]))

    async def follow(self, task_id: str, after: int = 0) -> AsyncGenerator[TaskEvent, None]:
        """See the port.

        Raises:
            ServerGone: it stayed away; the task goes on there.
        """
        loop = asyncio.get_running_loop()
        gone_since: float | None = None
        while True:
            try:
                async for event in self._stream(task_id, after):
                    gone_since = None
                    if event is None:
                        return
                    after = event.sequence
                    yield event
            except ServerGone as gone:
                gone_since = gone_since or loop.time()
                if loop.time() - gone_since > PATIENCE_SECONDS:
                    raise ServerGone(f"{gone} Follow it again by: honk task follow {task_id}") from gone
            await asyncio.sleep(AGAIN_SECONDS)

    async def _stream(self, task_id: str, after: int) -> AsyncGenerator[TaskEvent | None, None]:
        """Events until the connection ends; None for the stream's own end."""
        timeout = aiohttp.ClientTimeout(total=None, sock_connect=CONNECT_SECONDS, sock_read=SILENCE_SECONDS)
        headers = {"last-event-id": str(after)}
        try:
            async with self._session.get(
                f"{self._url}{_of(task_id, '/events')}", headers=headers, timeout=timeout, read_bufsize=1 << 24
            ) as answer:
                await _refuse(answer)
                kind = ""
                async for raw in answer.content:
                    name, _, value = raw.decode().rstrip("\n").partition(": ")
                    if name == "event":
                        kind = value
                    elif name == "data" and kind == "end":
                        yield None
                    elif name == "data":
                        yield load(TaskEvent, value)
        except (aiohttp.ClientError, TimeoutError) as error:
            raise self._gone(error) from error

    async def _json(
        self, method: str, path: str, body: Mapping[str, Any] | None = None, headers: Mapping[str, str] | None = None
    ) -> Any:
        return json.loads(await self._bytes(method, path, body, headers))

    async def _text(self, method: str, path: str) -> str:
        return (await self._bytes(method, path)).decode()

    async def _bytes(
        self,
        method: str,
        path: str,
        body: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
        data: bytes | None = None,
    ) -> bytes:
        timeout = aiohttp.ClientTimeout(total=CALL_SECONDS, sock_connect=CONNECT_SECONDS)
        try:
            async with self._session.request(
                method, URL(f"{self._url}{path}", encoded=True), json=body, data=data, headers=headers, timeout=timeout
            ) as answer:
                await _refuse(answer)
                return await answer.read()
        except (aiohttp.ClientError, TimeoutError) as error:
            raise self._gone(error) from error

    def _gone(self, error: BaseException) -> ServerGone:
        where = self._url.removesuffix(SUFFIX)
        why = str(error) or "it does not answer"
        return ServerGone(f"The server {where} cannot be reached: {why}. What it had accepted goes on there.")


async def _refuse(answer: aiohttp.ClientResponse) -> None:
    if answer.status < 400:
        return
    text = await answer.text()
    try:
        detail = str(json.loads(text)["detail"])
    except (ValueError, KeyError, TypeError):
        detail = f"The server answered {answer.status} {answer.reason}: it is no Honk, or something stands before it."
    if answer.status >= 500 and answer.status not in (503, 507):
        raise ServerBroke(detail)
    raise ServerRefused(detail)


def _trust(server: Server) -> ssl.SSLContext:
    if server.certificate is None:
        return ssl.create_default_context()
    trust = ssl.create_default_context(cafile=str(server.certificate))
    trust.check_hostname = False  # the certificate is for its public name, and is itself all that we trust
    trust.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    return trust


def _of(task_id: str, below: str = "") -> str:
    return f"/tasks/{quote(task_id, safe='')}{below}"


def _repository(told: Mapping[str, Any]) -> Repository:
    return Repository(repository_id=told["repository_id"], name=told["name"], location="")


def _task(told: Mapping[str, Any]) -> Task:
    outcome = Outcome(name=OutcomeName(told["outcome"]), reason=told["reason"]) if told["outcome"] else None
    return Task(
        task_id=told["task_id"],
        repository=Repository(repository_id=told["repository_id"], name=told["repository"], location=""),
        base_branch=told["base_branch"],
        base_sha=told["base_sha"],
        prompt=told["prompt"],
        asker=Person(name=told["asker"], email=""),
        agent=told["agent"],
        model=told["model"],
        created_at=datetime.fromisoformat(told["created_at"]),
        status=Status(told["status"]),
        outcome=outcome,
        notes=tuple(told["notes"]),
        replay_of=told["replay_of"],
        follows=told["follows"],
        trouble=Trouble(told["trouble"]) if told.get("trouble") else None,
    )
