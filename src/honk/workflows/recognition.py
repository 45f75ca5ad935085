"""Coming in by another system that signs people in."""

from dataclasses import dataclass

from honk.base.errors import UsageError
from honk.base.ids import new_id
from honk.domain.audit import Who, who_of
from honk.domain.people import EVERYWHERE, Door, Member, Role, Visitor, checked_email, checked_name
from honk.domain.recognition import Admittance, Bind, Enter, Identity, Join, Refuse, admit
from honk.people import Departure, Directory
from honk.workflows.audited import audited
from honk.workflows.people import PeopleDesk
from honk.workflows.ways_in import WaysIn

TRIES = 3
"""Two browsers of one new person may come at once: who is second looks again."""


class NotAdmitted(UsageError):
    """That system knows them; this installation does not let them in."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Recognition:
    """The directory, and who may come by it."""

    directory: Directory
    rules: Admittance
    desk: PeopleDesk
    ways_in: WaysIn

    async def enter(self, departure: Departure, code: str, back: str) -> str:
        """The secret of a new session.

        Raises:
            DirectoryError: nobody was recognised.
            NotAdmitted: whoever it is may not come in.
        """
        identity = await self.directory.identify(departure, code, back)
        return await self.ways_in.enter(await self._member(identity))

    async def _member(self, identity: Identity) -> Member:
        people = self.desk.people
        await self.desk.owner()
        for _ in range(TRIES):
            by_subject = await people.find(subject=identity.key)
            by_email = await people.find(email=identity.email) if identity.email else None
            match admit(identity, by_subject, by_email, self.rules):
                case Refuse(words=words):
                    raise NotAdmitted(words)
                case Enter(member=member):
                    return member
                case Bind(member=member):
                    await self._bind(member, identity)
                case Join(role=role):
                    new = _new(identity, role)
                    await self.desk.join(new, _by_themselves(new))
        raise NotAdmitted("Somebody changed who you are here at this moment. Nothing was done. Sign in again.")

    async def _bind(self, member: Member, identity: Identity) -> None:
        subject = f"person:{member.person_id}"
        async with audited(self.desk.audit, "bind", who=_by_themselves(member), subject=subject):
            await self.desk.people.bind(member.person_id, identity.key)


def _by_themselves(member: Member) -> Who:
    return who_of(Visitor(member=member, door=Door.CONSOLE))


def _new(identity: Identity, role: Role) -> Member:
    email = checked_email(identity.email or "")
    try:
        name = checked_name(identity.name)
    except UsageError:
        name = checked_name(email.partition("@")[0])
    return Member(person_id=new_id(), name=name, email=email, grants={EVERYWHERE: role}, subject=identity.key)
