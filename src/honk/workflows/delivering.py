"""The acts of a delivery, each done as often as a crash will have it, and happening once."""

import tempfile
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path

from honk.base.clock import now
from honk.base.errors import HonkError, UsageError
from honk.domain.approval import not_worse, unmet, why_never
from honk.domain.audit import HONK, Body, Who
from honk.domain.change import PullRequest
from honk.domain.evidence import Examination
from honk.domain.merge_terms import SQUASH
from honk.domain.needs import Need, asked_of, names_of, words_of
from honk.domain.people import Act, Door, Visitor, why_not
from honk.domain.pull_request_text import merge_message
from honk.domain.shipment import Approval, Proof, Shipment, ShipmentState
from honk.domain.task import Outcome, OutcomeName
from honk.engine import StepFailed
from honk.forge import BaseMoved, Exporting, ForgeConflict, Merged
from honk.insight.made_by import shares_told
from honk.store.conversation import Fact
from honk.store.shipping import Along
from honk.workflows.approving import Approving, Sight
from honk.workflows.audited import audited
from honk.workflows.deploying import Deploying
from honk.workflows.follow_up import chain_of
from honk.workflows.frost import Frozen, refuse_frozen
from honk.workflows.house import House
from honk.workflows.identity import is_signed_off, refuse_unsignable
from honk.workflows.proving import follow_base, proved
from honk.workspace import Advance

REFUSALS = frozenset({ForgeConflict.__name__, UsageError.__name__, "ForgeNotFound", "NotFound", "UnknownTask"})
"""Errors of a step after which no later leg would do better."""


