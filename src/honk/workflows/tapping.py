"""A person says yes: what is decided, written down and begun in one transaction; and what waits, looked after."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path

from honk.base.clock import now
from honk.base.errors import HonkError, UsageError
from honk.base.ids import derived_uuid
from honk.domain.approval import Arm, AskSentence, Refuse, Ship, Yes, decide_approval
from honk.domain.change import PullRequest
from honk.domain.needs import Need, asked_of, names_of, words_of
from honk.domain.people import Door, Member, Refused
from honk.domain.shipment import Approval, Shipment, ShipmentState
from honk.domain.task import Person, Task
from honk.engine import Engine, WorkflowStatus
from honk.store.conversation import Fact
from honk.store.shipping import Along
from honk.workflows.approving import Approving, Sight
from honk.workflows.delivering import end, give_back
from honk.workflows.deploying import Deploying
from honk.workflows.frost import is_frozen, refuse_frozen
from honk.workflows.house import House
from honk.workflows.identity import refuse_unsignable
from honk.workspace import Advance

WORKFLOW = "deliver"
TRIES = 5
"""How often a yes is decided anew, since somebody else's came between."""
LEGS = 20
"""After so many in vain a merge is given up."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MergeResult:
    """A merge on the forge, and what became of the person's own branch."""

    pull_request: PullRequest
    advance: Advance


