"""Who calls: by a token, by a browser's session, or from the command line of the machine itself."""

import hmac
from dataclasses import dataclass, field

from fastapi import HTTPException, Request
from fastapi.security import APIKeyCookie, HTTPBearer

from honk.domain.people import OWNER, Door, Visitor
from honk.entrance import Entrance

SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
CSRF_HEADER = "x-csrf-token"
NEEDS = "Sign in first, or bring a token: Authorization: Bearer TOKEN (honk token new makes one). Nothing was done."
_bearer = HTTPBearer(auto_error=False, description="A person's token, or the one that the state folder holds.")
_session = APIKeyCookie(name="honk_session", auto_error=False, description="A browser's session; unsafe methods "
                        "need the header X-CSRF-Token as well.")  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """The way in of every call."""

    entrance: Entrance
    owner_token: str | None = field(default=None, repr=False)
    """Good for the owner's own command line, and only while this server runs."""

    async def visitor(self, request: Request) -> Visitor:
        """Whoever calls.

        Raises:
            HTTPException: 401 for a stranger, 403 for a page that is not ours.
        """
        shown = request.headers.get("authorization", "")
        if shown:
            found = self._owner(shown) or await self.entrance.bearer(shown)
            if found is None:
                words = f"This token is none of ours, or has ended. {NEEDS}"
                raise HTTPException(401, words, {"www-authenticate": "Bearer"})
            return found
        signed_in = await self.entrance.visitor(request.cookies)
        if signed_in is None:
            raise HTTPException(401, NEEDS, {"www-authenticate": "Bearer"})
        told = request.headers.get(CSRF_HEADER, "")
        if request.method not in SAFE and not hmac.compare_digest(told.encode(), signed_in.csrf.encode()):
            raise HTTPException(403, "The header X-CSRF-Token is missing or not this session's. Nothing was done.")
        return signed_in

    def _owner(self, authorization: str) -> Visitor | None:
        scheme, _, token = authorization.strip().partition(" ")
        if self.owner_token is None or scheme.lower() != "bearer":
            return None
        is_owner = hmac.compare_digest(token.strip().encode(), self.owner_token.encode())
        return Visitor(member=OWNER, door=Door.COMMAND_LINE) if is_owner else None
