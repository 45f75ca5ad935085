"""Who may come in, in the database."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from honk.domain.people import Member, Role
from honk.store import tables as t
from honk.store.database import Database
from honk.store.rows import put


class SqlPeople:
    """Port `People`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def add(self, member: Member, at: datetime) -> bool:
        """False where the address, or the id, is taken by somebody who is here."""
        row = {
            "person_id": member.person_id, "name": member.name, "email": member.email, "subject": member.subject,
            "created_at": at, "left_at": None,
        }  # fmt: skip
        person, taken = t.person.c, sa.select(t.person.c.person_id)
        async with self._database.write() as connection:
            same = (person.email == member.email) | (person.person_id == member.person_id)
            if (await connection.execute(taken.where(same & person.left_at.is_(None)))).first() is not None:
                return False
            # An address passes on; what the one before did stays under their own id.
            gone = sa.update(t.person).where(person.email == member.email, person.person_id != member.person_id)
            await connection.execute(gone.values(email=sa.literal("left:") + person.person_id))
            await put(connection, t.person, person.person_id, row)
            for repository_id, role in member.grants.items():
                await _grant(connection, member.person_id, repository_id, role)
        return True

    async def find(
        self, *, person_id: str | None = None, email: str | None = None, subject: str | None = None
    ) -> Member | None:
        """By one of them."""
        wanted = {"person_id": person_id, "email": email, "subject": subject}
        terms = [t.person.c[name] == value for name, value in wanted.items() if value is not None]
        if len(terms) != 1:
            raise ValueError("A person is found by exactly one of id, address and subject.")
        async with self._database.read() as connection:
            row = (await connection.execute(sa.select(t.person).where(terms[0]))).first()
            if row is None:
                return None
            held = await connection.execute(sa.select(t.grant).where(t.grant.c.person_id == row.person_id))
            return _member(row, {one.repository_id: Role(one.role) for one in held})

    async def all(self) -> Sequence[Member]:
        """By address."""
        grants: dict[str, dict[str, Role]] = defaultdict(dict)
        async with self._database.read() as connection:
            for one in await connection.execute(sa.select(t.grant)):
                grants[one.person_id][one.repository_id] = Role(one.role)
            rows = await connection.execute(sa.select(t.person).order_by(t.person.c.email))
            return [_member(row, grants[row.person_id]) for row in rows]

    async def grant(self, person_id: str, repository_id: str, role: Role | None) -> None:
        """None takes it away."""
        async with self._database.write() as connection:
            await _grant(connection, person_id, repository_id, role)

    async def bind(self, person_id: str, subject: str) -> bool:
        """False where either is bound already."""
        person = t.person.c
        async with self._database.write() as connection:
            taken = sa.select(person.person_id).where(person.subject == subject)
            if (await connection.execute(taken)).first() is not None:
                return False
            free = (person.person_id == person_id) & person.subject.is_(None) & person.left_at.is_(None)
            done = await connection.execute(sa.update(t.person).where(free).values(subject=subject))
        return done.rowcount == 1

    async def leave(self, person_id: str, at: datetime) -> None:
        """Everything that let them in ends with them."""
        async with self._database.write() as connection:
            for table in (t.grant, t.sign_in_link, t.web_session):
                await connection.execute(sa.delete(table).where(table.c.person_id == person_id))
            tokens = sa.update(t.api_token).where(t.api_token.c.person_id == person_id)
            await connection.execute(tokens.where(t.api_token.c.revoked_at.is_(None)).values(revoked_at=at))
            gone = sa.update(t.person).where(t.person.c.person_id == person_id, t.person.c.left_at.is_(None))
            await connection.execute(gone.values(left_at=at, subject=None))


async def _grant(connection: AsyncConnection, person_id: str, repository_id: str, role: Role | None) -> None:
    there = (t.grant.c.person_id == person_id) & (t.grant.c.repository_id == repository_id)
    await connection.execute(sa.delete(t.grant).where(there))
    if role is not None:
        row = {"person_id": person_id, "repository_id": repository_id, "role": str(role)}
        await connection.execute(sa.insert(t.grant).values(row))


def _member(row: sa.Row[Any], grants: Mapping[str, Role]) -> Member:
    return Member(
        person_id=row.person_id, name=row.name, email=row.email, grants=grants, subject=row.subject, left_at=row.left_at
    )
