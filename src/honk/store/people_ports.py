"""The ports of people, and of what lets them in."""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from honk.domain.passes import ApiToken, SignInLink, WebSession
from honk.domain.people import Member, Role


class People(Protocol):
    """Who may come in, and what they may do."""

    async def add(self, member: Member, at: datetime) -> bool:
        """With their grants; who left comes back by a new entry. False where the address, or the id, is taken."""
        ...

    async def find(
        self, *, person_id: str | None = None, email: str | None = None, subject: str | None = None
    ) -> Member | None:
        """By one of them; also who has left, under id and address."""
        ...

    async def all(self) -> Sequence[Member]:
        """By address; also those who have left."""
        ...

    async def grant(self, person_id: str, repository_id: str, role: Role | None) -> None:
        """In place of the role there; None takes it away."""
        ...

    async def bind(self, person_id: str, subject: str) -> bool:
        """Whom the system that signs people in means by this one. False where either is bound already."""
        ...

    async def leave(self, person_id: str, at: datetime) -> None:
        """Their grants, links, sessions, tokens and subject end with them, all at once."""
        ...


class SignInLinks(Protocol):
    """Each good once."""

    async def add(self, link: SignInLink) -> None:
        """Those that ended before this one was made are forgotten."""
        ...

    async def find(self, digest: str) -> SignInLink | None: ...

    async def use(self, digest: str, at: datetime) -> bool:
        """True for exactly one caller."""
        ...


class WebSessions(Protocol):
    """Stays of browsers."""

    async def add(self, session: WebSession) -> None:
        """Those that ended before this one was made are forgotten."""
        ...

    async def find(self, digest: str) -> WebSession | None: ...

    async def see(self, digest: str, at: datetime) -> None: ...

    async def end(self, digest: str) -> None:
        """Ended already, or never begun: nothing."""
        ...

    async def end_all(self, person_id: str) -> None: ...

    async def of(self, person_id: str) -> Sequence[WebSession]: ...


class ApiTokens(Protocol):
    """Ways in for programs."""

    async def add(self, token: ApiToken) -> None: ...

    async def find(self, digest: str) -> ApiToken | None: ...

    async def of(self, person_id: str) -> Sequence[ApiToken]:
        """Also the revoked ones, the newest first."""
        ...

    async def see(self, token_id: str, at: datetime) -> None: ...

    async def revoke(self, token_id: str, at: datetime) -> bool:
        """False where there is none, or it was revoked before."""
        ...
