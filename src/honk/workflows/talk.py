"""What people say to tasks: before, while and after the agent works."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace

from honk.base.clock import now
from honk.base.errors import HonkError, UsageError
from honk.domain.conversation import Parked
from honk.domain.limits import Limits
from honk.domain.prompt import checked_message
from honk.domain.task import Task
from honk.engine import Engine
from honk.store import Delivery, Message
from honk.store.conversation import Fact
from honk.workflows.follow_up import Accept, Linked, again, chain_of, newest_of, reply_to
from honk.workflows.house import House
from honk.workflows.journal import Journal
from honk.workflows.legs import Legs, Resumption, Spoken, Within, message_of, told

MaySteer = Callable[[str | None, str], Awaitable[bool]]
"""Whether this person still may steer tasks of this repository."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """Which task took the words."""

    task_id: str
    has_begun: bool = False
    """Whether it was begun by them, since the one that was spoken to had ended."""


@dataclass(slots=True, kw_only=True)
class Talk:
    """A sub-desk of the App."""

    house: House
    engine: Engine
    accept: Accept
    within: Within
    may_steer: MaySteer
    one_at_a_time: asyncio.Lock
    """Two replies to an ended task begin one new one: the branch is one."""

    @property
    def legs(self) -> Legs:
        """Lets parked runs go on."""
        return Legs(self.house, self.engine, self.within)

    async def say(self, task: Task, spoken: Spoken, limits: Limits) -> Said:
        """Take a person's words. An open question is answered by them; after the end they begin a linked task, under
        these limits. Said twice under one id, they are said once.

        Raises:
            UsageError: there are none, or too many; or the new task cannot be begun.
        """
        spoken = replace(spoken, text=checked_message(spoken.text))
        async with self.one_at_a_time:
            if (known := await self._said_before(task, spoken)) is not None:
                return known
            task = await newest_of(self.house, task)
            if task.outcome is not None:
                return await self._begin(await reply_to(self.house, task, spoken, limits), spoken)
            parked = await self.house.parking.of(task.task_id)
            if parked is not None and parked.question is not None:
                resumed = await self.legs.answer(task, parked.question.question_id, spoken)
                if resumed.is_first:
                    return Said(task_id=task.task_id)
            message = replace(message_of(task, spoken), used_at=None)
            fact = Fact("message", told(message), f"message:{message.message_id}")
            await self.house.messages.append(message, fact)
        return Said(task_id=task.task_id)

    async def _said_before(self, task: Task, spoken: Spoken) -> Said | None:
        """Who took the words of this id.

        Raises:
            UsageError: another conversation did.
        """
        said = await self.house.messages.get(spoken.message_id)
        begun = None if said else await self.house.tasks.delivered(_arrival(spoken))
        if said is None and begun is None:
            return None
        taker = begun or await self.house.tasks.task(said.task_id if said else "")
        if (await chain_of(self.house, taker))[-1].task_id != (await chain_of(self.house, task))[-1].task_id:
            raise UsageError(f"{spoken.message_id!r} is the id of something else that was said. Nothing was said.")
        return Said(task_id=taker.task_id, has_begun=begun is not None)

    async def answer(self, task: Task, question_id: str, spoken: Spoken) -> Resumption:
        """See `Legs.answer`.

        Raises:
            UsageError: the id is that of other words; the question still waits.
        """
        async with self.one_at_a_time:  # other words by the same id may come just now
            said = await self.house.messages.get(spoken.message_id)
            if said is not None and said.question_id != question_id:
                raise UsageError(
                    f"{spoken.message_id!r} is the id of something else that was said. Nothing was answered."
                )
            return await self.legs.answer(task, question_id, replace(spoken, text=checked_message(spoken.text)))

    async def extend(self, task: Task, spoken: Spoken) -> Resumption:
        """See `Legs.extend`."""
        return await self.legs.extend(task, spoken)

    async def retry(self, task: Task, spoken: Spoken, limits: Limits) -> Said:
        """The same once more, as a linked task.

        Raises:
            UsageError: it has not ended, or there is nothing to try again.
        """
        async with self.one_at_a_time:
            task = await newest_of(self.house, task)
            return await self._begin(await again(self.house, task, spoken, limits), None)

    async def take_left_over(self) -> None:
        """Words that came while a task was ending begin a linked one, as if they had come after its end. Where none can
        be begun now, the task says why, and it is tried again."""
        for message in await self.house.messages.left_over():
            try:
                await self._take_late(message)
            except HonkError as error:
                journal = Journal(self.house.events, message.task_id, message.message_id)
                await journal.warning(f"{message.person.name}'s last words wait for a task of their own: {error}")

    async def _take_late(self, message: Message) -> None:
        spoken = Spoken(
            person=message.person,
            person_id=message.person_id,
            text=message.text,
            message_id=f"late-{message.message_id}",
        )
        async with self.one_at_a_time:
            task = await newest_of(self.house, await self.house.tasks.task(message.task_id))
            if not await self.may_steer(message.person_id, task.repository.repository_id):
                words = f"{message.person.name}'s last words are for no task: they may not steer one here any more."
                await Journal(self.house.events, message.task_id, message.message_id).warning(words)
            elif task.outcome is None:
                late = replace(message_of(task, spoken), used_at=None)
                await self.house.messages.append(late, Fact("message", told(late), f"message:{late.message_id}"))
            elif await self.house.tasks.delivered(_arrival(spoken)) is None:
                await self._begin(await reply_to(self.house, task, spoken, None), spoken)
            await self.house.messages.use([message.message_id], now())

    async def conversation(self, task: Task) -> Sequence[Message]:
        """In the order they were said."""
        return await self.house.messages.of(task.task_id)

    async def parked(self, task_id: str) -> Parked | None:
        """None where it does not wait."""
        return await self.house.parking.of(task_id)

    async def _begin(self, linked: Linked, spoken: Spoken | None) -> Said:
        """Accept it, once for these words."""
        task = linked.task
        arrival = _arrival(spoken) if spoken else f"again-{task.task_id}"
        delivery = Delivery(delivery_id=arrival, door="said", received_at=task.created_at, body=task.prompt)
        await self.accept(task, linked.brief, linked.run, delivery)
        assert task.follows is not None
        await Journal(self.house.events, task.follows, linked.run.run_id).followed_by(task.task_id)
        return Said(task_id=task.task_id, has_begun=True)


def _arrival(spoken: Spoken) -> str:
    """The delivery by which these words begin a task."""
    return f"said-{spoken.message_id}"
