"""One breaker for the installation: opened by a fault that every run would meet, closed by a probe."""

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable, Mapping
from itertools import count

from honk.base.clock import monotonic_seconds, now
from honk.base.errors import HonkError
from honk.base.records import dump, load
from honk.domain.breaker import ENOUGH, Fault, FaultKind, Streak, after, opened_by, pause_seconds
from honk.domain.standing import INSTALLATION
from honk.store import Events, Memo

KEY = "breaker"
"""Under which the open fault is remembered; empty text: there is none."""
Probe = Callable[[Fault], Awaitable[bool]]
"""Whether it works again. May raise: then it does not."""
_log = logging.getLogger("honk.breaker")


class Breaker:
    """Remembers its fault, tells administrators of it once, and closes by itself."""

    def __init__(
        self,
        *,
        memo: Memo,
        events: Events,
        pause: Callable[[int], float] = pause_seconds,
        clock: Callable[[], float] = monotonic_seconds,
    ) -> None:
        self.fault: Fault | None = None
        self.changed: Callable[[], None] = lambda: None
        """Called when it has opened or closed."""
        self.probes: Mapping[FaultKind, Probe] = {}
        self._memo = memo
        self._events = events
        self._pause = pause
        self._clock = clock
        self._streak = Streak()
        self._asked = ""
        """The model of the newest call: whoever gives up says nothing of it."""
        self._probing: asyncio.Task[None] | None = None
        self._doubting: asyncio.Task[None] | None = None

    async def begin(self) -> None:
        """Go on with what an earlier process knew."""
        if text := await self._memo.load(KEY):
            self._open(load(Fault, text))

    async def end(self) -> None:
        """Probe no more; the fault stays remembered."""
        for task in (self._probing, self._doubting):
            if task is not None:
                task.cancel()
                with contextlib.suppress(asyncio.CancelledError):
                    await task

    def answered(self, status: int, model: str, run_id: str) -> None:
        """What the model's service said to a call of this run; 0 where it said nothing."""
        self._asked = model
        self._streak = after(self._streak, status, self._clock(), run_id)
        kind = opened_by(self._streak, status, self._clock())
        if kind is FaultKind.MODEL and not self._streak.is_of_several:
            self._doubt()
        elif kind is not None:
            self.open(kind, model)

    async def gave_up(self) -> None:
        """Somebody gave up on the model's service: opens where it has failed all the while."""
        if self._streak.failures < ENOUGH:
            return
        if self._streak.is_of_several:
            self.open(FaultKind.MODEL, self._asked)
        else:
            await asyncio.shield(self._doubt())

    def _doubt(self) -> "asyncio.Task[None]":
        """One run alone met it: the fault may be its own, so it is tried before everybody waits."""
        if self._doubting is None or self._doubting.done():
            self._doubting = asyncio.create_task(self._open_unless_it_works(self._asked))
        return self._doubting

    async def _open_unless_it_works(self, model: str) -> None:
        if self.fault is None and not await self._is_mended(Fault(kind=FaultKind.MODEL, since=now(), model=model)):
            self.open(FaultKind.MODEL, model)
        elif self.fault is None:
            self._streak = Streak()

    def open(self, kind: FaultKind, model: str = "") -> None:
        """Nothing where it is open already."""
        if self.fault is None:
            self._open(Fault(kind=kind, since=now(), model=model))

    def _open(self, fault: Fault) -> None:
        self.fault = fault
        self._probing = asyncio.create_task(self._until_mended(fault))
        self.changed()

    async def _until_mended(self, fault: Fault) -> None:
        await self._tell(fault, "open", dump(Fault, fault))
        for number in count():
            await asyncio.sleep(self._pause(number))
            if await self._is_mended(fault):
                break
        await self._tell(fault, "closed", "")
        self.fault, self._streak = None, Streak()
        self.changed()

    async def _is_mended(self, fault: Fault) -> bool:
        try:
            return await self.probes[fault.kind](fault)
        except HonkError as error:
            _log.info("the probe of %s failed: %s", fault.kind, error)
            return False

    async def _tell(self, fault: Fault, state: str, remembered: str) -> None:
        """What cannot be written down on a full disk holds all the same, in this process."""
        text = f"Everything waits: {fault.words}. What ran is kept, and goes on by itself."
        if state == "closed":
            text = f"Everything goes on: mended after {now() - fault.since}: {fault.words}."
        body = {"state": state, "kind": str(fault.kind), "text": text}
        try:
            await self._memo.save(KEY, remembered)
            await self._events.append(INSTALLATION, "breaker", body, f"breaker:{fault.since.isoformat()}:{state}")
        except HonkError as error:
            _log.warning("the breaker could not be written down: %s", error)
