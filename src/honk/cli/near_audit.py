"""The audit log of the state folder itself, and its rows as lines."""

import json
from typing import TYPE_CHECKING

from honk.cli.facts import Line, Tone
from honk.cli.terminal import one_line
from honk.client import AuditLog, LogState
from honk.domain.audit import DONE, entry_of, line_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from honk.domain.audit import Checked, Head, Row
    from honk.workflows.audit_desk import AuditDesk


class NearAudit(AuditLog):
    """Port `AuditLog`, beside whoever works here."""

    def __init__(self, desk: "AuditDesk") -> None:
        self._desk = desk

    async def rows(self, after: int = 0, limit: int = 500) -> "Sequence[Row]":
        """See the port."""
        return await self._desk.rows(after, limit)

    async def head(self) -> "Head":
        """See the port."""
        return await self._desk.head()

    async def state(self) -> LogState:
        """See the port."""
        return state_of(await self._desk.check())


def state_of(checked: "Checked") -> LogState:
    unended = tuple(one.sequence for one in checked.unended)
    return LogState(head=checked.head, wrong=checked.wrong, notes=checked.notes, unended=unended)


def export_line(row: "Row") -> str:
    """The record with its digest; what is none is told as it stands, so that an export never stops at it."""
    try:
        return line_of(entry_of(str(row.record), str(row.digest)))
    except ValueError:
        return json.dumps(
            {"sequence": row.place, "digest": str(row.digest), "unreadable": str(row.record)}, default=str
        )


def line_of_row(row: "Row", subject: str, act: str) -> Line | None:
    """For people; None where it is not asked for."""
    try:
        entry = entry_of(str(row.record), str(row.digest))
    except ValueError:
        return Line(text=f"{row.place!s:>6}  cannot be read: see honk audit verify", tone=Tone.BAD)
    if (subject and entry.subject != subject) or (act and entry.act != act):
        return None
    who = entry.who.name + (f" ({entry.who.door})" if entry.who.door else "")
    came_of = entry.came_of or "…"
    tone = Tone.PLAIN if came_of in (DONE, "…") else Tone.UNSURE
    behind = f" of {entry.ends}" if entry.ends is not None else ""
    at = f"{entry.sequence:>6}  {entry.at:%Y-%m-%d %H:%M:%S}"
    text = (
        f"{at}  {one_line(entry.act):<19}  {one_line(entry.subject):<24}  {one_line(who)}  {one_line(came_of)}{behind}"
    )
    return Line(text=text, tone=tone)
