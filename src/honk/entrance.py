"""Where people come in: from what a browser or a program shows to the visitor it stands for."""

import hashlib
import hmac
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AbstractContextManager, aclosing
from dataclasses import dataclass, field
from typing import TypeVar, cast

from honk.base.clock import monotonic_seconds
from honk.domain.people import Door, Visitor
from honk.workflows.recognition import Recognition
from honk.workflows.ways_in import WaysIn

COOKIE = "honk_session"
SECURE_COOKIE = "__Host-honk_session"
"""Under TLS: a browser takes it from this host only, for all of it, and never shows it unencrypted."""

AGAIN_SECONDS = 5.0
"""How long a stream may still tell something to who was signed out, left, or lost a role."""
T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedIn(Visitor):
    """Somebody in a browser."""

    csrf: str = field(repr=False)
    """What every unsafe request of this session must bring: as the form's field `csrf`, or in `X-CSRF-Token`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entrance:
    """`is_secure`: people reach us by https."""

    ways_in: WaysIn
    is_secure: bool = False
    recognition: Recognition | None = None
    """By another system that signs people in; None where there is none."""

    @property
    def cookie(self) -> str:
        """The session cookie's name. No other is looked at, so that nobody can plant a weaker one."""
        return SECURE_COOKIE if self.is_secure else COOKIE

    async def visitor(self, cookies: Mapping[str, str]) -> SignedIn | None:
        """Whose session it is; None for a stranger."""
        secret = cookies.get(self.cookie, "")
        member = await self.ways_in.member_of_session(secret)
        return SignedIn(member=member, door=Door.CONSOLE, csrf=csrf_of(secret)) if member is not None else None

    async def bearer(self, authorization: str) -> Visitor | None:
        """Whose token an `Authorization` header shows; None for a stranger."""
        scheme, _, secret = authorization.strip().partition(" ")
        if scheme.lower() != "bearer":
            return None
        member = await self.ways_in.member_of_token(secret.strip())
        return Visitor(member=member, door=Door.TOKEN) if member is not None else None

    async def sign_in(self, link: str, cookies: Mapping[str, str]) -> str | None:
        """A new session, to be kept in a cookie; None for a link that is not good. What the browser had before ends."""
        session = await self.ways_in.enter_by_link(link)
        if session is not None:
            await self.sign_out(cookies)
        return session

    async def sign_out(self, cookies: Mapping[str, str]) -> None:
        """End this browser's session."""
        if secret := cookies.get(self.cookie, ""):
            await self.ways_in.end_session(secret)


def csrf_of(session: str) -> str:
    """What only this session's own pages can know. Nothing of the session can be read from it."""
    return hmac.new(session.encode("utf-8", "replace"), b"honk csrf", hashlib.sha256).hexdigest()


async def while_let_in(
    parts: AsyncIterator[T], is_let_in: Callable[[], Awaitable[bool]], counted: AbstractContextManager[None]
) -> AsyncGenerator[T, None]:
    """A long answer, for as long as its reader may have it. That is looked at again, before a part is handed out, every
    few seconds; nothing of `parts` outlives the answer, nor does its place among those that are `counted`."""
    looked = monotonic_seconds()
    with counted:
        async with aclosing(cast(AsyncGenerator[T, None], parts)) as telling:
            async for part in telling:
                if monotonic_seconds() - looked > AGAIN_SECONDS:
                    if not await is_let_in():
                        return
                    looked = monotonic_seconds()
                yield part
