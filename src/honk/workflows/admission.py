"""Lets runs begin: as many at once as there are slots, in the order they were asked for, and none while everything is
frozen or broken. A run that is under way then gives its slot back, keeps its work, and goes on by itself afterwards."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from honk.base.clock import monotonic_seconds
from honk.base.errors import HonkError, OutOfSpace
from honk.domain.admission import Room, Ticket, in_line, next_of, why_wait
from honk.domain.breaker import FaultKind
from honk.domain.conversation import run_of
from honk.domain.evidence import Ruling, Verdict
from honk.domain.task import Status
from honk.engine import Steps, Workflow
from honk.forge import ForgeDown
from honk.workflows.attempt import Worked
from honk.workflows.breaker import Breaker
from honk.workflows.follow_up import chain_of
from honk.workflows.frost import Frozen, frost_of, is_frozen, words_of
from honk.workflows.house import House
from honk.workflows.journal import Journal

T = TypeVar("T")
LOOK_SECONDS = 0.5
"""How soon a freezing by another process is seen; the gateway sees it at each call."""
GATHER_SECONDS = 2.0
"""What those that were under way get, after a start, to be in line before anybody is let in."""
OUTWARD = frozenset({"push", "branch", "pull request"})
"""Steps that may end once they have begun."""
MOST_EXCUSES = 5
"""How often one step is done again because everything seemed broken: after that, it is the step."""


@dataclass(eq=False, slots=True)
class _Waiting:
    ticket: Ticket
    is_in: asyncio.Event = field(default_factory=asyncio.Event)


class Admission:
    """One per process. Until `begin` it only answers the gateway."""

    def __init__(self, *, home: Path, slots: int, room: Callable[[], Room], breaker: Breaker) -> None:
        self.slots = slots
        self.held = asyncio.Event()
        """While everything is frozen or broken."""
        self.holds = 0
        """How often that has begun."""
        self.why: str | None = None
        """What keeps everybody in line, beside taken slots."""
        self._home = home
        self._room = room
        self.breaker = breaker
        breaker.changed = self.look
        self._line: dict[str, _Waiting] = {}
        self._at_work: dict[str, Ticket] = {}
        self._expected: set[str] = set()
        self._looking: asyncio.Task[None] | None = None
        self._reasons: set[asyncio.Event] = set()

    @property
    def is_open(self) -> bool:
        """Whether runs are let in here: in a server."""
        return self._looking is not None

    @property
    def running(self) -> int:
        """Runs that have a slot."""
        return len(self._at_work)

    @property
    def queued(self) -> int:
        """Runs that wait for one."""
        return len(self._line)

    def position(self, task_id: str) -> int | None:
        """Its place in line, from 1; None where it is in none."""
        line = in_line(one.ticket for one in self._line.values())
        return next((number for number, one in enumerate(line, 1) if one.task_id == task_id), None)

    def waits_for(self, task_id: str) -> str | None:
        """What a task in line waits for, in words; None where it is in none."""
        ticket = next((one.ticket for one in self._line.values() if one.ticket.task_id == task_id), None)
        if ticket is None or self.why is not None:
            return None if ticket is None else self.why
        if ticket.lane in {one.lane for one in self._at_work.values()}:
            return "the task before it on the same branch"
        return f"its turn: {self.running} of {self.slots} agents are at work"

    # What the gateway asks and tells.

    def objection(self) -> str | None:
        """Why no call to a model may go out; None where it may."""
        frost = frost_of(self._home) if is_frozen(self._home) else None
        if frost is None:
            return None
        if self._looking is not None:
            self.look()  # whoever meets this shall not be blamed for it
        return f"Honk's gateway is frozen ({words_of(frost)}) and passes nothing on."

    def answered(self, status: int, model: str, run_id: str) -> None:
        """What the model's service said to this run; 0 where it said nothing."""
        if self._looking is not None:
            self.breaker.answered(status, model, run_id)

    # The shift.

    async def begin(self, expected: Iterable[str] = ()) -> None:
        """Let runs in. Those that are expected (workflows, by id) get a moment to be in line before anybody else."""
        self._expected = set(expected)
        await self.breaker.begin()
        self._looking = asyncio.create_task(self._look_on())

    async def end(self) -> None:
        """Let nobody in any more."""
        if self._looking is not None:
            self._looking.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._looking
            self._looking = None
        await self.breaker.end()

    def look(self) -> None:
        """See at once whether anything holds everything, or does so no more; and let in whom there is room for."""
        frost = frost_of(self._home) if is_frozen(self._home) else None
        hold = None
        if frost is not None:
            hold = f"that Honk is thawed; it was frozen {words_of(frost)}"
        elif self.breaker.fault is not None:
            hold = self.breaker.fault.words
        if hold is None:
            self.held.clear()
        elif not self.held.is_set():
            self.holds += 1
            self.held.set()
        self._dispatch(hold)

    async def _look_on(self) -> None:
        begun = monotonic_seconds()
        while True:
            if monotonic_seconds() - begun > GATHER_SECONDS:
                self._expected.clear()
            self.look()
            await asyncio.sleep(LOOK_SECONDS)

    def _dispatch(self, hold: str | None) -> None:
        why = hold if hold is not None or not self._line else why_wait(self._room())
        if why != self.why:
            self.why = why
            for reason in self._reasons:
                reason.set()
        if why is not None or self._expected or self._looking is None:
            return
        line = in_line(one.ticket for one in self._line.values())
        while len(self._at_work) < self.slots:
            ticket = next_of(line, {one.lane for one in self._at_work.values()})
            if ticket is None:
                return
            line = [one for one in line if one is not ticket]
            self._at_work[ticket.run_id] = ticket
            self._line.pop(ticket.run_id).is_in.set()

    async def enter(self, ticket: Ticket, tell: Callable[[str], Awaitable[None]]) -> None:
        """Wait in line for a slot; `tell` hears what everybody waits for, once for each reason."""
        waiting = self._line[ticket.run_id] = _Waiting(ticket)
        self._expected.discard(ticket.run_id)
        reason = asyncio.Event()
        self._reasons.add(reason)
        try:
            self.look()
            while not waiting.is_in.is_set():
                reason.clear()
                if self.why is not None:
                    await tell(self.why)
                await _first(waiting.is_in.wait(), reason.wait())
        finally:
            self._reasons.discard(reason)
            if self._line.get(ticket.run_id) is waiting:
                del self._line[ticket.run_id]

    def leave(self, ticket: Ticket) -> None:
        """Give the slot back; nothing where it has none."""
        if self._at_work.pop(ticket.run_id, None) is not None and self._looking is not None:
            self.look()


