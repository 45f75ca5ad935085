"""What is done on a full disk does not count; what a program says of some other disk does."""

import asyncio
import errno
from pathlib import Path

import pytest

from honk.base.errors import HonkError, OutOfSpace
from honk.workflows.roomy import with_room

pytestmark = pytest.mark.anyio

PLENTY, TOO_MUCH = 1, 1 << 60


async def test_with_room_the_act_is_just_done(tmp_path: Path) -> None:
    async def act() -> int:
        return 7

    assert await with_room(tmp_path, PLENTY, "act", act) == 7


async def test_without_room_the_act_does_not_begin(tmp_path: Path) -> None:
    async def act() -> None:
        raise AssertionError("it began")

    with pytest.raises(OutOfSpace, match=r"at the step “agent 1”.*honk task resume"):
        await with_room(tmp_path, TOO_MUCH, "agent 1", act)


async def test_a_full_disk_s_error_is_no_result(tmp_path: Path) -> None:
    async def act() -> None:
        raise HonkError("git failed") from OSError(errno.ENOSPC, "No space left on device")

    with pytest.raises(OutOfSpace):
        await with_room(tmp_path, PLENTY, "act", act)


async def test_words_about_another_disk_are_the_act_s_own_end(tmp_path: Path) -> None:
    async def act() -> None:
        raise HonkError("inside the sandbox: No space left on device")

    with pytest.raises(HonkError, match="inside the sandbox") as caught:
        await with_room(tmp_path, PLENTY, "act", act)
    assert not isinstance(caught.value, OutOfSpace)


async def test_cancelled_the_act_has_ended(tmp_path: Path) -> None:
    ended = asyncio.Event()
    began = asyncio.Event()

    async def act() -> None:
        began.set()
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()

    running = asyncio.create_task(with_room(tmp_path, PLENTY, "act", act))
    await began.wait()
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert ended.is_set()
