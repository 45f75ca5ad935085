"""What people say while a run is under way, and how the agent hears of it: all of it, in order."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import aclosing, asynccontextmanager, suppress

from honk.agent import Session
from honk.base.clock import now
from honk.domain.task import Saying
from honk.store import Message
from honk.workflows.house import House
from honk.workflows.journal import Journal


async def sayings(house: House, task_id: str) -> tuple[Saying, ...]:
    """What agents were handed so far, in order."""
    used = [one for one in await house.messages.of(task_id) if one.used_at is not None]
    questions: dict[object, str] = {}
    if any(one.question_id for one in used):
        asked = [event.body for event in await house.events.read(task_id) if event.kind == "asked"]
        questions = {body.get("question_id"): str(body.get("text", "")) for body in asked}
    return tuple(saying(one, questions.get(one.question_id, "")) for one in used)


def saying(message: Message, question: str = "") -> Saying:
    """Her name is the one she had then."""
    return Saying(person=message.person.name, text=message.text, question=question)


async def hear(house: House, journal: Journal) -> tuple[Saying, ...]:
    """Use what waits: it goes into the next prompt. Done again, it is used already, and stays part of all that was
    said."""
    await use(house, journal, await house.messages.waiting(journal.task_id))
    return await sayings(house, journal.task_id)


async def use(house: House, journal: Journal, messages: Sequence[Message]) -> None:
    """Remember that the agent was handed them."""
    if messages:
        await house.messages.use([one.message_id for one in messages], now())
        for one in messages:
            await journal.heard(one.message_id)


@asynccontextmanager
async def speaking_into(house: House, journal: Journal, session: Session) -> AsyncIterator[None]:
    """Meanwhile the running agent is told what people say, as they say it. What it does not take waits for its end."""

    async def tell() -> None:
        async with aclosing(house.messages.follow(journal.task_id)) as following:
            async for waiting in following:
                for message in waiting:
                    if not await session.message(saying(message).words):
                        return
                    await use(house, journal, [message])

    telling = asyncio.create_task(tell())
    try:
        yield
    finally:
        telling.cancel()
        with suppress(asyncio.CancelledError):
            await telling
