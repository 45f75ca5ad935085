"""What the claims of a proved ID token say. Pure; the signature was checked before."""

import hmac
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from honk.domain.recognition import Identity
from honk.people import BadAnswer

SLACK_SECONDS = 60.0
"""How far two clocks may be apart."""
LONGEST = 255
"""What the standard allows a subject; nobody's address or group is longer."""
MOST_GROUPS = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Expected:
    """Whose token it must be."""

    issuer: str
    client_id: str
    nonce: str = field(repr=False)
    at: float
    """Now, in seconds of the epoch."""


def identity_of(claims: Mapping[str, Any], expected: Expected, groups_claim: str) -> Identity:
    """Raises BadAnswer for a token that was made by or for somebody else, or is not of now."""
    if (why := _why_not(claims, expected)) is not None:
        raise BadAnswer(
            f"The ID token of {expected.issuer} counts for nothing here: {why}. Nobody was signed in. Begin again."
        )
    email, groups = claims.get("email"), claims.get(groups_claim)
    verified = claims.get("email_verified")
    is_proved = verified is True or verified == "true"  # as some say it
    is_verified = is_proved and isinstance(email, str) and len(email) <= LONGEST
    name = claims.get("name")
    found = [one for one in groups if isinstance(one, str)] if isinstance(groups, list) else []
    return Identity(
        issuer=expected.issuer,
        subject=claims["sub"],
        email=str(email).strip().lower() if is_verified else None,
        name=name if isinstance(name, str) else "",
        groups=tuple(found[:MOST_GROUPS]),
    )


def _why_not(claims: Mapping[str, Any], expected: Expected) -> str | None:
    audience = claims.get("aud")
    meant = audience if isinstance(audience, list) else [audience]
    subject, nonce, at = claims.get("sub"), claims.get("nonce"), expected.at
    if claims.get("iss") != expected.issuer:
        return "another issuer made it"
    if expected.client_id not in meant:
        return "it is meant for another application"
    if (len(meant) > 1 or "azp" in claims) and claims.get("azp") != expected.client_id:
        return "it was given to another application"
    if not isinstance(nonce, str) or not hmac.compare_digest(nonce.encode(), expected.nonce.encode()):
        return "it belongs to another sign-in"
    if not isinstance(subject, str) or not 0 < len(subject) <= LONGEST:
        return "it names nobody"
    if not _is_instant(claims.get("exp")) or at >= claims["exp"] + SLACK_SECONDS:
        return "it has expired"
    if not _is_instant(claims.get("iat")) or claims["iat"] > at + SLACK_SECONDS:
        return "it is from the future"
    if "nbf" in claims and (not _is_instant(claims["nbf"]) or claims["nbf"] > at + SLACK_SECONDS):
        return "it is from the future"
    return None


def _is_instant(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
