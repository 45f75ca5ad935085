"""People, and what lets them in, in memory."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from honk.domain.passes import ApiToken, SignInLink, WebSession
from honk.domain.people import Member, Role


class FakeSignInLinks:
    """Port `SignInLinks`."""

    def __init__(self) -> None:
        self.kept: dict[str, SignInLink] = {}

    async def add(self, link: SignInLink) -> None:
        self.kept = {key: one for key, one in self.kept.items() if one.expires_at >= link.created_at}
        self.kept[link.digest] = link

    async def find(self, digest: str) -> SignInLink | None:
        return self.kept.get(digest)

    async def use(self, digest: str, at: datetime) -> bool:
        link = self.kept.get(digest)
        if link is None or link.used_at is not None:
            return False
        self.kept[digest] = replace(link, used_at=at)
        return True


class FakeWebSessions:
    """Port `WebSessions`."""

    def __init__(self) -> None:
        self.kept: dict[str, WebSession] = {}

    async def add(self, session: WebSession) -> None:
        self.kept = {key: one for key, one in self.kept.items() if one.expires_at >= session.created_at}
        self.kept[session.digest] = session

    async def find(self, digest: str) -> WebSession | None:
        return self.kept.get(digest)

    async def see(self, digest: str, at: datetime) -> None:
        if digest in self.kept:
            self.kept[digest] = replace(self.kept[digest], seen_at=at)

    async def end(self, digest: str) -> None:
        self.kept.pop(digest, None)

    async def end_all(self, person_id: str) -> None:
        self.kept = {key: one for key, one in self.kept.items() if one.person_id != person_id}

    async def of(self, person_id: str) -> Sequence[WebSession]:
        return [one for one in self.kept.values() if one.person_id == person_id]


class FakeApiTokens:
    """Port `ApiTokens`."""

    def __init__(self) -> None:
        self.kept: dict[str, ApiToken] = {}

    async def add(self, token: ApiToken) -> None:
        self.kept[token.token_id] = token

    async def find(self, digest: str) -> ApiToken | None:
        return next((one for one in self.kept.values() if one.digest == digest), None)

    async def of(self, person_id: str) -> Sequence[ApiToken]:
        mine = [one for one in self.kept.values() if one.person_id == person_id]
        return sorted(mine, key=lambda one: one.created_at, reverse=True)

    async def see(self, token_id: str, at: datetime) -> None:
        self.kept[token_id] = replace(self.kept[token_id], used_at=at)

    async def revoke(self, token_id: str, at: datetime) -> bool:
        token = self.kept.get(token_id)
        if token is None or token.revoked_at is not None:
            return False
        self.kept[token_id] = replace(token, revoked_at=at)
        return True


@dataclass(slots=True)
class FakePeople:
    """Port `People`; what lets people in ends with them."""

    links: FakeSignInLinks = field(default_factory=FakeSignInLinks)
    sessions: FakeWebSessions = field(default_factory=FakeWebSessions)
    tokens: FakeApiTokens = field(default_factory=FakeApiTokens)
    kept: dict[str, Member] = field(default_factory=dict)

    async def add(self, member: Member, at: datetime) -> bool:
        for one in list(self.kept.values()):
            if one.email == member.email or one.person_id == member.person_id:
                if one.left_at is None:
                    return False
                self.kept[one.person_id] = replace(one, email=f"left:{one.person_id}")
        self.kept[member.person_id] = member
        return True

    async def find(
        self, *, person_id: str | None = None, email: str | None = None, subject: str | None = None
    ) -> Member | None:
        wanted = {"person_id": person_id, "email": email, "subject": subject}
        ((name, value),) = [(name, value) for name, value in wanted.items() if value is not None]
        return next((one for one in self.kept.values() if getattr(one, name) == value), None)

    async def all(self) -> Sequence[Member]:
        return sorted(self.kept.values(), key=lambda one: one.email)

    async def grant(self, person_id: str, repository_id: str, role: Role | None) -> None:
        grants = {where: held for where, held in self.kept[person_id].grants.items() if where != repository_id}
        held = {} if role is None else {repository_id: role}
        self.kept[person_id] = replace(self.kept[person_id], grants={**grants, **held})

    async def bind(self, person_id: str, subject: str) -> bool:
        member = self.kept.get(person_id)
        is_taken = any(one.subject == subject for one in self.kept.values())
        if member is None or member.left_at is not None or member.subject is not None or is_taken:
            return False
        self.kept[person_id] = replace(member, subject=subject)
        return True

    async def leave(self, person_id: str, at: datetime) -> None:
        if person_id not in self.kept or self.kept[person_id].left_at is not None:
            return
        self.kept[person_id] = replace(self.kept[person_id], grants={}, subject=None, left_at=at)
        self.links.kept = {key: one for key, one in self.links.kept.items() if one.person_id != person_id}
        await self.sessions.end_all(person_id)
        for token in await self.tokens.of(person_id):
            await self.tokens.revoke(token.token_id, at)
