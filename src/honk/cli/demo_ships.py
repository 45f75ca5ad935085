"""What happens in the demo behind the pull request: merge, deployment, undo of what production does not bear."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass
from enum import Enum, auto
from typing import TYPE_CHECKING

from honk.cli.demo_play import Play, line_typed
from honk.cli.facts import Line
from honk.cli.progress import print_lines
from honk.domain.preview import PreviewState

if TYPE_CHECKING:
    from pathlib import Path

    from honk.app import RunResult
    from honk.store import TaskEvent

PREVIEW_SECONDS = 30.0
_UNDER_WAY = frozenset({"waiting", "running", "checking"})


class Yes(Enum):
    """Where a person said it."""

    HERE = auto()
    IN_CONSOLE = auto()
    NOWHERE = auto()


@dataclass(slots=True, kw_only=True)
class Ships:
    """The demo's person, who lets things ship."""

    play: Play
    sample: "Path"
    is_agreed: bool
    """Whether nobody is asked."""

    async def show(self, result: "RunResult", origin: str) -> None:
        """Where the change can be looked at, once it runs."""
        team, who, task_id = self.play.team, self.play.who, result.task_id
        if (preview := await team.previewing.of_task(who, task_id)) is None:
            preview = await team.previewing.open(who, task_id)
        await team.previewing.desk.settled(preview.label, PREVIEW_SECONDS)
        preview = await team.previewing.of_task(who, task_id) or preview
        told = f"preview: {preview.state}. {preview.words}".rstrip()
        opens = Line(text=f"  see it, before it ships: {origin}/tasks/{task_id}/preview/open")
        print_lines([Line(text=""), Line(text=told), *([opens] if preview.state is PreviewState.RUNNING else [])])

    async def merge(self, result: "RunResult") -> str | None:
        """The state of the deployment that follows on the merge; None where it was not merged."""
        team, who, task_id = self.play.team, self.play.who, result.task_id
        found = await team.shipping.look(who, task_id)
        assert found is not None
        number, base = found.pull_request.number, found.pull_request.base_branch
        last = (await team.lookout.sheet(who, task_id)).last
        said = await self._asked(f"Merge #{number} into {base}?", task_id, last, "approved")
        if said is Yes.NOWHERE:
            print_lines([Line(text=f"Not merged. Later: honk pr merge {number}")])
            return None
        if said is Yes.HERE:
            await team.shipping.approve(who, task_id, found.pull_request.head_sha)
        return await self._delivered(task_id, last)

    async def _delivered(self, task_id: str, after: int) -> str | None:
        """Show what happens until it is deployed, or cannot be."""
        async with aclosing(self._events(task_id, after)) as events:
            async for event in events:
                self.play.show(event)
                if event.kind == "merge_refused":
                    return None
                if event.kind == "merged":
                    await self._follow_advice(event)
                state = str(event.body.get("state"))
                if event.kind == "deployment" and state not in _UNDER_WAY:
                    return state
        return None

    async def undo(self, result: "RunResult") -> "RunResult | None":
        """Production goes back, and the reverse change is verified; None where nobody wants that."""
        team, who, task_id = self.play.team, self.play.who, result.task_id
        outlook = (await team.production.outlook(who, task_id)).outlook
        print_lines([Line(text=""), Line(text=outlook.words)])
        last = (await team.lookout.sheet(who, task_id)).last
        said = await self._asked(f"Undo #{outlook.number}?", task_id, last, "undo")
        if said is Yes.NOWHERE:
            print_lines([Line(text=f"Not undone. Later: honk undo {outlook.number}")])
            return None
        if said is Yes.HERE:
            await team.production.undo(who, task_id, outlook.merged_sha)
        async with aclosing(self._events(task_id, last)) as events:
            async for event in events:
                self.play.show(event)
                if event.kind == "reverting":
                    reverse = event.body.get("revert_task_id")
                    return await self.play.watch(str(reverse)) if reverse else None
        return None

    async def _asked(self, question: str, task_id: str, after: int, kind: str) -> Yes:
        """A question here, that a tap in the console answers as well: it leads to an event of this kind."""
        if self.is_agreed:
            return Yes.HERE
        print_lines([Line(text=f"{question} Type y here, or tap in the console. Anything else leaves it.")])
        typing = asyncio.create_task(line_typed())
        tapping = asyncio.create_task(self._first(task_id, after, kind))
        try:
            await asyncio.wait((typing, tapping), return_when=asyncio.FIRST_COMPLETED)
        finally:
            for waits in (typing, tapping):
                waits.cancel()
            await asyncio.wait((typing, tapping))
        if not tapping.cancelled():
            return Yes.IN_CONSOLE
        return Yes.HERE if typing.result().strip().lower() in ("y", "yes") else Yes.NOWHERE

    async def _first(self, task_id: str, after: int, kind: str) -> None:
        async with aclosing(self._events(task_id, after)) as events:
            async for event in events:
                if event.kind == kind:
                    return

    def _events(self, task_id: str, after: int) -> "AsyncGenerator[TaskEvent]":
        """The task's events as they come, also behind its outcome."""
        return self.play.team.app.sights.follow_on(task_id, after)

    async def _follow_advice(self, merged: "TaskEvent") -> None:
        """Honk never touches a checkout; this one is the demo's own, so the demo does what its owner would."""
        from honk.testing.sample.repository import take_merge

        if merged.body.get("has_moved"):
            return
        sha = str(merged.body.get("merged_sha"))
        await take_merge(self.sample, sha)
        print_lines([Line(text=f"  the demo, whose checkout it is, did just that: main is at {sha[:10]}")])
