"""What lets a person in, and how long it does. Pure. Of every secret only the digest is known here."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from urllib.parse import quote

LINK_LIFE = timedelta(minutes=15)
TOKEN_LIFE = timedelta(days=90)
LONGEST_TOKEN_LIFE = timedelta(days=366)
CLOCK_SLACK = timedelta(minutes=5)
"""A pass from further in the future was made by a wrong clock. Nobody knows its age: it is good for nothing."""
SEEN_AGAIN = timedelta(minutes=1)
"""How exactly the last sight of a pass is kept: a page of ten requests is one write."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stay:
    """How long people stay signed in."""

    idle: timedelta = timedelta(hours=72)
    """Without a request."""
    whole: timedelta = timedelta(days=30)
    """Whatever they do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SignInLink:
    """Good once, and not for long."""

    digest: str = field(repr=False)
    person_id: str
    created_at: datetime
    expires_at: datetime
    used_at: datetime | None = None


def link_to(url: str, secret: str) -> str:
    """What the person opens, at the console of this address."""
    return f"{url.rstrip('/')}/enter?key={quote(secret)}"


@dataclass(frozen=True, slots=True, kw_only=True)
class WebSession:
    """One browser's stay."""

    digest: str = field(repr=False)
    person_id: str
    created_at: datetime
    seen_at: datetime
    expires_at: datetime
    """The end that no request moves."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiToken:
    """A program's way in, in a person's name."""

    token_id: str
    digest: str = field(repr=False)
    person_id: str
    name: str
    created_at: datetime
    expires_at: datetime | None
    used_at: datetime | None = None
    revoked_at: datetime | None = None


def is_link_good(link: SignInLink, now: datetime) -> bool:
    return link.used_at is None and _is_within(link.created_at, now, link.expires_at)


def is_session_good(session: WebSession, now: datetime, stay: Stay) -> bool:
    """Neither idle too long, nor past its end, nor from the future."""
    return _is_within(session.created_at, now, session.expires_at) and _is_within(
        session.seen_at, now, session.seen_at + stay.idle
    )


def is_token_good(token: ApiToken, now: datetime) -> bool:
    if token.revoked_at is not None:
        return False
    return token.expires_at is None or _is_within(token.created_at, now, token.expires_at)


def is_seen_anew(seen_at: datetime | None, now: datetime) -> bool:
    """Whether this sight is worth a write."""
    return seen_at is None or abs(now - seen_at) >= SEEN_AGAIN


def _is_within(begin: datetime, now: datetime, end: datetime) -> bool:
    return begin - CLOCK_SLACK <= now < end
