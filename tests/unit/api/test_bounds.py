"""A body has an end, in bytes and in seconds; whoever reads an answer for hours is not hurried."""

import asyncio
from collections.abc import Sequence

import pytest
from starlette.exceptions import HTTPException
from starlette.types import Message, Receive, Scope, Send

from honk.api.bounds import BODY_BYTES, Bounds

pytestmark = pytest.mark.anyio


async def read_by(bounds_seconds: float, messages: Sequence[Message], *, path: str = "/tasks") -> list[Message]:
    """What an application reads of these messages; after the last one nothing comes."""
    left, read = list(messages), []

    async def receive() -> Message:
        if not left:
            await asyncio.Event().wait()
        return left.pop(0)

    async def send(message: Message) -> None:
        read.append(message)

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        for _ in range(len(messages) + 1):
            async with asyncio.timeout(0.2):
                read.append(await receive())

    scope = {"type": "http", "path": path, "headers": [], "method": "POST"}
    await Bounds(app, {"/give": 64 * BODY_BYTES}, seconds=bounds_seconds)(scope, receive, send)
    return read


def part(body: bytes, *, more: bool) -> Message:
    return {"type": "http.request", "body": body, "more_body": more}


async def test_a_body_that_does_not_end_is_given_up() -> None:
    with pytest.raises(HTTPException) as refused:
        await read_by(0.01, [part(b"a", more=True)])
    assert refused.value.status_code == 408
    assert "nothing was done" in refused.value.detail


async def test_a_large_one_has_more_time() -> None:
    with pytest.raises(TimeoutError):
        await read_by(0.05, [part(b"a", more=True)], path="/tasks/x/give")


async def test_who_has_sent_everything_may_wait() -> None:
    with pytest.raises(TimeoutError):
        await read_by(0.01, [part(b"a", more=True), part(b"b", more=False)])


async def test_a_body_that_says_less_than_it_is_is_cut_off() -> None:
    with pytest.raises(HTTPException) as refused:
        await read_by(1.0, [part(b"a" * BODY_BYTES, more=True), part(b"b", more=False)])
    assert refused.value.status_code == 413
