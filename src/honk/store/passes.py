"""What lets people in, in the database: links, sessions and tokens, each by its digest."""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from honk.domain.passes import ApiToken, SignInLink, WebSession
from honk.store import tables as t
from honk.store.database import SIGHT_SECONDS, Database


class SqlSignInLinks:
    """Port `SignInLinks`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def add(self, link: SignInLink) -> None:
        """Ended ones are forgotten."""
        await _add(self._database, t.sign_in_link, link)

    async def find(self, digest: str) -> SignInLink | None:
        row = await _row(self._database, t.sign_in_link, digest)
        return SignInLink(**row._asdict()) if row is not None else None

    async def use(self, digest: str, at: datetime) -> bool:
        """True for exactly one caller."""
        unused = (t.sign_in_link.c.digest == digest) & t.sign_in_link.c.used_at.is_(None)
        async with self._database.write() as connection:
            done = await connection.execute(sa.update(t.sign_in_link).where(unused).values(used_at=at))
        return done.rowcount == 1


class SqlWebSessions:
    """Port `WebSessions`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def add(self, session: WebSession) -> None:
        """Ended ones are forgotten."""
        await _add(self._database, t.web_session, session)

    async def find(self, digest: str) -> WebSession | None:
        row = await _row(self._database, t.web_session, digest)
        return WebSession(**row._asdict()) if row is not None else None

    async def see(self, digest: str, at: datetime) -> None:
        async with self._database.write(patience_seconds=SIGHT_SECONDS) as connection:
            mine = sa.update(t.web_session).where(t.web_session.c.digest == digest)
            await connection.execute(mine.values(seen_at=at))

    async def end(self, digest: str) -> None:
        """Ended already: nothing."""
        async with self._database.write() as connection:
            await connection.execute(sa.delete(t.web_session).where(t.web_session.c.digest == digest))

    async def end_all(self, person_id: str) -> None:
        async with self._database.write() as connection:
            await connection.execute(sa.delete(t.web_session).where(t.web_session.c.person_id == person_id))

    async def of(self, person_id: str) -> Sequence[WebSession]:
        query = sa.select(t.web_session).where(t.web_session.c.person_id == person_id)
        async with self._database.read() as connection:
            rows = await connection.execute(query.order_by(t.web_session.c.created_at))
            return [WebSession(**row._asdict()) for row in rows]


class SqlApiTokens:
    """Port `ApiTokens`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def add(self, token: ApiToken) -> None:
        async with self._database.write() as connection:
            await connection.execute(sa.insert(t.api_token).values(asdict(token)))

    async def find(self, digest: str) -> ApiToken | None:
        row = await _row(self._database, t.api_token, digest)
        return ApiToken(**row._asdict()) if row is not None else None

    async def of(self, person_id: str) -> Sequence[ApiToken]:
        """The newest first."""
        query = sa.select(t.api_token).where(t.api_token.c.person_id == person_id)
        async with self._database.read() as connection:
            rows = await connection.execute(query.order_by(t.api_token.c.created_at.desc(), t.api_token.c.token_id))
            return [ApiToken(**row._asdict()) for row in rows]

    async def see(self, token_id: str, at: datetime) -> None:
        async with self._database.write(patience_seconds=SIGHT_SECONDS) as connection:
            mine = sa.update(t.api_token).where(t.api_token.c.token_id == token_id)
            await connection.execute(mine.values(used_at=at))

    async def revoke(self, token_id: str, at: datetime) -> bool:
        """False where there is none, or it was revoked before."""
        live = (t.api_token.c.token_id == token_id) & t.api_token.c.revoked_at.is_(None)
        async with self._database.write() as connection:
            done = await connection.execute(sa.update(t.api_token).where(live).values(revoked_at=at))
        return done.rowcount == 1


async def _add(database: Database, table: sa.Table, one: SignInLink | WebSession) -> None:
    async with database.write() as connection:
        await connection.execute(sa.delete(table).where(table.c.expires_at < one.created_at))
        await connection.execute(sa.insert(table).values(asdict(one)))


async def _row(database: Database, table: sa.Table, digest: str) -> sa.Row[Any] | None:
    async with database.read() as connection:
        return (await connection.execute(sa.select(table).where(table.c.digest == digest))).first()