class StillWanted(HonkError):
    """Whose yes it had has none any more: the next leg looks, and waits for somebody else's."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ready:
    """What merges next, or why nothing does."""

    tree_sha: str = ""
    proof: Proof | None = None
    """Where it is merged into a base that moved."""
    refusal: str = ""
    waits_for: tuple[Need, ...] = ()
    """Whose yes is missing (again)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivering:
    """What `Deliver` does, step by step."""

    house: House
    approving: Approving
    deploying: Deploying

    async def shipment(self, shipment_id: str) -> Shipment:
        """Raises NotFound."""
        return await self.house.shipments.shipment(shipment_id)

    async def look(self, shipment: Shipment) -> Ready:
        """Whether it still may: between the yes and now people leave, branches move, and pull requests are closed."""
        refuse_frozen(self.house.home)
        await refuse_unsignable(self.house)
        sight = await self.approving.sight(shipment.number)
        if sight.pull_request.state == "merged":
            proof, change = shipment.proof, sight.run.change
            return Ready(tree_sha=proof.tree_sha if proof else change.tree_sha if change else "", proof=proof)
        await follow_base(self.house, sight)
        return await self._ready(shipment, sight, None)

    async def _ready(self, shipment: Shipment, sight: Sight, proof: Proof | None) -> Ready:
        if sight.look.head_sha != shipment.head_sha:
            return Ready(refusal=f"The branch moved to {sight.look.head_sha[:12]}: look at it again.")
        if (never := why_never(sight.look)) is not None:
            return Ready(refusal=never)
        given = await self._given(shipment)
        if not given:
            return Ready(refusal="Whoever said yes may not approve here any more. Nothing was merged.")
        if open_ones := unmet(sight.look.needs, given):
            return Ready(waits_for=open_ones)
        assert sight.run.change is not None
        return Ready(tree_sha=proof.tree_sha if proof is not None else sight.run.change.tree_sha, proof=proof)

    async def _insist(self, shipment: Shipment, sight: Sight, proof: Proof | None) -> None:
        """The look may be on record from before a death, and days old. Raises UsageError, StillWanted."""
        if sight.look.state == "merged":
            return
        still = await self._ready(shipment, sight, proof)
        if still.refusal:
            raise UsageError(still.refusal)
        if still.waits_for:
            raise StillWanted(f"It needs the yes of {words_of(still.waits_for)}.")

    async def _given(self, shipment: Shipment) -> frozenset[str]:
        """Whose yes counts: those who still may."""
        members = {one.person_id: one for one in await self.approving.people.all()}
        found = set()
        for yes in await self.approvals(shipment):
            member = members.get(yes.person_id or "")
            if member is not None:
                visitor = Visitor(member=member, door=Door.CONSOLE)
                if why_not(visitor, Act.APPROVE, shipment.repository_id) is None:
                    found.add(member.person_id)
        return frozenset(found)

    async def approvals(self, shipment: Shipment) -> list[Approval]:
        """Those that count, in the order they were given, whatever the clock did."""
        found = {one.approval_id: one for one in await self.house.approvals.list(shipment.number)}
        return [found[one] for one in shipment.approvals if one in found]

    async def merge(self, shipment: Shipment, ready: Ready) -> Merged | None:
        """Exactly this tree; None where the base moved, so that it would be another."""
        house = self.house
        refuse_frozen(house.home)
        sight = await self.approving.sight(shipment.number, ready.proof)
        await self._insist(shipment, sight, ready.proof)
        brief, approvals = await house.tasks.brief(sight.task.task_id), await self.approvals(shipment)
        signs_off = await is_signed_off(house, sight.task)
        message = merge_message(
            task=sight.task,
            brief=brief,
            examination=sight.look.examination,
            verdict=sight.run.verdict,
            pull_request=sight.pull_request,
            approvals=approvals,
            shares=shares_told(await house.events.read(sight.task.task_id)),
            signed_off_by=house.identity.author_of(sight.task) if signs_off else None,
        )
        who = Who(name=approvals[-1].person.name, person_id=approvals[-1].person_id, door=approvals[-1].door)
        given = [{"name": yes.person.name, "person_id": yes.person_id} for yes in approvals]
        ids: Body = {"task": sight.task.task_id, "head_sha": shipment.head_sha, "tree_sha": ready.tree_sha,
                     "approved_by": given}  # fmt: skip
        can = house.forge.capabilities.merge_methods
        method = sight.terms.method if sight.terms.method in can else SQUASH
        subject, hides = f"pull_request:{shipment.number}", (sight.pull_request.branch,)
        try:
            async with audited(house.audit, "merge", who=who, subject=subject, body=ids, hides=hides) as found:
                refuse_frozen(house.home)  # once more: what lies between may take long
                merged = await house.forge.merge(
                    sight.pull_request,
                    head_sha=shipment.head_sha,
                    tree_sha=ready.tree_sha,
                    message=message,
                    method=method,
                )
                found["merged_sha"] = merged.merged_sha
        except BaseMoved:
            return None
        return merged

    async def prove(self, shipment: Shipment, number: int) -> Ready:
        """Verify what the merge would be, over the base as it is now."""
        house = self.house
        refuse_frozen(house.home)
        sight = await self.approving.sight(shipment.number)
        branch = sight.pull_request.base_branch
        words = f"{branch} moved since this was verified: what would be merged is verified again."
        await house.events.append(
            shipment.task_id, "note", {"text": words}, f"proving:{shipment.shipment_id}:{shipment.leg}:{number}"
        )
        proof, why = await proved(house, sight, f"{shipment.shipment_id}-{shipment.leg}-{number}")
        if proof is None:
            return Ready(refusal=why)
        before = await self.shipment(shipment.shipment_id)
        await house.shipments.turn(before, replace(before, proof=proof), Along())
        if (worse := not_worse(sight.run.examination or Examination(), proof.examination)) is not None:
            return Ready(
                refusal=f"{branch} moved, and merged into it this is not what was verified: {worse}. Nothing was "
                "merged. Say in the task what is to change, or begin it again from the newest base."
            )
        return await self._ready(shipment, await self.approving.sight(shipment.number, proof), proof)

    async def give_back(self, shipment: Shipment, ready: Ready, merged: Merged) -> Advance:
        """Hand the merge to the person's own repository, where that changes nothing under their hands. It is merged
        already: whatever keeps it from them is told, and breaks nothing."""
        pull_request = await self.house.forge.pull_request(shipment.number)
        try:
            return await give_back(self.house, pull_request, merged.merged_sha, _base_of(pull_request, ready.proof))
        except HonkError as error:
            return Advance(has_moved=False, advice=f"Your own repository did not take the merge: {error}")

    async def record(self, shipment: Shipment, ready: Ready, merged: Merged, advance: Advance) -> None:
        """The tasks are merged, with what follows on that, in one transaction."""
        house, number = self.house, shipment.number
        before = await self.shipment(shipment.shipment_id)
        if before.state is not ShipmentState.DELIVERING:
            return
        task = await house.tasks.task(shipment.task_id)
        ended = [
            one.task_id
            for one in await chain_of(house, task)
            if one is task or (one.outcome is not None and one.outcome.name is OutcomeName.OPENED)
        ]
        approvals = await self.approvals(shipment)
        approvers = [one.person.name for one in approvals]
        body: dict[str, object] = {"number": number, "merged_sha": merged.merged_sha}
        body |= {"has_moved": advance.has_moved, "advice": advance.advice, "approvers": approvers}
        after = replace(
            before,
            state=ShipmentState.MERGED,
            merged_sha=merged.merged_sha,
            proof=ready.proof,
            has_moved=advance.has_moved,
            advice=advance.advice,
            words="",
        )
        approver = approvals[-1].person if approvals else shipment.person
        onward = await self.deploying.after(task, number, merged.merged_sha, approver)
        along = Along(
            facts=(Fact("merged", body, f"merged:{shipment.shipment_id}"), *onward.facts),
            enlist=onward.joins,
            outcome=Outcome(name=OutcomeName.MERGED, reason=f"Pull request {number} is merged."),
            task_ids=tuple(ended),
        )
        await house.shipments.turn(before, after, along)

    async def leave(self, shipment: Shipment, ready: Ready) -> None:
        """It does not merge now: it waits for somebody again, or it ends."""
        before = await self.shipment(shipment.shipment_id)
        if before.state is not ShipmentState.DELIVERING:
            return
        if ready.refusal:
            return await end(self.house, before, ready.refusal, "merge_refused")
        words = words_of(ready.waits_for)
        until = now() + timedelta(hours=self.approving.terms.armed_hours)
        after = replace(
            before,
            state=ShipmentState.ARMED,
            leg=before.leg + 1,  # this one is over: the next yes begins another
            asked=asked_of(ready.waits_for),
            words=words,
            until=until,
            names=names_of(ready.waits_for),
        )
        body = {"number": before.number, "waits_for": words, "head_sha": before.head_sha}
        fact = Fact("armed", body, f"armed:{before.shipment_id}:{before.leg}")
        await self.house.shipments.turn(before, after, Along(facts=(fact,)))

    async def hold(self, shipment: Shipment, error: StepFailed) -> None:
        """A later leg goes on, unless that would be in vain."""
        before = await self.shipment(shipment.shipment_id)
        if before.state is not ShipmentState.DELIVERING:
            return
        if error.kind in REFUSALS:
            return await end(self.house, before, str(error), "merge_refused")
        facts = (Fact("note", {"text": f"The merge waits: {error}"}, f"held:{before.shipment_id}:{before.leg}"),)
        tried_at = None if error.kind == Frozen.__name__ else now()  # after a thaw it goes on at once
        along = Along(facts=facts if before.words != str(error) else ())
        await self.house.shipments.turn(before, replace(before, words=str(error), tried_at=tried_at), along)

    def moved_too_often(self, shipment: Shipment, rounds: int) -> str:
        """The words for it."""
        return (
            f"The base of pull request {shipment.number} moved {rounds} times while the merged state was verified. "
            "Nothing was merged. Try again when less is merged into it."
        )


