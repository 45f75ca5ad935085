"""What DBOS has on record of ended workflows: told, and deleted, past DBOS, which keeps them for ever."""

import asyncio
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar

import sqlalchemy as sa

from honk.base.errors import OutOfSpace
from honk.engine import EndedWorkflow, EngineError
from honk.engine.database import open_engine

T = TypeVar("T")

_ENDED = ("SUCCESS", "ERROR", "CANCELLED", "MAX_RECOVERY_ATTEMPTS_EXCEEDED")
_WITHOUT_CASCADE = ("workflow_input", "workflow_output", "operation_outputs")
"""Tables that no foreign key ties to the workflow's row."""
_BATCH = 500
_WORKFLOWS = sa.table("workflow_status", sa.column("workflow_uuid"), sa.column("status"), sa.column("updated_at"))


class DBOSRecords:
    """Port `Records`."""

    def __init__(self, database: Path) -> None:
        self._database = database

    async def ended(self) -> Sequence[EndedWorkflow]:
        """None where the engine never ran. Raises EngineError: the database refused."""
        return await asyncio.to_thread(self._ended)

    async def forget(self, workflow_ids: Sequence[str], *, even_unfinished: bool = False) -> None:
        """In batches, each a transaction. Raises EngineError: the database refused."""
        await asyncio.to_thread(self._forget, workflow_ids, even_unfinished)

    def _ended(self) -> Sequence[EndedWorkflow]:
        columns = _WORKFLOWS.c
        query = sa.select(columns.workflow_uuid, columns.updated_at).where(columns.status.in_(_ENDED))
        rows = self._in_transaction(lambda connection: connection.execute(query).all())
        return [
            EndedWorkflow(workflow_id=row[0], ended_at=datetime.fromtimestamp(row[1] / 1000, UTC)) for row in rows or ()
        ]

    def _forget(self, workflow_ids: Sequence[str], even_unfinished: bool) -> None:
        for start in range(0, len(workflow_ids), _BATCH):
            some = workflow_ids[start : start + _BATCH]

            def delete(connection: sa.Connection, some: Sequence[str] = some) -> None:
                is_over = sa.true() if even_unfinished else _WORKFLOWS.c.status.in_(_ENDED)
                ours = _WORKFLOWS.c.workflow_uuid.in_(some) & is_over
                ids = connection.scalars(sa.select(_WORKFLOWS.c.workflow_uuid).where(ours)).all()
                connection.exec_driver_sql("PRAGMA secure_delete=ON")
                for name in _WITHOUT_CASCADE:
                    table = sa.table(name, sa.column("workflow_uuid"))
                    connection.execute(sa.delete(table).where(table.c.workflow_uuid.in_(ids)))
                connection.execute(sa.delete(_WORKFLOWS).where(_WORKFLOWS.c.workflow_uuid.in_(ids)))

            self._in_transaction(delete)

    def _in_transaction(self, act: Callable[[sa.Connection], T]) -> T | None:
        """What the act answers; None where the engine has no tables yet."""
        engine = open_engine(self._database)
        try:
            if not sa.inspect(engine).has_table(_WORKFLOWS.name):
                return None
            with engine.begin() as connection:
                return act(connection)
        except sa.exc.DBAPIError as error:
            if getattr(error.orig, "sqlite_errorname", "") == "SQLITE_FULL":
                raise OutOfSpace(f"The disk is full: {self._database} cannot be written. Nothing was lost.") from error
            raise EngineError(f"The engine's records in {self._database} refused: {error.orig}.") from error
        finally:
            engine.dispose()
