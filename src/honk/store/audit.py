"""The ports of the log of outward acts: what appends to it, and what keeps its head elsewhere."""

from collections.abc import Sequence
from typing import Protocol

from honk.domain.audit import Anchored, AuditEntry, Body, Checked, Head, Row, Who
from honk.store import StoreError


class Audit(Protocol):
    """Append-only. An act whose entry cannot be written is not done: what is raised here keeps it from happening."""

    async def write(
        self, act: str, *, who: Who, subject: str, body: Body | None = None, came_of: str = "", soon: bool = False
    ) -> AuditEntry:
        """One more entry, in a transaction of its own that is committed, on the disk, and anchored when this returns.

        `came_of` is for facts without an end of their own, such as somebody's reading; else `end` follows. The body
        holds ids, commits, digests and names of people: never prompts, code or secrets. With `soon` a locked database
        is given up within seconds, for somebody waits to read.

        Raises:
            StoreError: it could not be written.
        """
        ...

    async def end(self, entry: AuditEntry, came_of: str, body: Body | None = None) -> AuditEntry:
        """What came of an announced act: "done", "refused: why", "failed: why". Raises as `write` does."""
        ...

    async def rows(self, after: int = 0, limit: int = 500) -> Sequence[Row]:
        """Those behind the number, in order, as they stand there: somebody may have changed them."""
        ...

    async def read(self, after: int = 0, limit: int = 500) -> Sequence[AuditEntry]:
        """The same as entries.

        Raises:
            StoreError: one of them cannot be read any more: somebody changed it.
        """
        ...

    async def head(self) -> Head:
        """The newest; of an empty log its start."""
        ...

    async def check(self) -> Checked:
        """The whole of it, against each anchor."""
        ...


class Anchor(Protocol):
    """Where a log's head is kept outside of it. Several processes may keep it there."""

    @property
    def place(self) -> str:
        """For people: where it is."""
        ...

    async def announce(self, head: Head, behind: Head) -> None:
        """An entry is about to be committed, behind another. On the disk when this returns. Raises AnchorLost."""
        ...

    async def keep(self, head: Head) -> None:
        """It was committed. Raises AnchorLost."""
        ...

    async def restore(self, head: Head) -> None:
        """From now on the log is one that ends so, of a backup. Raises AnchorLost."""
        ...

    async def read(self) -> Anchored | None:
        """What it knows; None where nothing is kept. Raises AnchorLost."""
        ...


class AnchorLost(StoreError):
    """The log's head could not be kept outside the database, so nothing was done."""
