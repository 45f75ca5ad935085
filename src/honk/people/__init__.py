"""Who people are, by a system of their company's that knows them and signs them in."""

from dataclasses import dataclass, field
from typing import Protocol

from honk.base.errors import HonkError
from honk.domain.recognition import Identity


@dataclass(frozen=True, slots=True, kw_only=True)
class Departure:
    """One sign-in on its way. It stays with the browser that began it, and only that one can end it."""

    url: str
    """Where the browser is sent."""
    state: str = field(repr=False)
    nonce: str = field(repr=False)
    verifier: str = field(repr=False)


class Directory(Protocol):
    """A system that signs people in."""

    @property
    def name(self) -> str:
        """For the button."""
        ...

    @property
    def issuer(self) -> str:
        """Its address, which it also signs with."""
        ...

    async def depart(self, back: str) -> Departure:
        """A new sign-in, which comes back to the address `back`.

        Raises:
            DirectoryDown: the system cannot be asked.
        """
        ...

    async def identify(self, departure: Departure, code: str, back: str) -> Identity:
        """Who came back with this code.

        Raises:
            DirectoryDown: the system cannot be asked.
            BadAnswer: what it said proves nothing.
        """
        ...


class DirectoryError(HonkError):
    """Nobody was recognised, and nobody was signed in."""


class DirectoryDown(DirectoryError):
    """The system does not answer, or not as one that signs people in."""


class BadAnswer(DirectoryError):
    """An answer that is forged, expired, or meant for somebody else."""
