"""People's words and waiting runs, in memory."""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from dataclasses import replace
from datetime import datetime

from honk.domain.conversation import Parked
from honk.domain.task import Outcome, OutcomeName, Status
from honk.store import Enlist, Events, Message, Run, Runs, Tasks
from honk.store.conversation import Fact


class FakeMessages:
    """Port `Messages`."""

    def __init__(self, events: Events) -> None:
        self._events = events
        self._messages: dict[str, Message] = {}
        self._grown = asyncio.Condition()
        self.tasks: Tasks | None = None

    async def append(self, message: Message, fact: Fact | None = None) -> bool:
        if message.message_id in self._messages:
            return False
        self._messages[message.message_id] = message
        if fact is not None:
            await self._events.append(message.task_id, fact.kind, fact.body, fact.key)
        async with self._grown:
            self._grown.notify_all()
        return True

    async def get(self, message_id: str) -> Message | None:
        return self._messages.get(message_id)

    async def of(self, task_id: str) -> Sequence[Message]:
        mine = [message for message in self._messages.values() if message.task_id == task_id]
        return sorted(mine, key=lambda message: message.at)

    async def waiting(self, task_id: str) -> Sequence[Message]:
        return [message for message in await self.of(task_id) if message.used_at is None]

    async def follow(self, task_id: str) -> AsyncGenerator[Sequence[Message]]:
        while True:
            told = len(await self.of(task_id))
            yield await self.waiting(task_id)
            async with self._grown:
                while len(await self.of(task_id)) == told:
                    await self._grown.wait()

    async def use(self, message_ids: Sequence[str], at: datetime) -> None:
        for message_id in message_ids:
            message = self._messages[message_id]
            self._messages[message_id] = replace(message, used_at=message.used_at or at)

    async def left_over(self) -> Sequence[Message]:
        assert self.tasks is not None
        waiting = [message for message in self._messages.values() if message.used_at is None]
        outcomes = {one.task_id: (await self.tasks.task(one.task_id)).outcome for one in waiting}
        found = [(one, outcomes[one.task_id]) for one in sorted(waiting, key=lambda one: one.at)]
        return [one for one, outcome in found if outcome is not None and outcome.name is not OutcomeName.CANCELLED]


class FakeParking:
    """Port `Parking`."""

    def __init__(self, tasks: Tasks, runs: Runs, events: Events, messages: FakeMessages) -> None:
        self._tasks, self._runs, self._events, self._messages = tasks, runs, events, messages
        self._parked: dict[str, Parked] = {}

    async def park(self, parked: Parked, fact: Fact) -> bool:
        is_newest = (await self._runs.run(parked.run_id)).leg.number == parked.leg
        is_over = (await self._tasks.task(parked.task_id)).outcome is not None
        if parked.run_id in self._parked or is_over or not is_newest:
            return False
        self._parked[parked.run_id] = parked
        await self._tasks.set_status(parked.task_id, Status.WAITING)
        await self._events.append(parked.task_id, fact.kind, fact.body, fact.key)
        return True

    async def go_on(
        self, parked: Parked, run: Run, facts: Sequence[Fact], enlist: Enlist, message: Message | None = None
    ) -> bool:
        is_known = message is not None and await self._messages.get(message.message_id) is not None
        if is_known or not self._let_go(parked):
            return False
        await self._runs.save_run(run)
        await self._tasks.set_status(parked.task_id, Status.QUEUED)
        if message is not None:
            await self._messages.append(message)
        for fact in facts:
            await self._events.append(parked.task_id, fact.kind, fact.body, fact.key)
        enlist(None)
        return True

    async def end(self, parked: Parked, run: Run, outcome: Outcome, fact: Fact) -> bool:
        if not self._let_go(parked):
            return False
        await self._runs.save_run(run)
        await self._tasks.set_status(parked.task_id, Status.FINISHED, outcome)
        await self._events.append(parked.task_id, fact.kind, fact.body, fact.key)
        return True

    async def of(self, task_id: str) -> Parked | None:
        return next((one for one in self._parked.values() if one.task_id == task_id), None)

    async def due(self, at: datetime) -> Sequence[Parked]:
        waiting = sorted(self._parked.values(), key=lambda one: (one.since, one.run_id))
        return [one for one in waiting if one.until is not None and one.until <= at]

    def forget(self, task_id: str) -> None:
        """Its task has ended."""
        self._parked = {run_id: one for run_id, one in self._parked.items() if one.task_id != task_id}

    def _let_go(self, parked: Parked) -> bool:
        standing = self._parked.get(parked.run_id)
        if standing is None or standing.leg != parked.leg:
            return False
        del self._parked[parked.run_id]
        return True
