"""What is in production: looked at, taken back. Handed out by the team's desk; rights first, then the front desk."""

from collections.abc import Sequence
from dataclasses import dataclass

from honk.app import App
from honk.base.errors import UsageError
from honk.desks.lookout import Lookout
from honk.domain.change import PullRequest
from honk.domain.deployment import Deployment, Undo
from honk.domain.people import Act, Door, Visitor, must, why_not
from honk.domain.task import Person, Task
from honk.insight.sheet import Sheet
from honk.workflows.undoing import Outlook


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """What a person sees before they undo."""

    task: Task
    outlook: Outlook
    may_not: str = ""
    """Why this person may not; empty where they may."""


class Producing:
    """A desk beside the lookout."""

    def __init__(self, app: App, lookout: Lookout) -> None:
        self._app = app
        self._lookout = lookout

    async def of_task(self, visitor: Visitor, task_id: str) -> tuple[Sequence[Deployment], Sequence[Undo]]:
        """Deployments and undos of a task.

        Raises:
            NotFound: there is no such task, or none that this person may know of.
        """
        sheet = await self._lookout.sheet(visitor, task_id)
        return sheet.deployments, sheet.undos

    async def recent(self, visitor: Visitor, limit: int = 20) -> Sequence[Deployment]:
        """The newest deployments of the repositories that this person may read."""
        found = await self._app.undoing.production.deployments.recent(limit * 5)
        return [one for one in found if why_not(visitor, Act.READ, one.repository_id) is None][:limit]

    async def outlook(self, visitor: Visitor, task_id: str) -> Look:
        """What an undo of the task's newest pull request would do.

        Raises:
            NotFound: there is no such task, or none that this person may know of.
            UsageError: it is not merged.
        """
        sheet = await self._lookout.sheet(visitor, task_id)
        outlook = await self._app.undoing.outlook(_newest(sheet).number)
        may_not = why_not(visitor, Act.APPROVE, sheet.task.repository.repository_id) or ""
        return Look(task=sheet.task, outlook=outlook, may_not=may_not)

    async def again(self, visitor: Visitor, task_id: str, merged_sha: str) -> Deployment:
        """Deploy the merged commit once more, where that came to no good end.

        Raises:
            Refused: the person may not; a token never may.
            UsageError: there is nothing to do again.
        """
        sheet = await self._lookout.sheet(visitor, task_id)
        place = sheet.task.repository.repository_id
        must(visitor, Act.APPROVE, place)
        assert visitor.door is not Door.TOKEN
        who = Person(name=visitor.member.name, email=visitor.member.email)
        if merged_sha != _newest(sheet).merged_sha:
            raise UsageError("It was merged as another commit. Nothing was done. Look at it again.")
        return await self._app.delivery.deploying.again(place, merged_sha, who)

    async def undo(self, visitor: Visitor, task_id: str, merged_sha: str) -> Undo:
        """Take back exactly the merged commit that was looked at. Asked for before, by whomever, it is that one.

        Raises:
            Refused: the person may not; a token never may.
            UsageError: it was merged as another commit, or not at all; or everything is frozen.
        """
        sheet = await self._lookout.sheet(visitor, task_id)
        must(visitor, Act.APPROVE, sheet.task.repository.repository_id)
        assert visitor.door is not Door.TOKEN
        member = visitor.member
        person = Person(name=member.name, email=member.email)
        return await self._app.undoing.ask(_newest(sheet).number, merged_sha, person, member.person_id)


def _newest(sheet: Sheet) -> PullRequest:
    if not sheet.pull_requests:
        raise UsageError("This task has no pull request. Nothing was done.")
    return sheet.pull_requests[-1]
