"""Talking to a task: say, answer, extend, try again."""

from typing import Annotated

from fastapi import APIRouter, Depends, Header

from honk.api.entry import Entry
from honk.api.problems import responses
from honk.api.shapes import KEY, Answer, MessageOut, ParkedOut, ResumedOut, Said, SaidOut, StandingOut, TaskOut
from honk.base.ids import new_id
from honk.domain.people import Visitor
from honk.team import Team

Key = Annotated[
    str | None, Header(min_length=1, max_length=200, pattern=KEY, description="The same key again is said once.")
]


def talk_routes(team: Team, entry: Entry) -> APIRouter:
    """`/tasks/ID` and what is below it."""
    routes = APIRouter(prefix="/tasks/{task_id}", tags=["talk"])
    Who = Annotated[Visitor, Depends(entry.visitor)]

    @routes.get("/messages", responses=responses(404))
    async def list_messages(task_id: str, who: Who) -> list[MessageOut]:
        """What people said to it, in order."""
        return [MessageOut.of(one) for one in await team.conversation(who, task_id)]

    @routes.post("/messages", status_code=201, responses=responses(404, 409, 413, 507))
    async def say(task_id: str, said: Said, who: Who, idempotency_key: Key = None) -> SaidOut:
        """Say something to the agent, at any time; after the task's end it begins a linked one."""
        message_id = _message_id(who, idempotency_key)
        taken = await team.say(who, task_id, said.text, message_id)
        return SaidOut(task_id=taken.task_id, message_id=message_id, has_begun=taken.has_begun)

    @routes.get("/standing", responses=responses(404))
    async def show_standing(task_id: str, who: Who) -> StandingOut:
        """Whether it waits, and for what: a person's answer, a limit, its turn."""
        parked = await team.parked(who, task_id)
        task = await team.task(who, task_id)
        return StandingOut(
            parked=ParkedOut.of(parked) if parked else None,
            queue_position=team.queue_position(task.task_id),
            waits_for=team.waits_for(task.task_id),
        )

    @routes.post("/answer", responses=responses(404, 409, 413))
    async def answer_question(task_id: str, answer: Answer, who: Who, idempotency_key: Key = None) -> ResumedOut:
        """Answer the question that it waits with. The first answer holds."""
        message_id = _message_id(who, idempotency_key)
        done = await team.answer(who, task_id, answer.question_id, answer.text, message_id)
        return ResumedOut(is_first=done.is_first, words=done.words)

    @routes.post("/extend", responses=responses(404, 409))
    async def extend_limit(task_id: str, who: Who, idempotency_key: Key = None) -> ResumedOut:
        """Grant as much again of the limit that it waits at, once."""
        done = await team.extend(who, task_id, _message_id(who, idempotency_key))
        return ResumedOut(is_first=done.is_first, words=done.words)

    @routes.post("/retry", status_code=201, responses=responses(404, 409, 507))
    async def retry_task(task_id: str, who: Who) -> TaskOut:
        """Try an ended task again, as a linked one."""
        return TaskOut.of(await team.retry(who, task_id))

    return routes


def _message_id(who: Visitor, key: str | None) -> str:
    """The caller's own, so that saying it again says it once; no two people share one."""
    return f"{who.member.person_id}:{key}" if key else new_id(12)
