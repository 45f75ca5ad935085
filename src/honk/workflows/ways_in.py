"""How people come in: by a link, as a session, by a token. Only digests are kept; what is in doubt lets nobody in."""

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from honk.base.clock import now
from honk.base.digests import digest_of, new_secret
from honk.base.errors import UsageError
from honk.base.ids import new_id
from honk.domain.audit import AT_THE_MACHINE, Body, Who
from honk.domain.passes import (
    LINK_LIFE,
    LONGEST_TOKEN_LIFE,
    TOKEN_LIFE,
    ApiToken,
    SignInLink,
    Stay,
    WebSession,
    is_link_good,
    is_seen_anew,
    is_session_good,
    is_token_good,
)
from honk.domain.people import Member, checked_name
from honk.store import StoreError
from honk.store.audit import Audit
from honk.store.people_ports import ApiTokens, People, SignInLinks, WebSessions
from honk.workflows.audited import audited

TOKEN_MARK = "honk_"  # noqa: S105 - what scanners for leaked secrets find it by
LONGEST_SECRET = 200
"""Longer ones are none of ours, and are not even hashed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WaysIn:
    """Every secret is told once, to whom it was made for."""

    people: People
    links: SignInLinks
    sessions: WebSessions
    tokens: ApiTokens
    audit: Audit
    stay: Stay = field(default_factory=Stay)
    clock: Callable[[], datetime] = now

    async def new_link(self, member: Member, *, who: Who = AT_THE_MACHINE) -> str:
        """The secret of a link that lets this person in once, within a quarter of an hour."""
        secret, at = new_secret(), self.clock()
        link = SignInLink(
            digest=digest_of(secret), person_id=member.person_id, created_at=at, expires_at=at + LINK_LIFE
        )
        async with audited(self.audit, "new link", who=who, subject=f"person:{member.person_id}"):
            await self.links.add(link)
        return secret

    async def is_link_good(self, secret: str) -> bool:
        """Whether it would let somebody in. It stays as good as it was."""
        link = await self.links.find(digest_of(secret[:LONGEST_SECRET]))
        return link is not None and is_link_good(link, self.clock())

    async def enter_by_link(self, secret: str) -> str | None:
        """The secret of a new session; None for a link that is used, expired, forged, or of somebody who left."""
        digest, at = digest_of(secret[:LONGEST_SECRET]), self.clock()
        link = await self.links.find(digest)
        if link is None or not is_link_good(link, at) or not await self.links.use(digest, at):
            return None
        member = await self._here(link.person_id)
        return await self.enter(member) if member is not None else None

    async def enter(self, member: Member) -> str:
        """The secret of a new session of somebody who was recognised."""
        secret, at = new_secret(), self.clock()
        session = WebSession(
            digest=digest_of(secret),
            person_id=member.person_id,
            created_at=at,
            seen_at=at,
            expires_at=at + self.stay.whole,
        )
        await self.sessions.add(session)
        return secret

    async def member_of_session(self, secret: str) -> Member | None:
        """Whose it is; None for one that is expired, ended or forged. A sight prolongs it, up to its whole length."""
        if not 0 < len(secret) <= LONGEST_SECRET:
            return None
        session, at = await self.sessions.find(digest_of(secret)), self.clock()
        if session is None or not is_session_good(session, at, self.stay):
            return None
        if is_seen_anew(session.seen_at, at):
            with suppress(StoreError):  # a full disk must not keep people from stopping what fills it
                await self.sessions.see(session.digest, at)
        return await self._here(session.person_id)

    async def end_session(self, secret: str) -> None:
        """Sign out here."""
        await self.sessions.end(digest_of(secret[:LONGEST_SECRET]))

    async def end_all_sessions(self, member: Member) -> None:
        """Sign out everywhere."""
        await self.sessions.end_all(member.person_id)

    async def has_session(self, member: Member) -> bool:
        """Whether this person is signed in somewhere."""
        at = self.clock()
        return any(is_session_good(one, at, self.stay) for one in await self.sessions.of(member.person_id))

    async def new_token(
        self, member: Member, name: str, life: timedelta = TOKEN_LIFE, *, who: Who = AT_THE_MACHINE
    ) -> tuple[str, ApiToken]:
        """The token itself, which nobody can be told again, and what is kept of it.

        Raises:
            UsageError: the name or the life is none.
        """
        if not timedelta(0) < life <= LONGEST_TOKEN_LIFE:
            raise UsageError(f"A token lives 1 to {LONGEST_TOKEN_LIFE.days} days. Nothing was done.")
        secret, at = TOKEN_MARK + new_secret(), self.clock()
        token = ApiToken(
            token_id=new_id(),
            digest=digest_of(secret),
            person_id=member.person_id,
            name=checked_name(name),
            created_at=at,
            expires_at=at + life,
        )
        body: Body = {"of": member.person_id, "days": life.days}
        async with audited(self.audit, "new token", who=who, subject=f"token:{token.token_id}", body=body):
            await self.tokens.add(token)
        return secret, token

    async def member_of_token(self, secret: str) -> Member | None:
        """Whose it is; None for one that is expired, revoked or forged."""
        if not secret.startswith(TOKEN_MARK) or len(secret) > LONGEST_SECRET:
            return None
        token, at = await self.tokens.find(digest_of(secret)), self.clock()
        if token is None or not is_token_good(token, at):
            return None
        if is_seen_anew(token.used_at, at):
            with suppress(StoreError):
                await self.tokens.see(token.token_id, at)
        return await self._here(token.person_id)

    async def tokens_of(self, member: Member) -> Sequence[ApiToken]:
        """Those that let a program in now, the newest first."""
        at = self.clock()
        return [one for one in await self.tokens.of(member.person_id) if is_token_good(one, at)]

    async def revoke_token(self, member: Member, token_id: str, *, who: Who = AT_THE_MACHINE) -> None:
        """Raises:
        UsageError: this person has no such token.
        """
        mine = {one.token_id for one in await self.tokens.of(member.person_id)}
        gone = UsageError(f"{member.name} has no live token {token_id}. Nothing was done.")
        if token_id not in mine:
            raise gone
        body = {"of": member.person_id}
        async with audited(self.audit, "revoke token", who=who, subject=f"token:{token_id}", body=body):
            if not await self.tokens.revoke(token_id, self.clock()):
                raise gone

    async def _here(self, person_id: str) -> Member | None:
        member = await self.people.find(person_id=person_id)
        return member if member is not None and member.left_at is None else None
