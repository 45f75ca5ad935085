"""The watch over the installation: where it stands, what a task will take, and stopping everything at once."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from honk.base.disk import free_bytes
from honk.base.memory import available_bytes
from honk.domain.audit import DONE, Who
from honk.domain.expectation import NEWEST, Expectation, expect
from honk.domain.standing import INSTALLATION, Frost, Standing
from honk.store import StoreError, TaskEvent
from honk.workflows.admission import Admission
from honk.workflows.audited import audited
from honk.workflows.frost import freeze, frost_of, melt, tell_freezing, tell_thawing
from honk.workflows.house import House
from honk.workflows.quota import Purse


@dataclass(frozen=True, slots=True, kw_only=True)
class Watch:
    """Part of the front desk."""

    house: House
    admission: Admission
    purse: Purse

    async def freeze(self, why: str, who: Who) -> Frost:
        """From now on nothing is begun, pushed, merged or asked of a model, in any process; what runs parks with its
        work within 2 s. Frozen already: it stays as it is. An outward act that had begun may end.

        The one act that stands in the audit log behind itself: a brake waits for no log."""
        frost = await asyncio.to_thread(freeze, self.house.home, why, who.name)
        self.admission.look()
        try:
            await self.house.audit.write("freeze", who=who, subject=INSTALLATION, came_of=DONE)
        except StoreError as error:
            raise type(error)(f"Honk is frozen. {error}") from error
        await tell_freezing(self.house.events, frost)
        return frost

    async def thaw(self, who: Who) -> Frost | None:
        """Everything goes on by itself. None, and nothing, where it is not frozen, or by a restore: there the
        differences are told first, by the command."""
        frost = frost_of(self.house.home)
        if frost is None or frost.is_restored:
            return None
        async with audited(self.house.audit, "thaw", who=who, subject=INSTALLATION):
            await tell_freezing(self.house.events, frost)  # whoever froze it may have died before telling
            await tell_thawing(self.house.events, frost, who.name)
            await asyncio.to_thread(melt, self.house.home)
        self.admission.look()
        return frost

    async def price(self, repository_id: str, cap_usd: float) -> Expectation:
        """What a task there will probably take, by those before it."""
        return expect(await self.house.quotas.past(repository_id, NEWEST), cap_usd)

    async def announcements(self, after: int = 0) -> Sequence[TaskEvent]:
        """What concerns the installation, in the order it happened."""
        return await self.house.events.read(INSTALLATION, after)

    async def standing(self) -> Standing:
        """Where everything stands."""
        fault = self.admission.breaker.fault
        return Standing(
            frost=frost_of(self.house.home),
            breaker=None if fault is None else f"{fault.words[0].upper()}{fault.words[1:]}.",
            slots=self.admission.slots,
            running=self.admission.running,
            queued=self.admission.queued,
            free_disk_bytes=free_bytes(self.house.home),
            free_memory_bytes=available_bytes(),
            budget=await self.purse.budget(self.purse.allowances.whole),
        )
