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
from honk.store.database import SIGHT_SECONDS, Database

_UNWRITTEN = "What is about to be done could not be written to the audit log, so it was not done."
_UNTOLD = "This could not be written to the audit log."
_UNENDED = "An act was done, or tried, and what came of it could not be written to the audit log."
_ROWS = sa.select(
    t.audit.c.sequence,
    sa.cast(t.audit.c.record, sa.LargeBinary).label("record"),
    sa.cast(t.audit.c.digest, sa.LargeBinary).label("digest"),
)
"""As bytes: somebody may have put there what is no text, and the driver would stop at it."""


class SqlAudit:
    """Port `Audit`. SQLite lets one writer in at a time, also of other processes, so the chain never forks; what is
    committed here is on the disk, unlike the rest of the database, whose last moments a power cut may take."""

    def __init__(self, database: Database, anchors: Sequence[Anchor]) -> None:
        self._database = database
        self.anchors = tuple(anchors)
        """The first is beside the database."""

    async def write(
        self, act: str, *, who: Who, subject: str, body: Body | None = None, came_of: str = "", soon: bool = False
    ) -> AuditEntry:
        """Announced to the anchor, committed, kept by the anchor."""
        wanted = AuditEntry(
            sequence=0, at=now(), act=act, who=who, subject=subject, body=dict(body or {}), came_of=came_of
        )
        return await self._append(wanted, SIGHT_SECONDS if soon else None)

    async def end(self, entry: AuditEntry, came_of: str, body: Body | None = None) -> AuditEntry:
        """The same act, person and subject again."""
        return await self._append(
            replace(entry, at=now(), body=dict(body or {}), ends=entry.sequence, came_of=came_of, digest="")
        )

    async def _append(self, wanted: AuditEntry, patience_seconds: float | None = None) -> AuditEntry:
        try:
            async with self._database.write(is_synced=True, patience_seconds=patience_seconds) as connection:
                behind = await _head(connection)
                entry = chained(behind, wanted)
                head = Head(sequence=entry.sequence, digest=entry.digest)
                for anchor in self.anchors:
                    await anchor.announce(head, behind)
                row = {"sequence": entry.sequence, "record": record_of(entry), "digest": entry.digest}
                await connection.execute(sa.insert(t.audit).values(row))
            for anchor in self.anchors:
                await anchor.keep(head)
        except StoreError as error:
            raise type(error)(f"{_unwritten(wanted)} {error}") from error
        except OverflowError as error:
            words = "Somebody put a number into it behind which there is none. See: honk audit verify"
            raise StoreError(f"{_unwritten(wanted)} {words}") from error
        return entry

    async def rows(self, after: int = 0, limit: int = 500) -> Sequence[Row]:
        """By number."""
        return await self._rows(_ROWS.where(t.audit.c.sequence > after).limit(limit))

    async def read(self, after: int = 0, limit: int = 500) -> Sequence[AuditEntry]:
        """By number."""
        try:
            return [entry_of(str(row.record), str(row.digest)) for row in await self.rows(after, limit)]
        except ValueError as error:
            raise StoreError(f"The audit log was changed: {error}. See: honk audit verify") from error

    async def head(self) -> Head:
        """By its own word; `check` looks whether that is true."""
        async with self._database.read() as connection:
            return await _head(connection)

    async def check(self) -> Checked:
        """One moment of the log. What was kept before it must be in it; what is in it was announced by now."""
        before = [await anchor.read() for anchor in self.anchors]
        rows = await self._rows(_ROWS)
        found: list[Checked] = []
        notes: list[str] = []
        for anchor, known in zip(self.anchors, before, strict=True):
            after = await anchor.read()
            anchored = replace(after, kept=known.kept if known else {}) if after else None
            if anchored is not None or anchor is self.anchors[0]:
                found.append(await asyncio.to_thread(verify_chain, rows, anchored, is_ours=True))
                notes += found[-1].notes
            else:
                notes.append(f"{anchor.place} was not looked at: it keeps nothing yet, or cannot be read back.")
        first = min(found, key=lambda one: one.wrong.sequence if one.wrong is not None else len(rows) + 2)
        return replace(first, notes=tuple(dict.fromkeys(notes)))

    async def restored(self) -> Head:
        """Tell the anchors that the log is the one of a backup from now on."""
        head = await self.head()
        for anchor in self.anchors:
            await anchor.restore(head)
        return head

    async def _rows(self, query: sa.Select[tuple[int, bytes, bytes]]) -> Sequence[Row]:
        async with self._database.read() as connection:
            found = (await connection.execute(query.order_by(t.audit.c.sequence))).all()
        return [Row(place=row.sequence, record=_text(row.record), digest=_text(row.digest)) for row in found]


def _text(value: object) -> object:
    return value.decode("utf-8", "backslashreplace") if isinstance(value, bytes) else value


def _unwritten(wanted: AuditEntry) -> str:
    """What that means: for an act that was to come, one that ended, or a fact that stands by itself."""
    if wanted.ends is not None:
        return _UNENDED
    return _UNTOLD if wanted.came_of else _UNWRITTEN


async def _head(connection: AsyncConnection) -> Head:
    query = sa.select(t.audit.c.sequence, t.audit.c.digest).order_by(t.audit.c.sequence.desc()).limit(1)
    row = (await connection.execute(query)).first()
    return Head() if row is None else Head(sequence=row.sequence, digest=row.digest)
