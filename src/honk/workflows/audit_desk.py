"""The audit log as people read it, and their reading of transcripts as it stands there."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from honk.base.clock import monotonic_seconds
from honk.domain.audit import DONE, Checked, Head, Row, Who
from honk.store.audit import Audit

ONE_LOOK_SECONDS = 600.0
"""Pages load again, streams break off: within it the same person's same reading is one."""


@dataclass(frozen=True, slots=True)
class AuditDesk:
    """Part of the front desk. One per process."""

    audit: Audit
    _told: dict[tuple[Who, str, str], float] = field(default_factory=dict)

    async def rows(self, after: int = 0, limit: int = 500) -> Sequence[Row]:
        """Those behind the number, in order, as they stand there."""
        return await self.audit.rows(after, limit)

    async def head(self) -> Head:
        """The newest entry."""
        return await self.audit.head()

    async def check(self) -> Checked:
        """Whether it is as it was written."""
        return await self.audit.check()

    async def tell_reading(self, who: Who, task_id: str, what: str) -> None:
        """Somebody is about to read a task's transcript, or a log of it.

        Raises:
            StoreError: it could not be written down; nothing is shown.
        """
        key, at = (who, task_id, what), monotonic_seconds()
        for old in [one for one, told_at in self._told.items() if at - told_at > ONE_LOOK_SECONDS]:
            del self._told[old]
        if key not in self._told:
            await self.audit.write(
                "read", who=who, subject=f"task:{task_id}", body={"what": what}, came_of=DONE, soon=True
            )
            self._told[key] = at
