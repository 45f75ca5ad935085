"""The audit log for those who may see it: administrators, also by a token, since looking changes nothing."""

from collections.abc import Sequence

from honk.domain.audit import Checked, Head, Row
from honk.domain.people import EVERYWHERE, Refused, Role, Visitor
from honk.workflows.audit_desk import AuditDesk


class Auditing:
    """Handed out by the team's desk."""

    def __init__(self, audit: AuditDesk) -> None:
        self._audit = audit

    async def rows(self, visitor: Visitor, after: int, limit: int) -> Sequence[Row]:
        """Entries behind the number, as they stand in the log.

        Raises:
            Refused: this person is no administrator.
        """
        _must_administer(visitor)
        return await self._audit.rows(after, limit)

    async def head(self, visitor: Visitor) -> Head:
        """The newest. Raises Refused."""
        _must_administer(visitor)
        return await self._audit.head()

    async def check(self, visitor: Visitor) -> Checked:
        """Whether the log is as it was written. Raises Refused."""
        _must_administer(visitor)
        return await self._audit.check()


def _must_administer(visitor: Visitor) -> None:
    if visitor.member.role_in(EVERYWHERE) is not Role.ADMIN:
        raise Refused("The audit log is for administrators. Nothing was shown.")
