"""From a person's yes to the merge. Read this first: the story of a tap, whatever dies on the way.

The shipment's row is the truth; a leg is short. What cannot be done just now leaves the row as it is, and a later leg
does it. Everything outside is done through steps that may be done twice. What a merge begins is told by `deploying`,
and the way back by `undoing`.
"""

from dataclasses import dataclass
from functools import partial

from honk.domain.shipment import Shipment, ShipmentState
from honk.engine import StepFailed, Steps
from honk.forge import Merged
from honk.workflows.delivering import Delivering, Ready
from honk.workspace import Advance

ROUNDS = 4
"""How often a base may move while we verify what would be merged into it."""


@dataclass(frozen=True, slots=True)
class Deliver:
    """The workflow "deliver"."""

    acts: Delivering

    async def __call__(self, step: Steps, shipment_id: str) -> None:
        """Look once more, merge exactly what was verified, give it back, write it down."""
        shipment = await self.acts.shipment(shipment_id)
        if shipment.state is not ShipmentState.DELIVERING:
            return
        try:
            await self._ship(step, shipment)
        except StepFailed as error:
            await step("hold", None, partial(self.acts.hold, shipment, error))

    async def _ship(self, step: Steps, shipment: Shipment) -> None:
        acts = self.acts
        ready = await step("look", Ready, partial(acts.look, shipment))
        for number in range(1, ROUNDS + 1):
            if ready.refusal or ready.waits_for:
                return await step("leave", None, partial(acts.leave, shipment, ready))
            merged = await step(f"merge {number}", Merged, partial(acts.merge, shipment, ready))
            if merged is not None:
                advance = await step("give back", Advance, partial(acts.give_back, shipment, ready, merged))
                return await step("record", None, partial(acts.record, shipment, ready, merged, advance))
            ready = await step(f"prove {number}", Ready, partial(acts.prove, shipment, number))
        await step("leave", None, partial(acts.leave, shipment, Ready(refusal=acts.moved_too_often(shipment, ROUNDS))))