class StillArmed(UsageError):
    """The yes is kept, and somebody else's is missing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tap:
    """A person's yes, as a door takes it in; whoever hands it on has looked at their rights."""

    member: Member
    person: Person
    """As the commit names them."""
    door: Door
    head_sha: str
    """What they looked at."""
    sentence: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tapped:
    """What a yes did."""

    shipment: Shipment
    words: str
    """For whoever said it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tapping:
    """A sub-desk of the App."""

    house: House
    engine: Engine
    approving: Approving
    deploying: Deploying
    clock: Callable[[], datetime] = now

    async def approve(self, number: int, tap: Tap) -> Tapped:
        """Record the yes; begin the merge, or arm it. Said twice, it is said once.

        Raises:
            UsageError: it may not merge so: says why, and what to do. Nothing was recorded.
        """
        refuse_frozen(self.house.home)
        await refuse_unsignable(self.house)
        tap = replace(tap, member=await self._here(tap.member))
        for _ in range(TRIES):
            sight = await self.approving.sight(number)
            standing = await self.house.shipments.newest(number)
            if standing is not None and (told := _before(standing, sight, tap)) is not None:
                return told
            if (done := await self._decide(sight, standing, tap)) is not None:
                return done
        raise UsageError(
            f"Others say yes to pull request {number} at this very moment. Nothing was recorded. Look again."
        )

    async def _here(self, member: Member) -> Member:
        """The person with the rights that they have now. Raises Refused: they have left meanwhile."""
        for known in await self.approving.people.all():
            if known.person_id == member.person_id:
                return known
        raise Refused("You are not among the people here any more. Nothing was merged.")

    async def _decide(self, sight: Sight, standing: Shipment | None, tap: Tap) -> Tapped | None:
        """None where somebody else was faster: then it is decided anew."""
        armed = standing if standing is not None and standing.state is ShipmentState.ARMED else None
        if armed is not None and armed.head_sha != sight.look.head_sha:
            await self._end(armed, "its branch moved")
            return None
        if armed is not None and armed.until is not None and armed.until <= now():
            await self._end(armed, "nobody else said yes in time")
            return None
        given = await self._given(armed)
        yes = Yes(member=tap.member, door=tap.door, head_sha=tap.head_sha, sentence=tap.sentence)
        match decide_approval(sight.look, yes, given):
            case Refuse(reason=reason):
                raise UsageError(reason)
            case AskSentence(why=why):
                raise UsageError(_sentence_words(sight.look.number, why))
            case Arm(needs=needs):
                return await self._write(sight, armed, tap, needs)
            case Ship():
                return await self._write(sight, armed, tap, ())

    async def _given(self, armed: Shipment | None) -> set[str]:
        if armed is None:
            return set()
        found = await self.house.approvals.list(armed.number)
        return {yes.person_id for yes in found if yes.approval_id in armed.approvals and yes.person_id}

    async def _write(self, sight: Sight, armed: Shipment | None, tap: Tap, needs: Sequence[Need]) -> Tapped | None:
        number, at = sight.look.number, now()
        shipment = armed or await self._new(sight, tap)
        yes = Approval(
            approval_id=derived_uuid("approval", shipment.shipment_id, tap.member.person_id),
            number=number,
            person=tap.person,
            head_sha=sight.look.head_sha,
            sentence=tap.sentence.strip(),
            at=at,
            person_id=tap.member.person_id,
            role=str(tap.member.role_in(shipment.repository_id) or ""),
            door=str(tap.door),
        )
        words = words_of(needs)
        after = replace(
            shipment,
            state=ShipmentState.ARMED if needs else ShipmentState.DELIVERING,
            approvals=tuple(dict.fromkeys((*shipment.approvals, yes.approval_id))),
            asked=asked_of(needs),
            words=words,
            names=names_of(needs),
            until=(shipment.until or at + timedelta(hours=sight.terms.armed_hours)) if needs else None,
        )
        facts = [_approved(yes)]
        if needs:
            body = {"number": number, "waits_for": words, "head_sha": yes.head_sha, "person": tap.person.name}
            facts.append(Fact("armed", body, f"armed:{yes.approval_id}"))
        await self.engine.start()
        enlist = () if needs else (self.engine.enlist(WORKFLOW, after.workflow_id, after.shipment_id),)
        if not await self.house.shipments.turn(armed, after, Along(facts=tuple(facts), approval=yes, enlist=enlist)):
            return None
        if needs:
            return Tapped(shipment=after, words=f"Your yes is kept. It merges with the yes of {words}.")
        return Tapped(shipment=after, words=f"Pull request {number} is being merged.")

    async def _new(self, sight: Sight, tap: Tap) -> Shipment:
        number, head_sha = sight.look.number, sight.look.head_sha
        earlier = len(await self.house.shipments.list(number))
        return Shipment(
            shipment_id=derived_uuid("shipment", str(number), head_sha, str(earlier)),
            number=number,
            task_id=sight.task.task_id,
            repository_id=sight.look.repository_id,
            head_sha=head_sha,
            state=ShipmentState.ARMED,
            person=tap.person,
            person_id=tap.member.person_id,
            since=now(),
        )

    async def newest(self, number: int) -> Shipment | None:
        """What became of the last wish to merge it; None where nobody had one."""
        return await self.house.shipments.newest(number)

    async def withdraw(self, number: int, member: Member) -> Shipment:
        """Take an armed merge back. Only whoever armed it.

        Raises:
            UsageError: nothing is armed, or by somebody else.
        """
        standing = await self.house.shipments.newest(number)
        if standing is None or standing.state is not ShipmentState.ARMED:
            raise UsageError(f"Pull request {number} waits for nobody's yes (any more). Nothing was taken back.")
        if standing.person_id != member.person_id:
            raise UsageError(f"{standing.person.name} armed this merge, and takes it back. Nothing was done.")
        if not await self._end(standing, f"{member.name} took it back"):
            raise UsageError(f"Pull request {number} was approved at this very moment. Nothing was taken back.")
        return await self.house.shipments.shipment(standing.shipment_id)

    async def merge_here(self, number: int, sentence: str) -> MergeResult:
        """As the owner of the state folder, at its machine: to the end. Done again after a crash, it finishes what is
        left.

        Raises:
            UsageError: it may not merge, or waits for somebody else's yes; says why and what to do.
        """
        refuse_frozen(self.house.home)
        pull_request = await self.house.forge.pull_request(number)
        standing = await self.house.shipments.newest(number)
        if standing is not None and standing.state is ShipmentState.DELIVERING:
            return await self.finish(await self._taken_up(standing))
        if pull_request.state == "merged":
            return await self.merged_before(pull_request)
        task = await self.house.tasks.task(pull_request.task_id)
        owner, person = await self.approving.people.owner(), await self.person_here(task)
        tap = Tap(member=owner, person=person, door=Door.COMMAND_LINE, head_sha=pull_request.head_sha,
                  sentence=sentence)  # fmt: skip
        tapped = await self.approve(number, tap)
        if tapped.shipment.state is ShipmentState.ARMED:
            raise StillArmed(tapped.words)
        return await self.finish(tapped.shipment)

    async def person_here(self, task: Task) -> Person:
        """Whoever sits at the machine, as the repository's git names them."""
        return (await self.house.source.describe(Path(task.repository.location), None)).asker

    async def _taken_up(self, shipment: Shipment) -> Shipment:
        """What a death left, gone on with here."""
        await self.engine.start()
        status = await self.engine.status(shipment.workflow_id)
        if status is WorkflowStatus.WAITING:
            await self.engine.resume(shipment.workflow_id)
        elif status is not WorkflowStatus.RUNNING:
            return await self.go_on(shipment)
        return shipment

    async def finish(self, shipment: Shipment) -> MergeResult:
        """Wait for its end.

        Raises:
            UsageError: it did not merge; says why.
        """
        await self.engine.start()
        await self.engine.wait(shipment.workflow_id)
        after = await self.house.shipments.shipment(shipment.shipment_id)
        if after.state is not ShipmentState.MERGED:
            raise UsageError(after.words or f"Pull request {after.number} did not merge.")
        pull_request = await self.house.forge.pull_request(after.number)
        return MergeResult(pull_request=pull_request, advance=Advance(has_moved=after.has_moved, advice=after.advice))

    async def merged_before(self, pull_request: PullRequest) -> MergeResult:
        """Merged already: give it back once more, for the person's branch may be free by now."""
        standing = await self.house.shipments.newest(pull_request.number)
        proof = standing.proof if standing is not None else None
        base_sha = proof.base_sha if proof is not None else pull_request.base_sha
        advance = await give_back(self.house, pull_request, pull_request.merged_sha or "", base_sha)
        return MergeResult(pull_request=pull_request, advance=advance)

    async def go_on(self, shipment: Shipment) -> Shipment:
        """A further leg of a delivery that nobody is at; the same shipment where somebody is."""
        after = replace(shipment, leg=shipment.leg + 1)
        await self.engine.start()
        enlist = self.engine.enlist(WORKFLOW, after.workflow_id, after.shipment_id)
        if await self.house.shipments.turn(shipment, after, Along(enlist=(enlist,))):
            return after
        return await self.house.shipments.shipment(shipment.shipment_id)

    async def look_after(self) -> None:
        """Of what is armed, end what can merge no more; of what is being delivered, go on with what lies still."""
        for shipment in await self.house.shipments.live():
            if shipment.state is ShipmentState.ARMED:
                await self._look_after_armed(shipment)
            elif not is_frozen(self.house.home):
                await self._look_after_delivery(shipment)

    async def _look_after_armed(self, shipment: Shipment) -> None:
        try:
            pull_request = await self.house.forge.pull_request(shipment.number)
        except HonkError:
            return
        if pull_request.state != "open":
            await self._end(shipment, f"the pull request is {pull_request.state}")
        elif pull_request.head_sha != shipment.head_sha:
            await self._end(shipment, "its branch moved")
        elif shipment.until is not None and shipment.until <= now():
            await self._end(shipment, "nobody else said yes in time")

    async def _look_after_delivery(self, shipment: Shipment) -> None:
        status = await self.engine.status(shipment.workflow_id)
        if status is WorkflowStatus.RUNNING:
            return
        if status is WorkflowStatus.WAITING:
            await self.engine.resume(shipment.workflow_id)
        elif shipment.rests_until is not None and shipment.rests_until > self.clock():
            return
        elif shipment.leg < LEGS:
            await self.go_on(shipment)
        else:
            await end(self.house, shipment, f"It was tried {LEGS} times. {shipment.words}".strip(), "merge_refused")

    async def _end(self, shipment: Shipment, why: str) -> bool:
        after = replace(shipment, state=ShipmentState.ENDED, words=why, until=None)
        body = {"number": shipment.number, "reason": why, "head_sha": shipment.head_sha}
        fact = Fact("disarmed", body, f"disarmed:{shipment.shipment_id}")
        return await self.house.shipments.turn(shipment, after, Along(facts=(fact,)))


