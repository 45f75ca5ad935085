"""Short ids that people can read aloud and git, shells and URLs accept."""

import re
import secrets
import unicodedata
import uuid

_ALPHABET = "23456789abcdefghjkmnpqrstuvwxyz"


def new_id(length: int = 8) -> str:
    """A random id without look-alike characters: 8 give 39 bits, enough beside a unique index."""
    return "".join(secrets.choice(_ALPHABET) for _ in range(length))


def new_uuid() -> str:
    """A random UUID, for foreign formats that want one."""
    return str(uuid.uuid4())


def derived_uuid(*parts: str) -> str:
    """The same UUID for the same parts: how a step that runs again finds what its first try made."""
    return str(uuid.uuid5(uuid.NAMESPACE_URL, "\x00".join(parts)))


def slug(text: str, length: int = 40) -> str:
    """The text as lower-case words with dashes; "task" where nothing is left. Safe in a branch name."""
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    words = re.sub(r"[^a-z0-9]+", "-", plain.lower()).strip("-")
    return words[:length].rstrip("-") or "task"