@dataclass(slots=True)
class Place:
    """A run's: with a slot, or without one while everything stands still. Port `Steps` over other steps."""

    house: House
    admission: Admission
    ticket: Ticket
    steps: Steps
    journal: Journal
    has_slot: bool = False
    told: str = ""
    """What it last said that it waits for."""

    async def __call__(self, name: str, returns: type[object] | None, act: Callable[[], Awaitable[T]]) -> T:
        """As the steps beneath; but what was stopped, or failed, because everything stands still is done again."""
        return await self.steps(name, returns, lambda: self.carry_out(name, act))

    async def carry_out(self, name: str, act: Callable[[], Awaitable[T]]) -> T:
        """The act's result. Steps are done at least once, so one that is stopped may be done again."""
        for excuses in range(MOST_EXCUSES + 1):
            while True:
                await self.stand()
                seen = self.admission.holds
                acting = asyncio.ensure_future(act())
                if await self._until_held(acting, may_end=name in OUTWARD):
                    break
            if excuses == MOST_EXCUSES or not await self._is_excused(acting, seen):
                break
        return acting.result()

    async def _until_held(self, acting: "asyncio.Future[T]", *, may_end: bool) -> bool:
        """Whether it has ended by itself; else it was stopped, and has ended too."""
        held = asyncio.ensure_future(self.admission.held.wait())
        try:
            both: set[asyncio.Future[Any]] = {acting, held}
            await asyncio.wait(both, return_when=asyncio.FIRST_COMPLETED)
            if may_end:
                await asyncio.wait({acting})
        finally:
            held.cancel()
            was_stopped = not acting.done()
            if was_stopped:
                acting.cancel()
                await asyncio.wait({acting})
        return not (was_stopped and acting.cancelled())

    async def _is_excused(self, acting: "asyncio.Future[T]", seen: int) -> bool:
        """Whether the end says nothing about the run, for everything was frozen or broken."""
        if acting.cancelled():
            return False
        self.admission.look()
        error = acting.exception()
        if isinstance(error, Frozen):
            return True
        if isinstance(error, OutOfSpace):
            self.admission.breaker.open(FaultKind.DISK)
        elif isinstance(error, ForgeDown):
            self.admission.breaker.open(FaultKind.FORGE)
        elif not _has_failed(error, None if error else acting.result()):
            return False
        elif not isinstance(error, HonkError):
            await self.admission.breaker.gave_up()
        return self.admission.holds != seen

    async def stand(self) -> None:
        """Return with a slot, and with nothing that holds everything: at once, or after standing still for it."""
        self.admission.look()
        if self.has_slot and not self.admission.held.is_set():
            return
        begun, has_begun = monotonic_seconds(), self.has_slot
        if has_begun:
            self.has_slot = False
            self.admission.leave(self.ticket)
            await self.house.tasks.set_status(self.ticket.task_id, Status.QUEUED)
            self.told = self.admission.why or ""
            await self.journal.stands_still(self.told)
        await self.admission.enter(self.ticket, self._tell)
        self.has_slot = True
        run_id = self.journal.run_id
        self.house.pauses[run_id] = self.house.pauses.get(run_id, 0.0) + monotonic_seconds() - begun
        if has_begun:
            await self.house.tasks.set_status(self.ticket.task_id, Status.RUNNING)
            await self.journal.resumed()

    async def _tell(self, why: str) -> None:
        if why != self.told:
            self.told = why
            await self.journal.waits(why)


