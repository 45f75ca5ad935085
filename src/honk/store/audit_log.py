"""The log of outward acts in the database."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from honk.base.clock import now
from honk.domain.audit import AuditEntry, Body, Checked, Head, Row, Who, chained, entry_of, record_of
from honk.domain.audit_check import verify_chain
from honk.store import StoreError
from honk.store import tables as t
from honk.store.audit import Anchor
from honk.store.database import Database

_UNWRITTEN = "What is about to be done could not be written to the audit log, so it was not done."
_UNENDED = "An act was done, or tried, and what came of it could not be written to the audit log."


class SqlAudit:
    """Port `Audit`. SQLite lets one writer in at a time, also of other processes, so the chain never forks; what is
    committed here is on the disk, unlike the rest of the database, whose last moments a power cut may take."""

    def __init__(self, database: Database, anchor: Anchor) -> None:
        self._database, self.anchor = database, anchor

    async def write(
        self, act: str, *, who: Who, subject: str, body: Body | None = None, came_of: str = ""
    ) -> AuditEntry:
        """Announced to the anchor, committed, kept by the anchor."""
        wanted = AuditEntry(
            sequence=0, at=now(), act=act, who=who, subject=subject, body=dict(body or {}), came_of=came_of
        )
        return await self._append(wanted)

    async def end(self, entry: AuditEntry, came_of: str, body: Body | None = None) -> AuditEntry:
        """The same act, person and subject again."""
        return await self._append(
            replace(entry, at=now(), body=dict(body or {}), ends=entry.sequence, came_of=came_of, digest="")
        )

    async def _append(self, wanted: AuditEntry) -> AuditEntry:
        try:
            async with self._database.write(is_synced=True) as connection:
                entry = chained(await _head(connection), wanted)
                head = Head(sequence=entry.sequence, digest=entry.digest)
                await asyncio.to_thread(self.anchor.announce, head)
                row = {"sequence": entry.sequence, "record": record_of(entry), "digest": entry.digest}
                await connection.execute(sa.insert(t.audit).values(row))
            await asyncio.to_thread(self.anchor.keep, head)
        except StoreError as error:
            raise type(error)(f"{_UNWRITTEN if wanted.ends is None else _UNENDED} {error}") from error
        return entry

    async def read(self, after: int = 0, limit: int = 500) -> Sequence[AuditEntry]:
        """By number."""
        query = sa.select(t.audit).where(t.audit.c.sequence > after).order_by(t.audit.c.sequence).limit(limit)
        async with self._database.read() as connection:
            rows = (await connection.execute(query)).all()
        try:
            return [entry_of(row.record, row.digest) for row in rows]
        except ValueError as error:
            raise StoreError(f"The audit log was changed: {error}. See: honk audit verify") from error

    async def head(self) -> Head:
        """By its own word; `check` looks whether that is true."""
        async with self._database.read() as connection:
            return await _head(connection)

    async def check(self) -> Checked:
        """One moment of the log. What was kept before it must be in it; what is in it was announced by now."""
        before = await asyncio.to_thread(self.anchor.read)
        query = sa.select(t.audit).order_by(t.audit.c.sequence)
        async with self._database.read() as connection:
            found = (await connection.execute(query)).all()
        after = await asyncio.to_thread(self.anchor.read)
        anchored = replace(after, kept=before.kept if before else {}) if after else None
        rows = [Row(place=row.sequence, record=row.record, digest=row.digest) for row in found]
        return await asyncio.to_thread(verify_chain, rows, anchored)


async def _head(connection: AsyncConnection) -> Head:
    query = sa.select(t.audit.c.sequence, t.audit.c.digest).order_by(t.audit.c.sequence.desc()).limit(1)
    row = (await connection.execute(query)).first()
    return Head() if row is None else Head(sequence=row.sequence, digest=row.digest)
