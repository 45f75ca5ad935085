"""Tasks in the state folder itself, where no server is at work."""

import asyncio
import tempfile
from collections.abc import AsyncGenerator, Sequence
from typing import TYPE_CHECKING

from honk.base.errors import UsageError
from honk.base.ids import new_id
from honk.client import TaskDesk
from honk.domain.audit import AT_THE_MACHINE
from honk.domain.task import Status
from honk.workflows.legs import Spoken
from honk.workflows.onlook import LAST

if TYPE_CHECKING:
    from honk.app import App
    from honk.domain.limits import Limits
    from honk.domain.task import Task
    from honk.store import TaskEvent
    from honk.workflows.handing import Taken
    from honk.workflows.result import RunResult
    from honk.workflows.talk import Said

LOOK_SECONDS = 0.3
"""Between two looks at what another process writes."""


class NearDesk(TaskDesk):
    """The person at the machine speaks as whoever asked for the task."""

    def __init__(self, app: "App", limits: "Limits") -> None:
        self.app = app
        self._limits = limits

    async def tasks(self) -> "Sequence[Task]":
        """See the port."""
        return await self.app.tasks()

    async def task(self, task_id: str) -> "Task":
        """See the port."""
        return await self.app.task(task_id)

    async def follow(self, task_id: str, after: int = 0) -> "AsyncGenerator[TaskEvent, None]":
        """What another process does is looked for; what nobody does is not waited for.

        Raises:
            UsageError: nobody works on it.
        """
        while True:
            task = await self.app.task(task_id)
            for event in (await self.app.kept(task.task_id)).events:
                if event.sequence > after:
                    after = event.sequence
                    yield event
                if event.kind == LAST:
                    return
            if self.app.is_alone:
                raise UsageError(
                    f"Nobody works on task {task.task_id} now. Go on with: honk task resume {task.task_id}"
                )
            await asyncio.sleep(LOOK_SECONDS)

    async def result(self, task_id: str) -> "RunResult":
        """See the port."""
        return await self.app.result(task_id)

    async def diff(self, task_id: str) -> bytes:
        """See the port."""
        result = await self.app.result(task_id)
        return await self.app.diff(result.diff_blob) if result.diff_blob else b""

    async def say(self, task_id: str, text: str) -> "Said":
        """See the port. It is heard when the task goes on."""
        task = await self.app.task(task_id)
        return await self.app.talk.say(task, self._spoken(task, text), self._limits)

    async def stop(self, task_id: str) -> None:
        """See the port."""
        await self.app.stop(task_id)

    async def retry(self, task_id: str) -> "Task":
        """See the port."""
        task = await self.app.task(task_id)
        if task.status is not Status.FINISHED:
            raise UsageError(f"Task {task.task_id} has not ended. Nothing was begun. honk task resume goes on with it.")
        said = await self.app.talk.retry(task, self._spoken(task, "Again."), self._limits)
        return await self.app.task(said.task_id)

    async def take(self, task_id: str) -> "Taken":
        """See the port."""
        await self.app.stop(task_id)
        await self.app.audit.tell_reading(AT_THE_MACHINE, task_id, "work")
        return await self.app.handing.take(await self.app.task(task_id))

    async def pack(self, task_id: str) -> bytes:
        """See the port."""
        with tempfile.TemporaryFile() as pack:
            await self.app.handing.pack(await self.app.task(task_id), pack)
            pack.seek(0)
            return pack.read()

    async def give(self, task_id: str, words: str, sha: str, pack: bytes) -> "Task":
        """See the port."""
        task = await self.app.task(task_id)
        with tempfile.TemporaryFile() as file:
            file.write(pack)
            file.seek(0)
            return await self.app.handing.give(task, self._spoken(task, words), sha, file, self._limits)

    def _spoken(self, task: "Task", text: str) -> Spoken:
        return Spoken(person=task.asker, person_id=None, text=text, message_id=new_id(16))
