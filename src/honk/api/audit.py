"""The audit log: its entries as they stand there, its head, and whether it is whole."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query
from pydantic import BaseModel

from honk.api.entry import Entry
from honk.api.problems import responses
from honk.domain.audit import Checked, Head, Row
from honk.domain.people import Visitor
from honk.team import Team

MOST = 1000


class AuditRow(BaseModel):
    """One entry. Whoever doubts it digests `record` anew."""

    sequence: int
    record: str
    """JSON: `at`, `act`, `who`, `subject`, `body`, `ends`, `came_of`, `sequence`, and `previous`, the digest before."""
    digest: str
    """SHA-256 of `record`, in hexadecimal."""

    @classmethod
    def of(cls, row: Row) -> "AuditRow":
        """Somebody may have put anything there: it is told as text."""
        place = row.place if isinstance(row.place, int) else -1
        return cls(sequence=place, record=str(row.record), digest=str(row.digest))


class AuditHead(BaseModel):
    """The newest entry; it stands for all before it. Keep it where nobody of this server can change it."""

    sequence: int
    digest: str

    @classmethod
    def of(cls, head: Head) -> "AuditHead":
        return cls(sequence=head.sequence, digest=head.digest)


class AuditCheck(BaseModel):
    """What the server finds in its own log. Whoever does not trust it takes the rows, and an anchor of their own."""

    is_whole: bool
    head: AuditHead
    wrong_sequence: int | None
    """The first entry that is not as it was written."""
    wrong_kind: str | None
    """edited, deleted, inserted, reordered, truncated, unanchored."""
    words: str
    notes: list[str]
    unended: list[int]
    """Acts without an end: under way, or a crash stood between."""

    @classmethod
    def of(cls, checked: Checked) -> "AuditCheck":
        wrong = checked.wrong
        return cls(
            is_whole=wrong is None,
            head=AuditHead.of(checked.head),
            wrong_sequence=wrong.sequence if wrong else None,
            wrong_kind=str(wrong.kind) if wrong else None,
            words=wrong.words if wrong else "",
            notes=list(checked.notes),
            unended=[one.sequence for one in checked.unended],
        )


def audit_routes(team: Team, entry: Entry) -> APIRouter:
    """`/audit`."""
    routes = APIRouter(prefix="/audit", tags=["audit"])
    Who = Annotated[Visitor, Depends(entry.visitor)]

    @routes.get("/entries", responses=responses())
    async def list_audit(
        who: Who,
        after: Annotated[int, Query(ge=0, lt=2**53, description="The last sequence that was seen.")] = 0,
        limit: Annotated[int, Query(ge=1, le=MOST)] = MOST,
    ) -> list[AuditRow]:
        """Entries behind a number, in order. For administrators."""
        return [AuditRow.of(one) for one in await team.auditing.rows(who, after, limit)]

    @routes.get("/head", responses=responses())
    async def show_audit_head(who: Who) -> AuditHead:
        """The newest entry's number and digest. For administrators."""
        return AuditHead.of(await team.auditing.head(who))

    @routes.get("/check", responses=responses())
    async def check_audit(who: Who) -> AuditCheck:
        """Look at the whole log, against what is kept outside of it. For administrators."""
        return AuditCheck.of(await team.auditing.check(who))

    return routes
