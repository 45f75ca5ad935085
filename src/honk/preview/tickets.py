"""Signed words that open a preview's host: a short link from the console, then a pass in a cookie of that host. Pure.

They name the host that they are for, so that one preview's are nothing to another; what is not signed by this
installation's own key, or is too old, is nobody's.
"""

import base64
import hashlib
import hmac
from dataclasses import dataclass
from enum import StrEnum

LINK_SECONDS = 60.0
"""From the tap to the host's answer."""
FILE_SECONDS = 600.0
"""Of a link to a built file; a download that has begun goes on."""
PASS_SECONDS = 12 * 3600.0
_LABEL_BYTES = 20


class Use(StrEnum):
    """What a ticket is good for, and for nothing else."""

    ENTER = "enter"
    PASS = "pass"  # noqa: S105 - a use
    FILE = "file"


@dataclass(frozen=True, slots=True, kw_only=True)
class Ticket:
    """Who may do what at which preview, until when."""

    use: Use
    label: str
    person_id: str
    until: float
    """Seconds since 1970."""
    nonce: str = ""
    """Of what opens once; of a file its digest."""


def label_of(key: bytes, task_id: str, head_sha: str) -> str:
    """The host's name: nobody guesses it who has not the key, and it stands for exactly this commit of this task."""
    mac = hmac.new(key, f"label\n{task_id}\n{head_sha}".encode(), hashlib.sha256).digest()
    return "p" + base64.b32encode(mac[:_LABEL_BYTES]).decode().lower()


def written(key: bytes, ticket: Ticket) -> str:
    """As it stands in an address or a cookie."""
    words = (ticket.use, ticket.label, ticket.person_id, f"{ticket.until:.0f}", ticket.nonce)
    if any("\n" in word for word in words):
        raise ValueError("a line break in a ticket")
    text = "\n".join(words).encode()
    return f"{_encoded(text)}.{_encoded(_mac(key, text))}"


def read(key: bytes, text: str, use: Use, label: str, now: float) -> Ticket | None:
    """The ticket; None for what is not ours, for something else, for another host, or over."""
    head, _, mac = text.partition(".")
    try:
        said, signed = _decoded(head), _decoded(mac)
        if not hmac.compare_digest(_mac(key, said), signed):
            return None
        named, host, person_id, until, nonce = said.decode().split("\n")
        ticket = Ticket(use=Use(named), label=host, person_id=person_id, until=float(until), nonce=nonce)
    except ValueError:
        return None
    return ticket if ticket.use is use and host == label and now < ticket.until else None


def _mac(key: bytes, text: bytes) -> bytes:
    return hmac.new(key, b"ticket\n" + text, hashlib.sha256).digest()


def _encoded(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def _decoded(text: str) -> bytes:
    if not text.isascii():
        raise ValueError("no ticket")
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
