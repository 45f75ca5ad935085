"""A run halts, to be resumed, before the disk is full: what is done on a full disk is half done, or wrongly judged."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from honk.base.disk import MIB, free_bytes, is_about_space
from honk.base.errors import OutOfSpace
from honk.engine import Steps

T = TypeVar("T")

LOOK_SECONDS = 0.2
_NEARLY = 8
"""Words about a full disk are believed where less than this many times the halting mark was free: a program inside a
sandbox may speak of a disk of its own."""


@dataclass(frozen=True, slots=True)
class RoomySteps:
    """Port `Steps` over other steps: while an act runs, the room on the disk is watched."""

    steps: Steps
    home: Path
    halt_free_bytes: int

    async def __call__(self, name: str, returns: type[object] | None, act: Callable[[], Awaitable[T]]) -> T:
        """As the steps beneath.

        Raises:
            OutOfSpace: there was no room; the act was stopped and is not recorded, so that it is done again.
        """
        return await self.steps(name, returns, lambda: with_room(self.home, self.halt_free_bytes, name, act))


async def with_room(home: Path, halt_free_bytes: int, what: str, act: Callable[[], Awaitable[T]]) -> T:
    """The act's result, if there was room from its beginning to its end; else it is stopped and has ended.

    Raises:
        OutOfSpace: there was not.
    """
    lowest = _look(home, halt_free_bytes, what)
    acting = asyncio.ensure_future(act())
    try:
        while not acting.done():
            await asyncio.wait({acting}, timeout=LOOK_SECONDS)
            lowest = min(lowest, _look(home, halt_free_bytes, what))
        return acting.result()
    except OutOfSpace:
        raise
    except Exception as error:
        if is_about_space(error, by_words=lowest < _NEARLY * halt_free_bytes):
            raise OutOfSpace(_words(home, lowest, what)) from error
        raise
    finally:
        acting.cancel()
        await asyncio.wait({acting})
        if not acting.cancelled():
            acting.exception()  # what else it met is of no interest any more


def _look(home: Path, halt_free_bytes: int, what: str) -> int:
    if (free := free_bytes(home)) < halt_free_bytes:
        raise OutOfSpace(_words(home, free, what))
    return free


def _words(home: Path, free: int, what: str) -> str:
    return (
        f"The disk is full: {free // MIB} MiB are free where {home} lies, at the step “{what}”. The task is halted, "
        "not ended: everything until then is kept. Make room (honk gc gives some back), then: honk task resume"
    )
