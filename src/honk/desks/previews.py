"""The team's desk of previews: each method looks at the visitor's rights first, then hands on."""

from collections.abc import Sequence

from honk.app import App
from honk.base.clock import monotonic_seconds
from honk.domain.audit import who_of
from honk.domain.people import Act, Door, Visitor, must, why_not
from honk.domain.preview import Preview, Standing
from honk.domain.task import Task
from honk.preview.png import checked_png
from honk.store import NotFound
from honk.workflows.preview import Previews

_REMEMBERED_SECONDS = 5.0
"""How long somebody who left may still look at a preview that they have open."""


class Previewing:
    """Handed out by the team's desk."""

    def __init__(self, app: App) -> None:
        self._app = app
        self._may: dict[tuple[str, str], tuple[float, bool]] = {}

    @property
    def desk(self) -> Previews:
        """Without rights: for the previews' own hosts, which look at passes."""
        return self._app.previews

    async def open(self, visitor: Visitor, task_id: str) -> Preview:
        """The task's newest preview, started if it does not run.

        Raises:
            NotFound: there is no such task, or none that this person may know of.
            UsageError: it has no preview, or that is gone.
        """
        return await self.desk.open((await self._task(visitor, task_id)).task_id, who_of(visitor))

    async def of_task(self, visitor: Visitor, task_id: str) -> Preview | None:
        """The newest that the task has; None where it has none."""
        return await self.desk.of_task((await self._task(visitor, task_id)).task_id)

    async def picture(self, visitor: Visitor, task_id: str, key: str) -> bytes:
        """A PNG that the task's newest preview names.

        Raises:
            NotFound: it names none so, or it is not kept any more.
        """
        preview = await self.of_task(visitor, task_id)
        named = [one for shown in (preview.pictures if preview else ()) for one in (shown.before, shown.after)]
        if key not in named:
            raise NotFound("This task has no such picture.")
        return checked_png(await self._app.diff(key))

    async def of_label(self, visitor: Visitor, label: str) -> Preview:
        """By its host's name.

        Raises:
            NotFound: there is none, or none that this person may see.
        """
        preview = await self.desk.of_label(label)
        if preview is None or why_not(visitor, Act.READ, preview.repository_id) is not None:
            raise NotFound("There is no such preview.")
        return preview

    async def stop(self, visitor: Visitor, task_id: str) -> bool:
        """End the running one; False where none runs.

        Raises:
            Refused: the person may not.
        """
        task = await self._task(visitor, task_id)
        must(visitor, Act.STEER, task.repository.repository_id)
        return await self.desk.stop(task.task_id)

    async def running(self, visitor: Visitor) -> Sequence[tuple[Preview, Standing]]:
        """What runs now, as far as this person may see it."""
        found = (await self.desk.running()).values()
        return [one for one in found if why_not(visitor, Act.READ, one[0].repository_id) is None]

    async def may_look(self, person_id: str, preview: Preview) -> bool:
        """Whether somebody who was let in is somebody who may still see it."""
        key = (person_id, preview.repository_id)
        at, is_let = self._may.get(key, (0.0, False))
        if monotonic_seconds() - at > _REMEMBERED_SECONDS:
            member = await self._app.people.people.find(person_id=person_id)
            visitor = Visitor(member=member, door=Door.CONSOLE) if member is not None else None
            is_let = visitor is not None and why_not(visitor, Act.READ, preview.repository_id) is None
            self._may = {one: told for one, told in self._may.items() if one != key}
            self._may[key] = (monotonic_seconds(), is_let)
        return is_let

    async def _task(self, visitor: Visitor, task_id: str) -> Task:
        try:
            task = await self._app.task(task_id)
        except NotFound as error:
            raise NotFound(f"No task is called {task_id!r}.") from error
        if why_not(visitor, Act.READ, task.repository.repository_id) is not None:
            raise NotFound(f"No task is called {task_id!r}.")
        return task
