"""The rounds of a run: the agent works, gate and judge look, until the change may go on or is given up.

What becomes of a change that may go on is handed in: nothing here can push, publish or propose.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from itertools import count

from honk.base.errors import HonkError, OutOfSpace
from honk.domain.change import Change
from honk.domain.conversation import run_of
from honk.domain.decide import Attempted, Decision, Next, Rules, decide
from honk.domain.evidence import Examination, Verdict, Verification, gate
from honk.domain.task import Outcome, OutcomeName, Status, Task
from honk.engine import Steps
from honk.workflows.attempt import Assignment, Ground, Worked, collect, work
from honk.workflows.citing import checked_answer
from honk.workflows.examine import ask_judge, base_beside, examine, health_of, lay_ground
from honk.workflows.excusing import excuse
from honk.workflows.house import House
from honk.workflows.parking import park, waiting
from honk.workflows.record import Record
from honk.workflows.roomy import RoomySteps

Conclude = Callable[[Steps, Record, Change], Awaitable[Outcome]]
"""What becomes of a change that neither gate nor judge objects to."""


async def run_rounds(house: House, step: Steps, workflow_id: str, conclude: Conclude) -> None:
    """Work, look, decide; again with what was learnt, until `conclude` has the change or it is given up.

    Every step is recorded: after a crash the run goes on behind the last record, in the same agent session.
    """
    run_id, leg = run_of(workflow_id)
    record = await Record.load(house, run_id)
    if await record.is_over() or record.run.leg.number != leg:
        return
    if await house.parking.of(record.task.task_id) is not None:
        return
    if record.task.status is Status.RUNNING or leg > 1:
        await record.journal.resumed()
    await house.tasks.set_status(record.task.task_id, Status.RUNNING)
    try:
        roomy = RoomySteps(step, house.home, house.halt_free_bytes)
        outcome = await _Pass(house, roomy, record, conclude).run()
    except OutOfSpace:
        raise
    except HonkError as error:
        outcome = Outcome(name=OutcomeName.FAILED, reason=f"{error}\nThe agent's work is kept with the task.")
    if outcome is not None:
        await record.finish(outcome)


def with_way_on(outcome: Outcome, attempted: Attempted, task: Task) -> Outcome:
    """The outcome; of a question that nobody was there to answer, with how it is answered now."""
    if attempted.question is None or outcome.name is not OutcomeName.NEEDS_HUMAN:
        return outcome
    how = f'Answer it by a task that goes on with this work: honk task say {task.task_id} "..."'
    return Outcome(name=outcome.name, reason=f"{outcome.reason}\n{how}")


@dataclass(frozen=True, slots=True)
class _Pass:
    """One pass of the workflow: what every part of the story needs at hand."""

    house: House
    step: Steps
    record: Record
    conclude: Conclude

    async def run(self) -> Outcome | None:
        """The ground that all stands on, then the rounds; meanwhile the base shows what it does by itself."""
        ground = await self.step("ground", Ground, lambda: lay_ground(self.house, self.record))
        self.record.environment = health_of(ground.environment)
        async with base_beside(self.house, ground, f"{self.record.run.run_id}-base"):
            return await self.rounds(ground)

    async def rounds(self, ground: Ground) -> Outcome | None:
        """Attempt after attempt, from where the leg begins, to the outcome; None where it is parked."""
        record, leg = self.record, self.record.run.leg
        feedback, onward, uncounted = leg.feedback, leg.words, leg.uncounted
        for number in count(leg.attempt):
            await record.begin(number, uncounted)
            assignment = record.assignment(number, feedback, onward)
            worked, change = await self.attempt(ground, assignment)
            attempted = await self.look(ground, number, worked, change)
            decision = decide(attempted, self.rules, attempt=number - uncounted)
            await record.attempted(assignment, worked, change, attempted, decision)
            if decision.next is Next.PUBLISH and change is not None:
                return await self.conclude(self.step, record, change)
            if decision.next is Next.PARK:
                await self.park(decision, attempted, number, uncounted)
                return None
            if decision.outcome is not None:
                return await checked_answer(self.house, record, with_way_on(decision.outcome, attempted, record.task))
            feedback, onward = decision.feedback, ""
            uncounted += not decision.is_counted
        raise AssertionError("unreachable: decide() stops at the last attempt")

    @property
    def rules(self) -> Rules:
        """What the decisions of this leg depend on."""
        is_served = self.house.park_until is not None and self.record.task.replay_of is None
        return Rules(
            attempts=self.record.run.limits.attempts,
            push_executes=self.house.forge.capabilities.push_executes,
            can_ask=is_served,
            can_extend=is_served and not self.record.run.leg.is_extended,
        )

    async def park(self, decision: Decision, attempted: Attempted, number: int, uncounted: int) -> None:
        """The run waits as a row; what lets it go on is a new leg."""
        parked = waiting(self.record, decision, attempted.question, number, uncounted)
        await self.step("park", None, lambda: park(self.house, self.record, parked))

    async def attempt(self, ground: Ground, assignment: Assignment) -> tuple[Worked, Change | None]:
        """The agent works; what it left becomes one commit of ours."""
        house, journal, number = self.house, self.record.journal, assignment.number
        taken_up = self.record.run.takes_up
        if number == 1 and taken_up is not None and taken_up.given is not None:
            await journal.change(taken_up.given, number)
            return Worked(turns=0), taken_up.given
        async with journal.stage("agent", number):
            worked = await self.step(
                f"agent {number}", Worked, lambda: work(house, ground, self.record.refreshed(assignment), journal)
            )
        async with journal.stage("collect", number):
            change = await self.collect(ground, assignment, worked)
        is_as_it_was = change is not None and ground.start is not None and change.tree_sha == ground.start.tree_sha
        if is_as_it_was and not (taken_up is not None and taken_up.is_held):
            change = None  # the kept work as it was: nothing was done to it
        if change is not None:
            await journal.change(change, number)
        return worked, change

    async def collect(self, ground: Ground, assignment: Assignment, worked: Worked) -> Change | None:
        """The change; where the attempt failed anyway, work that makes no sound commit must not hide why."""
        try:
            return await self.step(
                f"collect {assignment.number}", Change, lambda: collect(self.house, ground, assignment)
            )
        except HonkError as error:
            if worked.limit is None and worked.fault is None:
                raise
            await self.record.journal.warning(str(error))
            return None

    async def look(self, ground: Ground, number: int, worked: Worked, change: Change | None) -> Attempted:
        """Verifiers and rules first: they are cheap, and a judge need not read what goes back anyway."""
        await self.record.listen()
        examination = verdict = None
        if change is not None and worked.limit is None and worked.fault is None:
            examination = await self.verify(ground, number, change)
            if self.house.judge is not None and gate(examination) is not Verification.FAILED:
                verdict = await self.judge(number, change)
        return Attempted(
            has_change=change is not None,
            conclusion=worked.conclusion,
            examination=examination,
            verdict=verdict,
            limit=worked.limit,
            fault=worked.fault,
            question=worked.question,
            has_words=await self.step(f"words {number}", bool, self.has_words),
        )

    async def has_words(self) -> bool:
        """Whether somebody said something that no agent was handed."""
        return bool(await self.house.messages.waiting(self.record.task.task_id))

    async def verify(self, ground: Ground, number: int, change: Change) -> Examination:
        house, record = self.house, self.record
        name = f"{record.run.run_id}-{number}"
        async with record.journal.stage("verify", number):
            examination = await self.step(
                f"examine {number}", Examination, lambda: examine(house, ground, change, name, record.brief)
            )
        examination = await excuse(house, record.task.repository, record.run.takes_up, examination)
        await record.journal.examination(examination, number)
        return examination

    async def judge(self, number: int, change: Change) -> Verdict:
        house, record = self.house, self.record
        async with record.journal.stage("judge", number):
            verdict = await self.step(f"judge {number}", Verdict, lambda: ask_judge(house, record, change))
        await record.journal.verdict(verdict, number)
        return verdict
