"""The port of what is on its way to be merged."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from honk.domain.shipment import Approval, Shipment
from honk.domain.task import Outcome
from honk.store.conversation import Fact

Join = Callable[[object], None]
"""Joins the store's transaction: called with the open (synchronous) connection, just before the commit."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Along:
    """What is written in the same transaction as a shipment's turn."""

    facts: tuple[Fact, ...] = ()
    approval: Approval | None = None
    outcome: Outcome | None = None
    """How the tasks end."""
    task_ids: tuple[str, ...] = ()
    enlist: tuple[Join, ...] = ()
    """Workflows that begin with it, and rows of other rooms."""


class Shipments(Protocol):
    """By compare and set: of two who turn one, one does."""

    async def turn(self, before: Shipment | None, after: Shipment, along: Along) -> bool:
        """Everything or nothing. False, and nothing, where it does not stand as `before` any more; for None, where
        the pull request has a live one, or this one is known."""
        ...

    async def newest(self, number: int) -> Shipment | None:
        """Of the pull request."""
        ...

    async def shipment(self, shipment_id: str) -> Shipment:
        """Raises:
        NotFound: there is none.
        """
        ...

    async def list(self, number: int) -> Sequence[Shipment]:
        """Of the pull request, in the order they began."""
        ...

    async def live(self) -> Sequence[Shipment]:
        """Those that may still merge."""
        ...