async def end(house: House, before: Shipment, words: str, kind: str) -> None:
    """Without a merge."""
    after = replace(before, state=ShipmentState.ENDED, words=words, until=None)
    body = {"number": before.number, "reason": words, "head_sha": before.head_sha}
    await house.shipments.turn(before, after, Along(facts=(Fact(kind, body, f"{kind}:{before.shipment_id}"),)))


def _base_of(pull_request: PullRequest, proof: Proof | None) -> str:
    return proof.base_sha if proof is not None else pull_request.base_sha


async def give_back(house: House, pull_request: PullRequest, merged_sha: str, base_sha: str) -> Advance:
    """To the repository that the request came from. Raises HonkError."""
    if not isinstance(house.forge, Exporting):
        return Advance(has_moved=False, advice=f"Fetch {pull_request.base_branch} from {house.forge.name}.")
    repository = (await house.tasks.task(pull_request.task_id)).repository
    subject, ids = f"pull_request:{pull_request.number}", {"task": pull_request.task_id, "merged_sha": merged_sha}
    with tempfile.TemporaryFile(dir=house.home) as pack:
        await house.forge.pack(repository, merged_sha, [pull_request.base_sha], pack)
        pack.seek(0)
        async with audited(house.audit, "give branch", who=HONK, subject=subject, body=ids) as found:
            moved = await house.source.advance(
                Path(repository.location), pull_request.base_branch, base_sha, merged_sha, pack
            )
            found["has_moved"] = moved.has_moved
        return moved
