"""What is on its way to be merged, in the database: turned by compare and set."""

from collections.abc import Sequence

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from honk.base.records import dump, load
from honk.domain.shipment import LIVE, Shipment, ShipmentState
from honk.domain.task import Status
from honk.store import NotFound
from honk.store import tables as t
from honk.store.database import Database
from honk.store.events import SqlEvents, append_event
from honk.store.rows import put, row_of
from honk.store.shipping import Along

_LIVE = tuple(state.value for state in LIVE)


class SqlShipments:
    """Port `Shipments`."""

    def __init__(self, database: Database, events: SqlEvents) -> None:
        self._database = database
        self._events = events

    async def turn(self, before: Shipment | None, after: Shipment, along: Along) -> bool:
        """By the only writer."""
        async with self._database.write() as connection:
            if not await _stands(connection, before, after):
                return False
            await put(connection, t.shipment, t.shipment.c.shipment_id, _row(after))
            if along.approval is not None:
                await put(connection, t.approval, t.approval.c.approval_id, row_of(along.approval))
            if along.outcome is not None:
                values = {
                    "status": Status.FINISHED.value,
                    "outcome": along.outcome.name.value,
                    "outcome_reason": along.outcome.reason,
                }
                tasks = sa.update(t.task).where(t.task.c.task_id.in_(along.task_ids))
                await connection.execute(tasks.values(values))
            for fact in along.facts:
                await append_event(connection, after.task_id, fact.kind, fact.body, fact.key)
            for join in along.enlist:
                await connection.run_sync(join)
        for fact in along.facts:
            self._events.tell(after.task_id, fact.kind, fact.body)
        return True

    async def newest(self, number: int) -> Shipment | None:
        """None where nobody ever wanted it. One that lives, or merged, is the newest whatever the clock did."""
        found = sorted(await self.list(number), key=lambda one: one.state is not ShipmentState.ENDED)
        return found[-1] if found else None

    async def shipment(self, shipment_id: str) -> Shipment:
        """Raises NotFound."""
        found = await self._read(t.shipment.c.shipment_id == shipment_id)
        if not found:
            raise NotFound(f"No shipment is called {shipment_id!r}.")
        return found[0]

    async def list(self, number: int) -> Sequence[Shipment]:
        """By the index of the numbers."""
        return await self._read(t.shipment.c.number == number)

    async def live(self) -> Sequence[Shipment]:
        """By the index of the states."""
        return await self._read(t.shipment.c.state.in_(_LIVE))

    async def _read(self, *where: sa.ColumnElement[bool]) -> Sequence[Shipment]:
        async with self._database.read() as connection:
            bodies = await connection.scalars(sa.select(t.shipment.c.body).where(*where))
            return sorted((load(Shipment, body) for body in bodies), key=lambda one: (one.since, one.shipment_id))


async def _stands(connection: AsyncConnection, before: Shipment | None, after: Shipment) -> bool:
    """Whether it stands as it was seen."""
    if before is not None:
        body = sa.select(t.shipment.c.body).where(t.shipment.c.shipment_id == before.shipment_id)
        return await connection.scalar(body) == dump(Shipment, before)
    is_known = t.shipment.c.shipment_id == after.shipment_id
    is_live = (t.shipment.c.number == after.number) & t.shipment.c.state.in_(_LIVE)
    return await connection.scalar(sa.select(t.shipment.c.shipment_id).where(is_known | is_live).limit(1)) is None


def _row(shipment: Shipment) -> dict[str, object]:
    return {
        "shipment_id": shipment.shipment_id,
        "number": shipment.number,
        "state": shipment.state.value,
        "task_id": shipment.task_id,
        "asked": "".join(f"\n{one}\n" for one in shipment.asked),
        "body": dump(Shipment, shipment),
    }
