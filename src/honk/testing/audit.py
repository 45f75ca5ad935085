"""The audit log in memory, with an anchor that cannot be lost."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from honk.base.clock import now
from honk.domain.audit import Anchored, AuditEntry, Body, Checked, Head, Row, Who, chained, record_of
from honk.domain.audit_check import verify_chain
from honk.store import StoreError


@dataclass
class FakeAudit:
    """Port `Audit`."""

    entries: list[AuditEntry] = field(default_factory=list)
    broken: StoreError | None = None
    """Raised in place of the next entries."""

    async def write(
        self, act: str, *, who: Who, subject: str, body: Body | None = None, came_of: str = "", soon: bool = False
    ) -> AuditEntry:
        return self._append(
            AuditEntry(sequence=0, at=now(), act=act, who=who, subject=subject, body=dict(body or {}), came_of=came_of)
        )

    async def end(self, entry: AuditEntry, came_of: str, body: Body | None = None) -> AuditEntry:
        return self._append(replace(entry, at=now(), body=dict(body or {}), ends=entry.sequence, came_of=came_of))

    def _append(self, wanted: AuditEntry) -> AuditEntry:
        if self.broken is not None:
            raise self.broken
        entry = chained(self._head(), wanted)
        self.entries.append(entry)
        return entry

    async def rows(self, after: int = 0, limit: int = 500) -> Sequence[Row]:
        return self._rows()[after : after + limit]

    async def read(self, after: int = 0, limit: int = 500) -> Sequence[AuditEntry]:
        return self.entries[after : after + limit]

    async def head(self) -> Head:
        return self._head()

    async def check(self) -> Checked:
        known = Anchored(announced={}, kept={one.sequence: frozenset({one.digest}) for one in self.entries})
        return verify_chain(self._rows(), known)

    def _rows(self) -> list[Row]:
        return [Row(place=one.sequence, record=record_of(one), digest=one.digest) for one in self.entries]

    def _head(self) -> Head:
        return Head(sequence=self.entries[-1].sequence, digest=self.entries[-1].digest) if self.entries else Head()
