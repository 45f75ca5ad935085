"""Secrets that we hand out, and what we keep of them."""

import hashlib
import secrets

_SECRET_BYTES = 32


def new_secret() -> str:
    """256 random bits, safe in a URL, a cookie and a header."""
    return secrets.token_urlsafe(_SECRET_BYTES)


def digest_of(secret: str) -> str:
    """What is kept in a secret's place. A plain hash of 256 random bits needs no salt and no work."""
    return hashlib.sha256(secret.encode("utf-8", "replace")).hexdigest()
