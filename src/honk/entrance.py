"""Where people come in: from what a browser or a program shows to the visitor it stands for."""

import hmac
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field

from honk.domain.people import EVERYWHERE, Door, Member, Role, Visitor

COOKIE = "honk_session"
OWNER = Member(person_id="owner", name="Owner", email="owner@localhost", grants={EVERYWHERE: Role.ADMIN})
"""Whoever owns the state folder and started the server."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entrance:
    """One key for the owner, new at each start and good for one sign-in; its session lasts as long as the server."""

    key: str = field(repr=False)
    _used: list[bool] = field(default_factory=list, repr=False)
    _session: str = field(default_factory=lambda: secrets.token_urlsafe(32), repr=False)

    @classmethod
    def with_new_key(cls) -> "Entrance":
        """Known to nobody yet."""
        return cls(key=secrets.token_urlsafe(24))

    def sign_in(self, key: str) -> str | None:
        """The new session, to be kept in a cookie; None for a wrong or used key."""
        if self._used or not hmac.compare_digest(key.encode(), self.key.encode()):
            return None
        self._used.append(True)
        return self._session

    def visitor(self, cookies: Mapping[str, str]) -> Visitor | None:
        """Whose session it is; None for a stranger."""
        shown = cookies.get(COOKIE, "")
        if not self._used or not hmac.compare_digest(shown.encode(), self._session.encode()):
            return None
        return Visitor(member=OWNER, door=Door.CONSOLE)
