"""What a command needs of the state folder, and how it gets it: alone, in line, or beside somebody's work."""

import asyncio
import os
import stat
from collections.abc import Callable
from contextlib import AsyncExitStack
from enum import Enum
from pathlib import Path

from honk.base.clock import monotonic_seconds
from honk.base.errors import UsageError
from honk.base.lock import ACTS_LOCK_NAME, LOCK_NAME, HomeBusy, OwnerLock
from honk.workspace.sweep import sweep

LOOK_SECONDS = 0.1
LOOK_IS_OVER_SECONDS = 1.0
"""Who looks holds the folder while it sweeps, for an instant: nobody is refused for that."""
ACT_SECONDS = 20.0
"""An act is over long before: whoever finds one under way waits for it."""


class Claim(Enum):
    """From the least to the most."""

    LOOK = "looks: beside anybody"
    ACT = "merges or closes, which is whole in itself: beside work, one at a time"
    WORK = "runs: the only one at work, beside looks and acts"
    ALL = "keeps house, deletes, saves: beside looks only"


def make_private(home: Path) -> None:
    """The state folder, made where it is not there, and closed to everybody but its owner.

    Raises:
        UsageError: it cannot be had, or is somebody else's.
    """
    try:
        home.mkdir(mode=0o700, parents=True, exist_ok=True)
        found = home.stat()
        is_ours = found.st_uid == os.geteuid()
        if is_ours and stat.S_IMODE(found.st_mode) & 0o077:
            home.chmod(0o700)
    except OSError as error:
        raise UsageError(
            f"The state folder {home} cannot be had: {error.strerror}. Nothing was begun. Choose another by HONK_HOME."
        ) from error
    if not is_ours:
        raise UsageError(
            f"The state folder {home} belongs to uid {found.st_uid}, and it is one person's: keys and private code lie "
            "in it. Nothing was begun. Choose one of your own by HONK_HOME."
        )


async def take(stack: AsyncExitStack, home: Path, claim: Claim, waits: Callable[[str], None] | None = None) -> bool:
    """Hold what is claimed until the stack unwinds; what a death left is swept where nobody is at work. Returns whether
    nobody else is. With `waits` we stand in line; it is called once, with who has the folder.

    Raises:
        HomeBusy: somebody else has it, and nobody waits.
    """
    is_alone = claim in (Claim.WORK, Claim.ALL)
    if is_alone:
        await _stand_in_line(stack, OwnerLock(home, LOCK_NAME), waits, seconds=None if waits else LOOK_IS_OVER_SECONDS)
        await sweep(home)
    else:
        is_alone = await _sweep_alone(home)
    if claim in (Claim.ACT, Claim.ALL):
        await _stand_in_line(stack, OwnerLock(home, ACTS_LOCK_NAME), None, seconds=ACT_SECONDS)
    return is_alone


async def _sweep_alone(home: Path) -> bool:
    """Who looks or acts keeps nobody from work: the folder is held for the sweep only."""
    try:
        with OwnerLock(home, LOCK_NAME):
            await sweep(home)
    except HomeBusy:
        return False
    return True


async def _stand_in_line(
    stack: AsyncExitStack, lock: OwnerLock, waits: Callable[[str], None] | None, *, seconds: float | None
) -> None:
    """Raises HomeBusy after so many seconds; None waits for ever."""
    began, has_told = monotonic_seconds(), False
    while True:
        try:
            stack.enter_context(lock)
            return
        except HomeBusy as busy:
            if seconds is not None and monotonic_seconds() - began >= seconds:
                raise
            if waits is not None and not has_told:
                waits(busy.who)
                has_told = True
        await asyncio.sleep(LOOK_SECONDS)
