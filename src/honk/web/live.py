"""One task's page for all who watch it: rendered once for each change, told to everybody, and gone with the last."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import aclosing, asynccontextmanager, suppress
from dataclasses import dataclass, field

from honk.base.errors import HonkError
from honk.domain.people import Act, why_not
from honk.domain.task import Status
from honk.entrance import SignedIn
from honk.insight.sheet import Sheet
from honk.insight.task_view import TaskView, task_view
from honk.web.pages import CALM_SECONDS, Pages

PARTS = ("head", "ship", "talk", "delivery", "preview", "proof", "diff", "rounds", "facts")
_FILES = {"talk": "story"}


def view_of(pages: Pages, sheet: Sheet, *, may_steer: bool) -> TaskView:
    """The page's values as of now."""
    is_queued = sheet.task.status is Status.QUEUED
    place = pages.team.queue_position(sheet.task.task_id) if is_queued else None
    return task_view(sheet, may_steer=may_steer, place_in_line=place)


def may_steer(who: SignedIn, sheet: Sheet) -> bool:
    """Whether this person may say something to it."""
    return why_not(who, Act.STEER, sheet.task.repository.repository_id) is None


def parts_of(pages: Pages, view: TaskView) -> dict[str, str]:
    """Each part of the page by its id, the same for all with the same right."""
    return {part: pages.render(f"task/{_FILES.get(part, part)}.html", who=None, view=view) for part in PARTS}


@dataclass(slots=True)
class Channel:
    """The newest parts, and a bell."""

    sequence: int = 0
    parts: dict[str, str] = field(default_factory=dict)
    watchers: int = 0
    grown: asyncio.Condition = field(default_factory=asyncio.Condition)
    writer: "asyncio.Task[None] | None" = None
    is_closed: bool = False


@dataclass(slots=True)
class Channels:
    """One for each task that is watched, and each right to steer it."""

    pages: Pages
    open: dict[tuple[str, bool], Channel] = field(default_factory=dict)

    @asynccontextmanager
    async def of(self, who: SignedIn, sheet: Sheet) -> AsyncIterator[Channel]:
        """Written to for as long as anybody watches."""
        steers = may_steer(who, sheet)
        key = (sheet.task.task_id, steers)
        channel = self.open.setdefault(key, Channel())
        channel.watchers += 1
        if channel.writer is None:
            channel.writer = asyncio.create_task(self._write(channel, who, sheet, steers=steers))
        try:
            yield channel
        finally:
            channel.watchers -= 1
            if not channel.watchers:
                self.open.pop(key, None)
                channel.writer.cancel()
                with suppress(asyncio.CancelledError, HonkError):
                    await channel.writer

    async def _write(self, channel: Channel, who: SignedIn, sheet: Sheet, *, steers: bool) -> None:
        """The task as it is, then again with every change, until it is deleted."""
        lookout = self.pages.team.lookout
        try:
            await self._publish(channel, sheet, steers=steers)
            async with aclosing(lookout.follow_on(sheet)) as events:
                async for event in events:
                    if event.sequence <= channel.sequence:
                        continue
                    await asyncio.sleep(CALM_SECONDS)
                    await self._publish(channel, await lookout.sheet(who, sheet.task.task_id), steers=steers)
        finally:
            channel.is_closed = True
            async with channel.grown:
                channel.grown.notify_all()

    async def _publish(self, channel: Channel, sheet: Sheet, *, steers: bool) -> None:
        channel.parts = parts_of(self.pages, view_of(self.pages, sheet, may_steer=steers))
        channel.sequence = sheet.last
        async with channel.grown:
            channel.grown.notify_all()


async def told(channel: Channel, seen: int, tell: Callable[[dict[str, str], int], str]) -> AsyncIterator[str]:
    """What looks otherwise than what this reader has seen; `seen` is the number of the event that their page is of."""
    sent: dict[str, str] = {}
    while not channel.is_closed:
        if channel.parts and (sent or channel.sequence != seen):
            changed = {part: html for part, html in channel.parts.items() if sent.get(part) != html}
            sent.update(changed)
            if changed:
                yield tell(changed, channel.sequence)
        elif channel.parts:
            sent.update(channel.parts)
        before = channel.sequence
        async with channel.grown:
            await channel.grown.wait_for(lambda: channel.sequence != before or channel.is_closed)  # noqa: B023 - awaited here
