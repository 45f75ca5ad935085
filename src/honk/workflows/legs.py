"""Runs that wait for a person: parked as rows, let go by whoever is first, ended where nobody comes."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from honk.base.clock import now
from honk.base.errors import UsageError
from honk.domain.conversation import Leg, Parked, ParkKind, extended
from honk.domain.limits import LimitName
from honk.domain.task import Outcome, OutcomeName, Person, Saying, Task
from honk.engine import Engine
from honk.store import Enlist, Message, Run
from honk.store.conversation import Fact
from honk.workflows.house import House
from honk.workflows.keep import finish_stopped, kept_words
from honk.workflows.record import Record

Within = Callable[[str, float, Enlist], Enlist]
"""Whose quotas must have room for so many dollars more, or nothing of the transaction is kept."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Spoken:
    """A person's words as a door takes them in."""

    person: Person
    person_id: str | None
    text: str
    message_id: str
    """The door's own id of this arrival: the same one again is the same message."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Resumption:
    """Whether these words let the run go on."""

    is_first: bool
    words: str
    """For whoever said them."""


@dataclass(frozen=True, slots=True)
class Legs:
    """Lets parked runs go on, by compare and set."""

    house: House
    engine: Engine
    within: Within

    async def answer(self, task: Task, question_id: str, spoken: Spoken) -> Resumption:
        """Go on with the attempt, in its session, with the answer. The first answer holds.

        Raises:
            UsageError: no such question was asked.
        """
        parked = await self.house.parking.of(task.task_id)
        if parked is None or parked.question is None or parked.question.question_id != question_id:
            return await self._answered_before(task, question_id, spoken)
        words = Saying(person=spoken.person.name, text=spoken.text, question=parked.question.text).words
        body = {"question_id": question_id, "text": spoken.text, "message_id": spoken.message_id}
        fact = Fact("answered_by", {**body, "person": spoken.person.name}, f"answered:{question_id}")
        message = message_of(task, spoken, question_id=question_id)
        if await self.let_go(task, parked, words=words, facts=(fact,), message=message):
            return Resumption(is_first=True, words="The agent goes on with your answer.")
        return await self._answered_before(task, question_id, spoken)

    async def _answered_before(self, task: Task, question_id: str, spoken: Spoken) -> Resumption:
        said = await self.house.messages.of(task.task_id)
        first = next((one for one in said if one.question_id == question_id), None)
        if first is None:
            raise UsageError("This question is not waiting for an answer (any more). Nothing was done.")
        if first.message_id == spoken.message_id:
            return Resumption(is_first=True, words="The agent goes on with your answer.")
        return Resumption(is_first=False, words=f"{first.person.name} answered first: {first.text}")

    async def extend(self, task: Task, spoken: Spoken) -> Resumption:
        """Grant as much again of the limit that was reached, once, and go on.

        Raises:
            UsageError: it does not wait for that, or no quota has room for as much money again.
        """
        parked = await self.house.parking.of(task.task_id)
        if parked is None or parked.kind is not ParkKind.LIMIT or parked.limit is None:
            if await self._is_extended_by(task, spoken.message_id):
                return Resumption(is_first=True, words="It goes on.")
            raise UsageError(f"Task {task.task_id} does not wait at a limit (any more). Nothing was done.")
        run = await self.house.runs.run(parked.run_id)
        granted_usd = run.limits.cost_usd if parked.limit is LimitName.MONEY else 0.0
        run = replace(run, limits=extended(run.limits, parked.limit), leg=replace(run.leg, is_extended=True))
        body: dict[str, object] = {
            "limit": str(parked.limit),
            "person": spoken.person.name,
            "message_id": spoken.message_id,
        }
        body |= {"person_id": spoken.person_id, "email": spoken.person.email}
        fact = Fact("extended", body, f"extended:{parked.run_id}")
        if await self.let_go(task, parked, run=run, facts=(fact,), granted_usd=granted_usd):
            return Resumption(is_first=True, words="It goes on.")
        return Resumption(is_first=False, words="Somebody was faster: it goes on already.")

    async def _is_extended_by(self, task: Task, message_id: str) -> bool:
        events = await self.house.events.read(task.task_id)
        return any(one.kind == "extended" and one.body.get("message_id") == message_id for one in events)

    async def let_go(
        self,
        task: Task,
        parked: Parked,
        *,
        run: Run | None = None,
        words: str = "",
        facts: Sequence[Fact] = (),
        message: Message | None = None,
        granted_usd: float = 0.0,
    ) -> bool:
        """Begin the next leg, in one transaction with everything else. False where somebody was faster."""
        run = run or await self.house.runs.run(parked.run_id)
        leg = Leg(
            number=parked.leg + 1,
            attempt=parked.attempt,
            feedback=parked.feedback,
            words=words,
            uncounted=parked.uncounted,
            is_extended=run.leg.is_extended,
        )
        run = replace(run, leg=leg)
        await self.engine.start()
        enlist = self.engine.enlist("task", run.workflow_id, run.workflow_id)
        if granted_usd:
            enlist = self.within(task.asker.email, granted_usd, enlist)
        return await self.house.parking.go_on(parked, run, facts, enlist, message)

    async def stop(self, task: Task) -> None:
        """End it as cancelled: what waits at once, what works when its agent is gone, and its work is kept."""
        while (parked := await self.house.parking.of(task.task_id)) is not None:
            reason = f"Stopped by a person. {await self._kept(parked)}"
            if await self._end(parked, Outcome(name=OutcomeName.CANCELLED, reason=reason)):
                return
        run = await self.house.runs.latest_run(task.task_id)
        await self.engine.cancel(run.workflow_id)
        await finish_stopped(self.house, run.run_id)

    async def end_due(self) -> None:
        """Those that nobody came for in time end with what they waited for as the reason."""
        for parked in await self.house.parking.due(now()):
            reason = f"{parked.words}\nNobody said anything in time. {await self._kept(parked)}"
            await self._end(parked, Outcome(name=OutcomeName.NEEDS_HUMAN, reason=reason))

    async def _end(self, parked: Parked, outcome: Outcome) -> bool:
        record = await Record.load(self.house, parked.run_id)
        run = replace(record.run, finished_at=now())
        fact = record.journal.fact_of_outcome(outcome, record.verification)
        return await self.house.parking.end(parked, run, outcome, fact)

    async def _kept(self, parked: Parked) -> str:
        return kept_words(await self.house.runs.run(parked.run_id))


def message_of(task: Task, spoken: Spoken, *, question_id: str | None = None) -> Message:
    """The row of words that let a run go on: they are used with that."""
    return Message(
        message_id=spoken.message_id,
        task_id=task.task_id,
        person=spoken.person,
        person_id=spoken.person_id,
        text=spoken.text,
        at=now(),
        question_id=question_id,
        used_at=now(),
    )


def told(message: Message) -> Mapping[str, object]:
    """A message as its event tells it."""
    return {"person": message.person.name, "text": message.text, "message_id": message.message_id}
