"""The team's people for its administrators: who is here, who comes and goes, and what each may do."""

from collections.abc import Sequence

from honk.app import App
from honk.base.errors import UsageError
from honk.domain.audit import who_of
from honk.domain.people import EVERYWHERE, OWNER, Act, Member, Role, Visitor, must


class Roster:
    """Handed out by the team's desk. Every method raises Refused for who is no administrator, or comes by a token."""

    def __init__(self, app: App) -> None:
        self._app = app

    async def all(self, visitor: Visitor) -> Sequence[Member]:
        """Those who are here, by address."""
        must(visitor, Act.ADMINISTER, EVERYWHERE)
        return await self._app.people.all()

    async def add(self, visitor: Visitor, email: str, name: str, role: Role | None, where: str) -> tuple[Member, str]:
        """A new person, and the secret of a link that lets them in once.

        Raises:
            UsageError: the address is taken, or none; there is no such repository.
        """
        must(visitor, Act.ADMINISTER, EVERYWHERE)
        await self._refuse_unknown(where)
        who = who_of(visitor)
        member = await self._app.people.add(email, name, {where: role} if role else {}, who=who)
        return member, await self._app.ways_in.new_link(member, who=who)

    async def link(self, visitor: Visitor, email: str) -> tuple[Member, str]:
        """Another link for somebody who is not signed in anywhere: by it whoever has it is them.

        Raises:
            UsageError: there is no such person, they are in, or it is the owner.
        """
        must(visitor, Act.ADMINISTER, EVERYWHERE)
        member = await self._app.people.known(email)
        if member.person_id == OWNER.person_id:
            raise UsageError("The owner's links are made on the server itself: honk people link. Nothing was done.")
        if await self._app.ways_in.has_session(member):
            raise UsageError(
                f"{member.name} is signed in somewhere, so no link was made. Where that is out of reach, the owner "
                f"makes one on the server: honk people link {member.email}"
            )
        return member, await self._app.ways_in.new_link(member, who=who_of(visitor))

    async def grant(self, visitor: Visitor, email: str, role: Role | None, where: str) -> Member:
        """In place of the role there; None takes it away.

        Raises:
            UsageError: there is no such person or repository, or it is the visitor's own role.
        """
        must(visitor, Act.ADMINISTER, EVERYWHERE)
        await self._refuse_own(visitor, email, "change your own role")
        if role is not None:
            await self._refuse_unknown(where)
        return await self._app.people.grant(email, role, where, who=who_of(visitor))

    async def let_go(self, visitor: Visitor, email: str) -> Member:
        """Their sessions, links and tokens end at once. What they asked for stays.

        Raises:
            UsageError: there is no such person, or it is the owner, or the visitor.
        """
        must(visitor, Act.ADMINISTER, EVERYWHERE)
        await self._refuse_own(visitor, email, "let yourself go")
        return await self._app.people.leave(email, who=who_of(visitor))

    async def _refuse_own(self, visitor: Visitor, email: str, what: str) -> None:
        if (await self._app.people.known(email)).person_id == visitor.member.person_id:
            raise UsageError(f"You cannot {what}: another administrator can. Nothing was done.")

    async def _refuse_unknown(self, where: str) -> None:
        offered = {one.repository_id for one in await self._app.offered_repositories()}
        if where != EVERYWHERE and where not in offered:
            raise UsageError("This repository is not (any more) among those that Honk works on. Nothing was done.")
