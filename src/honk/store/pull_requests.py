"""Pull requests of the built-in forge in the database."""

from collections.abc import Sequence
from dataclasses import replace

import sqlalchemy as sa

from honk.base.records import dump, load
from honk.domain.change import PullRequest
from honk.store import tables as t
from honk.store.database import Database


class SqlPullRequests:
    """Port `PullRequests`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def insert(self, key: str, pull_request: PullRequest) -> PullRequest:
        """Looked up, numbered and inserted by the only writer."""
        async with self._database.write() as connection:
            known = sa.select(t.pull_request.c.body).where(t.pull_request.c.idempotency_key == key)
            if (body := await connection.scalar(known)) is not None:
                return load(PullRequest, body)
            last = sa.select(sa.func.coalesce(sa.func.max(t.pull_request.c.number), 0))
            numbered = replace(pull_request, number=(await connection.scalar(last) or 0) + 1)
            await connection.execute(sa.insert(t.pull_request).values(idempotency_key=key, **_row(numbered)))
            return numbered

    async def get(self, number: int) -> PullRequest | None:
        """None where there is none."""
        query = sa.select(t.pull_request.c.body).where(t.pull_request.c.number == number)
        async with self._database.read() as connection:
            body = await connection.scalar(query)
        return None if body is None else load(PullRequest, body)

    async def list(self, repository_id: str | None = None) -> Sequence[PullRequest]:
        """By number."""
        query = sa.select(t.pull_request.c.body).order_by(t.pull_request.c.number)
        if repository_id is not None:
            query = query.where(t.pull_request.c.repository_id == repository_id)
        async with self._database.read() as connection:
            return [load(PullRequest, body) for body in await connection.scalars(query)]

    async def open_numbers(self) -> frozenset[int]:
        """One question, whatever is kept."""
        query = sa.select(t.pull_request.c.number).where(t.pull_request.c.state == "open")
        async with self._database.read() as connection:
            return frozenset(await connection.scalars(query))

    async def update(self, pull_request: PullRequest, *, expect_state: str) -> bool:
        """One statement compares and sets."""
        where = (t.pull_request.c.number == pull_request.number, t.pull_request.c.state == expect_state)
        async with self._database.write() as connection:
            done = await connection.execute(sa.update(t.pull_request).where(*where).values(_row(pull_request)))
            return bool(done.rowcount)


def _row(pull_request: PullRequest) -> dict[str, object]:
    return {
        "number": pull_request.number,
        "repository_id": pull_request.repository_id,
        "task_id": pull_request.task_id,
        "state": pull_request.state,
        "head_sha": pull_request.head_sha,
        "body": dump(PullRequest, pull_request),
    }
