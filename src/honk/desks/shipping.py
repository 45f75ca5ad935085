"""What ships: looked at, approved, taken back. Handed out by the team's desk; rights first, then the front desk."""

from dataclasses import dataclass

from honk.app import App
from honk.base.errors import UsageError
from honk.deploy.terms import merged_into
from honk.desks.lookout import Lookout
from honk.domain.approval import reasons_for_a_sentence, unmet, why_never
from honk.domain.change import PullRequest
from honk.domain.deployment import brought_back
from honk.domain.merge_terms import PATH
from honk.domain.needs import Need
from honk.domain.people import Act, Door, Visitor, must, why_not
from honk.domain.shipment import Approval, Shipment, ShipmentState
from honk.domain.task import Person, Task
from honk.workflows.approving import Sight
from honk.workflows.production import Production
from honk.workflows.tapping import Tap, Tapped


@dataclass(frozen=True, slots=True, kw_only=True)
class Ship:
    """What a person sees before they let it merge."""

    sight: Sight
    shipment: Shipment | None
    """The newest of it."""
    approvals: tuple[Approval, ...]
    person_id: str = ""
    """Who looks."""
    may_not: str = ""
    """Why this person may not merge it; empty where they may."""
    migrations: tuple[str, ...] = ()
    """What it changes of data: no undo restores that."""
    follows: str = ""
    """What becomes of it once it is merged, in words."""
    brings_back: tuple[int, ...] = ()
    """Pull requests that were undone in production, and which its deployment would bring back."""

    @property
    def pull_request(self) -> PullRequest:
        """What would merge."""
        return self.sight.pull_request

    @property
    def is_armed(self) -> bool:
        """Whether it waits for somebody else's yes, as it is now."""
        one = self.shipment
        is_same = one is not None and one.head_sha == self.pull_request.head_sha and self.pull_request.state == "open"
        return one is not None and one.state is ShipmentState.ARMED and is_same

    @property
    def is_delivering(self) -> bool:
        """Whether it is being merged."""
        return self.shipment is not None and self.shipment.state is ShipmentState.DELIVERING

    @property
    def never(self) -> str:
        """Why nobody may merge it as it is; empty where somebody may."""
        return why_never(self.sight.look) or ""

    @property
    def sentence_for(self) -> tuple[str, ...]:
        """What asks for a typed sentence."""
        return reasons_for_a_sentence(self.sight.look)

    @property
    def given(self) -> frozenset[str]:
        """Ids of the people whose yes counts already."""
        counts = self.shipment.approvals if self.shipment is not None and self.is_armed else ()
        return frozenset(one.person_id for one in self.approvals if one.person_id and one.approval_id in counts)

    @property
    def needs(self) -> tuple[Need, ...]:
        """Whose yes it needs (still) beside that of anybody who may approve."""
        return unmet(self.sight.look.needs, self.given)

    @property
    def is_last_yes(self) -> bool:
        """Whether it merges with this person's yes."""
        return not unmet(self.sight.look.needs, {*self.given, self.person_id})


class Shipping:
    """A desk beside the lookout."""

    def __init__(self, app: App, lookout: Lookout) -> None:
        self._app = app
        self._lookout = lookout

    async def look(self, visitor: Visitor, task_id: str) -> Ship | None:
        """The newest pull request of the task; None where it has none.

        Raises:
            NotFound: there is no such task, or none that this person may know of.
        """
        sheet = await self._lookout.sheet(visitor, task_id)
        if not sheet.pull_requests:
            return None
        number = sheet.pull_requests[-1].number
        delivery = self._app.delivery
        sight = await delivery.approving.sight(number)
        pull_request, change = sight.pull_request, sight.run.change
        production = delivery.deploying.production
        return Ship(
            migrations=await production.migrations(sight.task.repository, pull_request.base_sha, change),
            follows=await _follows(production, sight),
            brings_back=await _brings_back(production, sight.task),
            sight=sight,
            shipment=await delivery.house.shipments.newest(number),
            approvals=tuple(await delivery.house.approvals.list(number)),
            person_id=visitor.member.person_id,
            may_not=why_not(visitor, Act.APPROVE, sheet.task.repository.repository_id) or "",
        )

    async def approve(self, visitor: Visitor, task_id: str, head_sha: str, sentence: str = "") -> Tapped:
        """Say yes to the commit that was looked at.

        Raises:
            Refused: the person may not; a token never may.
            UsageError: it may not merge so: says why, and what to do.
        """
        found = await self._meant(visitor, task_id)
        member, delivery = visitor.member, self._app.delivery
        person = Person(name=member.name, email=member.email)
        if visitor.door is Door.COMMAND_LINE:
            person = await delivery.person_here(await delivery.house.tasks.task(found.task_id))
        tap = Tap(member=member, person=person, door=visitor.door, head_sha=head_sha, sentence=sentence)
        return await delivery.approve(found.number, tap)

    async def withdraw(self, visitor: Visitor, task_id: str) -> Shipment:
        """Take back a merge that this person armed.

        Raises:
            Refused: the person may not.
            UsageError: nothing is armed, or by somebody else.
        """
        found = await self._meant(visitor, task_id)
        return await self._app.delivery.withdraw(found.number, visitor.member)

    async def _meant(self, visitor: Visitor, task_id: str) -> PullRequest:
        """The pull request, where this person may ship. Raises Refused, NotFound, UsageError."""
        sheet = await self._lookout.sheet(visitor, task_id)
        must(visitor, Act.APPROVE, sheet.task.repository.repository_id)
        assert visitor.door is not Door.TOKEN
        if not sheet.pull_requests:
            raise UsageError("This task has no pull request. Nothing was done.")
        return sheet.pull_requests[-1]


async def _brings_back(production: Production, task: Task) -> tuple[int, ...]:
    """Looked at only where something was undone: that is rare, and the history is long."""
    place = task.repository.repository_id
    undos = await production.deployments.undos(place)
    return brought_back(await production.deployments.of(place), undos, task.task_id) if undos else ()


async def _follows(production: Production, sight: Sight) -> str:
    """By the base's own table; where the change touches it, the merged one's holds."""
    pull_request = sight.pull_request
    terms = await production.terms(sight.task.repository, pull_request.base_sha)
    terms = merged_into(terms, pull_request.base_branch)
    told = f"The merged commit is brought to production by: {terms.declared.command}"
    if terms.why_not:
        words = terms.why_not.removeprefix("Merged; ")
        told = f"{words[:1].upper()}{words[1:]}"
    change = sight.run.change
    is_touched = change is not None and any(PATH in (file.path, file.old_path) for file in change.files)
    return f"{told} It changes {PATH}: what that says then holds." if is_touched else told
