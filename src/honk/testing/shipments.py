"""What is on its way to be merged, in memory."""

from collections.abc import Sequence

from honk.domain.shipment import Shipment, ShipmentState
from honk.domain.task import Status
from honk.store import Approvals, Events, NotFound, Tasks
from honk.store.shipping import Along


class FakeShipments:
    """Port `Shipments`."""

    def __init__(self, tasks: Tasks, events: Events, approvals: Approvals) -> None:
        self._tasks, self._events, self._approvals = tasks, events, approvals
        self._kept: dict[str, Shipment] = {}

    async def turn(self, before: Shipment | None, after: Shipment, along: Along) -> bool:
        if before is not None and self._kept.get(before.shipment_id) != before:
            return False
        others = [one for one in self._kept.values() if one.number == after.number and one.is_live]
        if before is None and (others or after.shipment_id in self._kept):
            return False
        self._kept[after.shipment_id] = after
        if along.approval is not None:
            await self._approvals.record(along.approval)
        if along.outcome is not None:
            for task_id in along.task_ids:
                await self._tasks.set_status(task_id, Status.FINISHED, along.outcome)
        for fact in along.facts:
            await self._events.append(after.task_id, fact.kind, fact.body, fact.key)
        for join in along.enlist:
            join(None)
        return True

    async def newest(self, number: int) -> Shipment | None:
        found = sorted(await self.list(number), key=lambda one: one.state is not ShipmentState.ENDED)
        return next(reversed(found), None)

    async def shipment(self, shipment_id: str) -> Shipment:
        if shipment_id not in self._kept:
            raise NotFound(f"No shipment is called {shipment_id!r}.")
        return self._kept[shipment_id]

    async def list(self, number: int) -> Sequence[Shipment]:
        mine = [one for one in self._kept.values() if one.number == number]
        return sorted(mine, key=lambda one: (one.since, one.shipment_id))

    async def live(self) -> Sequence[Shipment]:
        return [one for one in self._kept.values() if one.is_live]