def _before(standing: Shipment, sight: Sight, tap: Tap) -> Tapped | None:
    """What a yes meets that was said before, or too late; None where it is to be decided."""
    number = standing.number
    if standing.state is ShipmentState.MERGED or sight.look.state == "merged":
        return Tapped(shipment=standing, words=f"Pull request {number} is merged already.")
    if standing.state is ShipmentState.DELIVERING:
        if standing.head_sha != tap.head_sha:
            raise UsageError(
                f"Pull request {number} is being merged at {standing.head_sha[:12]}, and you looked at "
                f"{tap.head_sha[:12]}. Your yes was not taken. Look again."
            )
        whose = "your" if standing.person_id == tap.member.person_id else f"{standing.person.name}'s"
        return Tapped(shipment=standing, words=f"Pull request {number} is being merged already, on {whose} yes.")
    is_same = standing.state is ShipmentState.ARMED and standing.head_sha == tap.head_sha == sight.look.head_sha
    mine = derived_uuid("approval", standing.shipment_id, tap.member.person_id)
    if is_same and mine in standing.approvals:
        return Tapped(shipment=standing, words=f"Your yes is kept already. It merges with the yes of {standing.words}.")
    return None


def _approved(yes: Approval) -> Fact:
    body = {"number": yes.number, "head_sha": yes.head_sha, "person": yes.person.name, "role": yes.role}
    body |= {"door": yes.door, "sentence": yes.sentence}
    return Fact("approved", body, f"approved:{yes.approval_id}")


def _sentence_words(number: int, why: Sequence[str]) -> str:
    return (
        f"Pull request {number} is not verified ({'; '.join(why)}). Look at it (honk pr diff {number}); if you take "
        f'the responsibility, say so in a sentence that is kept: honk pr merge {number} --sentence "..."'
    )
