"""Where people reach the server of a state folder."""

from typing import TYPE_CHECKING

from honk.base.whereabouts import ADDRESS_NAME

if TYPE_CHECKING:
    from honk.config import Settings


def address_of(settings: "Settings") -> str:
    """What a person's browser is sent to: the public URL, else where the server is or was, else where it would be."""
    if settings.serve.public_url:
        return settings.serve.public_url
    try:
        return (settings.home / ADDRESS_NAME).read_text().strip()
    except OSError:
        return f"http://{settings.serve.host}:{settings.serve.port}"
