"""Who may come in: added, granted, let go."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from honk.base.clock import now
from honk.base.errors import UsageError
from honk.base.ids import new_id
from honk.domain.audit import AT_THE_MACHINE, Body, Who
from honk.domain.people import (
    EVERYWHERE,
    OWNER,
    Act,
    Door,
    Member,
    Role,
    Visitor,
    checked_email,
    checked_name,
    why_not,
)  # fmt: skip
from honk.store.audit import Audit
from honk.store.people_ports import People
from honk.workflows.audited import audited


@dataclass(frozen=True, slots=True, kw_only=True)
class PeopleDesk:
    """The installation's people. The owner is one of them from the first look on."""

    people: People
    audit: Audit
    clock: Callable[[], datetime] = now

    async def may_steer(self, person_id: str | None, repository_id: str) -> bool:
        """Whether they still may, whoever they were when they spoke. By the command line it is the owner who speaks."""
        if person_id is None:
            return True
        member = await self.people.find(person_id=person_id)
        return (
            member is not None and why_not(Visitor(member=member, door=Door.CONSOLE), Act.STEER, repository_id) is None
        )

    async def owner(self) -> Member:
        """Whoever owns the state folder; an administrator who cannot leave."""
        await self.people.add(OWNER, self.clock())
        found = await self.people.find(person_id=OWNER.person_id)
        assert found is not None
        return found

    async def all(self) -> Sequence[Member]:
        """Those who are here, by address."""
        await self.owner()
        return [one for one in await self.people.all() if one.left_at is None]

    async def known(self, email: str) -> Member:
        """Raises:
        UsageError: nobody who is here has this address.
        """
        address = checked_email(email)
        await self.owner()
        found = await self.people.find(email=address)
        if found is None or found.left_at is not None:
            raise UsageError(
                f"Nobody here has the address {address}. Nothing was done. See honk people list, or let them in: "
                f"honk people add {address} --name NAME"
            )
        return found

    async def add(
        self, email: str, name: str, grants: dict[str, Role] | None = None, *, who: Who = AT_THE_MACHINE
    ) -> Member:
        """A new person: a guest, who sees nothing, until something is granted.

        Raises:
            UsageError: the address is taken, or none.
        """
        member = Member(person_id=new_id(), name=checked_name(name), email=checked_email(email), grants=grants or {})
        await self.owner()
        if not await self.join(member, who):
            raise UsageError(f"{member.email} is here already. Nothing was done. See honk people list.")
        return member

    async def join(self, member: Member, who: Who) -> bool:
        """As they are given, with their roles. False where somebody has the address already."""
        body: Body = {"name": member.name, "roles": {where: str(role) for where, role in member.grants.items()}}
        async with audited(self.audit, "add person", who=who, subject=_subject(member), body=body) as found:
            found["is_new"] = is_new = await self.people.add(member, self.clock())
        return is_new

    async def grant(
        self, email: str, role: Role | None, repository_id: str = EVERYWHERE, *, who: Who = AT_THE_MACHINE
    ) -> Member:
        """In place of the role there; None takes it away.

        Raises:
            UsageError: there is no such person, or the owner would lose the whole.
        """
        member = await self.known(email)
        if member.person_id == OWNER.person_id and repository_id == EVERYWHERE and role is not Role.ADMIN:
            raise UsageError("The owner of the state folder stays its administrator. Nothing was done.")
        body = {"name": member.name, "role": role and str(role), "repository": repository_id}
        async with audited(self.audit, "grant", who=who, subject=_subject(member), body=body):
            await self.people.grant(member.person_id, repository_id, role)
        kept = {where: held for where, held in member.grants.items() if where != repository_id}
        return replace(member, grants=kept if role is None else {**kept, repository_id: role})

    async def leave(self, email: str, *, who: Who = AT_THE_MACHINE) -> Member:
        """Let somebody go: every session, link and token of theirs ends now. What they asked for stays.

        Raises:
            UsageError: there is no such person, or it is the owner.
        """
        member = await self.known(email)
        if member.person_id == OWNER.person_id:
            raise UsageError("The owner of the state folder cannot leave it. Nothing was done.")
        async with audited(self.audit, "let go", who=who, subject=_subject(member), body={"name": member.name}):
            await self.people.leave(member.person_id, self.clock())
        return member


def _subject(member: Member) -> str:
    return f"person:{member.person_id}"
