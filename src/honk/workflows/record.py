"""What a run knows of itself, and how that is written down for people and for the dataset."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from itertools import pairwise

from honk.base.clock import monotonic_seconds, now
from honk.base.records import load
from honk.domain.change import Change
from honk.domain.decide import Attempted, Decision
from honk.domain.evidence import Verification, verification
from honk.domain.health import EnvironmentHealth
from honk.domain.limits import Spent
from honk.domain.task import Brief, Outcome, Saying, Status, Task
from honk.store import Attempt, Run, TaskEvent
from honk.workflows.attempt import Assignment, Worked
from honk.workflows.hearing import hear, sayings
from honk.workflows.house import House
from honk.workflows.journal import Journal

PARKED = ("asked", "parked")
"""Events from which on a run waits, until it is resumed."""
LONGEST_SILENCE_SECONDS = 3600.0
"""No step is so long without a word: above it, the clock was set."""


@dataclass(slots=True, kw_only=True)
class Record:
    """The run in hand. Everything in it is in the store or in recorded steps, so a restart rebuilds it."""

    house: House
    journal: Journal
    task: Task
    brief: Brief
    run: Run
    environment: EnvironmentHealth | None = None
    """What the run stands on, once its ground is laid."""
    first_said: tuple[Saying, ...] = ()
    """What was said to a task before this one that it does again."""
    turns: int = 0
    """Of finished attempts."""
    worked_seconds: float = 0.0
    """What earlier processes worked on it."""
    begun_seconds: float = field(default_factory=monotonic_seconds)
    paused_before: float = 0.0

    @classmethod
    async def load(cls, house: House, run_id: str) -> "Record":
        """Raises:
        NotFound: there is no such run.
        """
        run = await house.runs.run(run_id)
        task = await house.tasks.task(run.task_id)
        brief = await house.tasks.brief(run.task_id)
        journal = Journal(house.events, task.task_id, run_id, run.leg.number)
        worked = worked_seconds(await house.events.read(task.task_id))
        paused = house.pauses.get(run_id, 0.0)
        before = [one for one in await house.runs.attempts(run_id) if one.number < run.leg.attempt]
        record = cls(
            house=house,
            journal=journal,
            task=task,
            brief=brief,
            run=run,
            turns=sum(one.turns for one in before),
            worked_seconds=worked,
            paused_before=paused,
            first_said=brief.said,
        )
        await record.listen()
        return record

    async def begin(self, number: int, uncounted: int) -> None:
        """Count an attempt as soon as it begins: one that is stopped was made as well. What people said goes into it;
        `uncounted` of the rounds before were theirs."""
        self.brief = replace(self.brief, said=(*self.first_said, *await hear(self.house, self.journal)))
        await self.journal.attempt(number, self.run.limits.attempts + uncounted)
        self.run = replace(self.run, attempts=number)
        await self.house.runs.save_run(self.run)

    def assignment(self, number: int, feedback: str, onward: str = "") -> Assignment:
        """The next attempt, with what is left of the limits. Time in which no process ran does not count."""
        return Assignment(
            task=self.task,
            brief=self.brief,
            run=self.run,
            number=number,
            feedback=feedback,
            turns_before=self.turns,
            seconds_left=self._seconds_left(),
            first_said=self.first_said,
            onward=onward,
        )

    def refreshed(self, assignment: Assignment) -> Assignment:
        """The same with what is left by now: a step may have stood still, and be done again."""
        return replace(assignment, seconds_left=self._seconds_left())

    def _seconds_left(self) -> float:
        stood = self.house.pauses.get(self.run.run_id, 0.0) - self.paused_before
        elapsed = self.worked_seconds + monotonic_seconds() - self.begun_seconds - stood
        return max(0.0, self.run.limits.wall_seconds - elapsed)

    async def attempted(
        self, assignment: Assignment, worked: Worked, change: Change | None, attempted: Attempted, decision: Decision
    ) -> None:
        """Write a finished attempt down, refused ones too: they are what the dataset learns from."""
        self.turns += worked.turns
        await self.journal.decision(decision, assignment.number)
        await self.house.runs.save_attempt(
            Attempt(
                attempt_id=f"{self.run.run_id}-{assignment.number}",
                run_id=self.run.run_id,
                number=assignment.number,
                session_id=assignment.session_id,
                prompt=assignment.prompt,
                started_at=assignment.started_at,
                finished_at=now(),
                change=change,
                examination=attempted.examination,
                verdict=attempted.verdict,
                decision=str(decision.next),
                feedback=decision.feedback,
                turns=worked.turns,
            )
        )
        self.run = replace(
            self.run,
            attempts=assignment.number,
            change=change or self.run.change,
            examination=attempted.examination or self.run.examination,
            verdict=attempted.verdict or self.run.verdict,
            spent=await self._spent(),
        )
        await self.house.runs.save_run(self.run)

    async def listen(self) -> None:
        """Take into the brief what the agent was told while it worked."""
        self.brief = replace(self.brief, said=(*self.first_said, *await sayings(self.house, self.task.task_id)))

    def keep(self, change: Change) -> None:
        """Remember a change of a run that was stopped; `finish` writes it down."""
        self.run = replace(self.run, change=change)

    async def ships(self, change: Change) -> None:
        """The change as it is published: the same tree, with its last words."""
        self.run = replace(self.run, change=change)
        await self.house.runs.save_run(self.run)

    async def finish(self, outcome: Outcome) -> None:
        """The end, with its reason: run first, then the task, then the event that watchers wait for."""
        seconds = stage_seconds(await self.house.events.read(self.task.task_id), self.run.started_at, now())
        self.run = replace(self.run, finished_at=now(), seconds=seconds, spent=await self._spent())
        await self.house.runs.save_run(self.run)
        await self.house.tasks.set_status(self.task.task_id, Status.FINISHED, outcome)
        await self.journal.outcome(outcome, self.verification)

    async def is_over(self) -> bool:
        """Whether it has its outcome; a crash may have come before that was told."""
        if self.task.outcome is not None:
            await self.journal.outcome(self.task.outcome, self.verification)
        return self.task.outcome is not None

    @property
    def verification(self) -> Verification:
        """Of the last examined change; unverified where there was none."""
        examination = self.run.examination
        return Verification.UNVERIFIED if examination is None else verification(examination.reports)

    async def _spent(self) -> Spent:
        """As the gateway wrote it down."""
        spending = await self.house.ledger.spending(self.run.run_id)
        return Spent(
            turns=spending.turns,
            cost_usd=spending.cost_usd,
            held_usd=spending.held_usd,
            input_tokens=spending.input_tokens,
            output_tokens=spending.output_tokens,
        )


def sandbox_told(events: Sequence[TaskEvent]) -> str | None:
    """What the task was accepted for; None where a crash kept that from being told."""
    return next((str(one.body["sandbox"]) for one in events if one.kind == "accepted"), None)


def environment_told(events: Sequence[TaskEvent]) -> EnvironmentHealth | None:
    """What the newest run stands on, as it was told; None where it did not come so far."""
    told = next((event.body for event in reversed(events) if event.kind == "environment"), None)
    return None if told is None else load(EnvironmentHealth, json.dumps(dict(told)))


def worked_seconds(events: Sequence[TaskEvent]) -> float:
    """How long the run was worked on, from its events: the time between a crash and the resumption does not count, nor
    while it was parked or waited in line.

    Nor does what no work can have taken: between two events the clock of the machine may have been set.
    """
    told = [event for event in _while_at_work(events) if event.kind != "accepted"]
    gaps = (
        (after.at - before.at).total_seconds()
        for before, after in pairwise(told)
        if after.kind != "resumed" and before.kind != "waits"
    )
    return sum(gap for gap in gaps if 0.0 < gap <= LONGEST_SILENCE_SECONDS)


def _while_at_work(events: Sequence[TaskEvent]) -> Iterator[TaskEvent]:
    is_parked = False
    for event in events:
        is_parked = (is_parked or event.kind in PARKED) and event.kind != "resumed"
        if not is_parked or event.kind in PARKED:
            yield event


def stage_seconds(events: Sequence[TaskEvent], started_at: datetime, ended_at: datetime) -> dict[str, float]:
    """Seconds by stage, from the events, and the total by the clock."""
    seconds: dict[str, float] = {}
    for event in events:
        if event.kind == "stage" and event.body.get("state") == "finished":
            stage = str(event.body["stage"])
            seconds[stage] = round(seconds.get(stage, 0.0) + float(str(event.body["seconds"])), 3)
    seconds["total"] = round((ended_at - started_at).total_seconds(), 3)
    return seconds