def admitted(house: House, admission: Admission, story: Callable[[House, Steps, str], Awaitable[None]]) -> Workflow:
    """The story as a workflow that begins when there is a slot for it."""

    async def workflow(steps: Steps, workflow_id: str) -> None:
        async with _place(house, admission, steps, workflow_id) as place:
            await story(house, place, workflow_id)

    return workflow


@asynccontextmanager
async def _place(house: House, admission: Admission, steps: Steps, workflow_id: str) -> AsyncIterator[Place]:
    run_id, _ = run_of(workflow_id)
    task = await house.tasks.task((await house.runs.run(run_id)).task_id)
    ticket = Ticket(
        run_id=workflow_id,
        task_id=task.task_id,
        lane=(await chain_of(house, task))[-1].task_id,
        is_replay=task.replay_of is not None,
        created_at=task.created_at,
    )
    place = Place(house, admission, ticket, steps, Journal(house.events, task.task_id, run_id))
    try:
        if task.outcome is None:
            await place.stand()
        yield place
    finally:
        admission.leave(ticket)
        house.pauses.pop(run_id, None)


def _has_failed(error: BaseException | None, result: object) -> bool:
    """Whether an act ended as it would where everything is broken."""
    if isinstance(result, Worked):
        return result.fault is not None
    if isinstance(result, Verdict):
        return result.ruling not in (Ruling.PASS, Ruling.VETO)
    return error is not None


async def _first(*awaited: Coroutine[Any, Any, object]) -> None:
    """Until one of them is done; the others are cancelled."""
    waiting = [asyncio.create_task(one) for one in awaited]
    try:
        await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for one in waiting:
            one.cancel()
