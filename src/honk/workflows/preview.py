"""Previews at work: started when a pull request opens and when somebody looks, ended when nobody does.

What runs is known to this process alone and survives nothing; the rows say what was shown, and let it be shown again.
"""

import asyncio
import logging
import socket
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import replace
from functools import cached_property

from honk.base.clock import monotonic_seconds, now
from honk.base.errors import HonkError, UsageError
from honk.base.ids import new_id
from honk.domain.audit import HONK, Body, Who
from honk.domain.preview import Preview, PreviewState, PreviewTerms, Standing, to_make_room, why_end
from honk.preview import Copy, NotReady
from honk.preview.copy import start_copy
from honk.preview.tickets import label_of
from honk.sandbox import Sandbox
from honk.store.conversation import Fact
from honk.workflows.audited import audited
from honk.workflows.frost import refuse_frozen
from honk.workflows.house import House
from honk.workflows.preview_ground import PreviewGround, ceilings_of, ground_of, new_preview, preview_room, why_unshown
from honk.workflows.preview_looks import artifact_of, built, looked
from honk.workflows.preview_stage import Stage

P = PreviewState
STARTS = "It starts; that takes as long as the repository's own server does."
ANEW = "Honk was started anew; the preview starts again when somebody opens it."
ENDS_SECONDS = 10.0
_TELLS = frozenset({"pull_request", "merged"})
_AT_WORK = (P.STARTING, P.RUNNING)
_LIVE = (P.STARTING, P.RUNNING, P.BUILT, P.ASLEEP, P.FAILED)
_log = logging.getLogger("honk.preview")


class Previews:
    """One for each server; in any other process it does nothing."""

    def __init__(
        self, house: House, terms: PreviewTerms, key: Callable[[], bytes], *, is_walled: bool, has_hosts: bool = True
    ) -> None:
        self._house, self.terms, self._key_of = house, terms, key
        self._is_walled, self._has_hosts = is_walled, has_hosts
        self._stages: dict[str, Stage] = {}
        self._starting = asyncio.Lock()
        self._listening: asyncio.Task[None] | None = None
        self._errands: set[asyncio.Task[None]] = set()

    @cached_property
    def key(self) -> bytes:
        """Makes hosts' names, and signs what opens them."""
        return self._key_of()

    @asynccontextmanager
    async def at_work(self) -> AsyncIterator[None]:
        """Pull requests are heard of, and previews run; at its end none does."""
        await self._begin()
        try:
            yield
        finally:
            await self._end()

    async def _begin(self) -> None:
        """What ran before ran in another process, and is gone."""
        for preview in await self._house.previews.standing(_AT_WORK):
            await self._tell(replace(preview, state=P.ASLEEP, words=ANEW))
        if self.terms.is_on:
            self._listening = asyncio.create_task(self._listen())

    async def _end(self) -> None:
        listening = [self._listening] if self._listening is not None else []
        for task in (*listening, *self._errands):
            task.cancel()
            with suppress(asyncio.CancelledError, HonkError):
                await task
        await self._stop([(stage, P.ASLEEP, ANEW) for stage in self._stages.values()])

    async def look_after(self) -> None:
        """End what is idle, too old or too greedy, and what belongs to a pull request that is open no more."""
        due = [(stage, why) for stage in list(self._stages.values()) if (why := why_end(stage.standing(), self.terms))]
        for stage, why in due:
            stage.end(P.ASLEEP, why)
        for label, stage in list(self._stages.items()):
            if await self._house.previews.get(label) is None:
                stage.end(P.GONE, "Its task was deleted.")
        live = await self._house.previews.standing(_LIVE)
        are_open = await self._house.pull_requests.open_numbers() if live else ()
        for preview in live:
            if preview.number in are_open:
                continue
            if (pull_request := await self._house.pull_requests.get(preview.number)) is not None:
                await self._let_go(
                    preview, f"Pull request {preview.number} is {pull_request.state}: its preview is gone."
                )

    async def announce(self, task_id: str) -> Preview | None:
        """Start the preview of a task whose pull request opened, or has a new commit. None where it has none."""
        ground = await ground_of(self._house, task_id)
        if ground is None or ground.pull_request.state != "open":
            return None
        preview = await self._row(ground)
        for older in await self._house.previews.standing(_LIVE):
            if older.number == preview.number and older.label != preview.label:
                await self._let_go(older, "A newer commit took its place.")
        return await self._start(preview, ground, HONK)

    async def open(self, task_id: str, who: Who) -> Preview:
        """The task's newest preview, started if it does not run.

        Raises:
            UsageError: there is none, or it is gone, or nothing is started just now.
        """
        rows = await self._house.previews.of_task(task_id)
        preview = rows[-1] if rows else None
        if preview is None:
            ground = await ground_of(self._house, task_id)
            if ground is None or ground.pull_request.state != "open":
                raise UsageError(
                    "There is no preview: the task has no open pull request, or the repository's .honk.toml has no "
                    "[preview] on the base branch."
                )
            preview = await self._row(ground)
        if preview.state is P.GONE:
            raise UsageError(f"The preview is gone. {preview.words}")
        if preview.label in self._stages or preview.state is P.BUILT:
            return preview
        return await self._wake(preview, who)

    async def _wake(self, preview: Preview, who: Who) -> Preview:
        refuse_frozen(self._house.home)
        ground = await ground_of(self._house, preview.task_id)
        if ground is None or ground.change.head_sha != preview.head_sha:
            raise UsageError("The preview's commit is not the pull request's any more. Open the newest task's preview.")
        return await self._start(preview, ground, who)

    async def stop(self, task_id: str) -> bool:
        """End the task's running preview; it starts again when somebody opens it. False where none runs."""
        found = [stage for stage in self._stages.values() if stage.preview.task_id == task_id]
        await self._stop([(stage, P.ASLEEP, "It was ended by hand; it starts again when somebody opens it.")
                          for stage in found])  # fmt: skip
        return bool(found)

    async def of_task(self, task_id: str) -> Preview | None:
        """The newest; None where there is none."""
        rows = await self._house.previews.of_task(task_id)
        return (await self.of_label(rows[-1].label)) if rows else None

    async def of_label(self, label: str) -> Preview | None:
        """As it stands now."""
        if (stage := self._stages.get(label)) is not None:
            return stage.preview
        found = await self._house.previews.get(label)
        if found is not None and found.state in _AT_WORK and label not in self._stages:
            return replace(found, state=P.ASLEEP, words=ANEW)
        return found

    async def running(self) -> Mapping[str, tuple[Preview, Standing]]:
        """What is at work, with what was measured, by label."""
        return {label: (stage.preview, stage.standing()) for label, stage in self._stages.items()}

    async def wake(self, label: str, who: Who) -> Preview | None:
        """Start one that sleeps, because somebody asks it something. None where there is none."""
        preview = await self.of_label(label)
        if preview is None or preview.state is not P.ASLEEP:
            return preview
        try:
            return await self._wake(preview, who)
        except UsageError as error:
            return replace(preview, words=str(error))

    async def connect(self, label: str) -> socket.socket | None:
        """A connection to the running preview, which is thereby looked at; None where it takes none."""
        stage = self._stages.get(label)
        if stage is None or stage.copy is None:
            return None
        stage.looked = monotonic_seconds()
        try:
            return await stage.copy.connect()
        except HonkError:
            return None

    @contextmanager
    def watched(self, label: str) -> Iterator[None]:
        """While somebody is answered it is not idle, however long that takes."""
        stage = self._stages.get(label)
        if stage is None:
            yield
            return
        stage.watchers += 1
        try:
            yield
        finally:
            stage.watchers -= 1
            stage.looked = monotonic_seconds()

    async def note_opened(self, label: str, who: Who) -> None:
        """Somebody was let in."""
        if (preview := await self.of_label(label)) is None:
            return
        subject, body = _named(preview)
        await self._house.audit.write("open preview", who=who, subject=subject, body=body, came_of="done")
        if (now_is := await self.of_label(label)) is not None:
            await self._save(replace(now_is, opened=now_is.opened + 1))

    async def file(self, preview: Preview) -> bytes:
        """What was built, as it was built.

        Raises:
            NotFound: it is not kept any more.
            NotReady: what is kept is something else.
        """
        return await artifact_of(self._house, preview)

    def port_of(self, label: str) -> int | None:
        """Where the running one listens inside."""
        stage = self._stages.get(label)
        return stage.copy.port if stage is not None and stage.copy is not None else None

    async def settled(self, label: str, seconds: float) -> None:
        """Wait until it is ready, or will never be; not longer than this."""
        stage = self._stages.get(label)
        if stage is not None:
            with suppress(TimeoutError):
                async with asyncio.timeout(seconds):
                    await stage.settled.wait()

    async def _listen(self) -> None:
        async for task_ids in self._house.events.watch(_TELLS):
            for task_id in task_ids:
                self._errand(self._hear(task_id))

    async def _hear(self, task_id: str) -> None:
        """What this task's preview needs now. Nobody waits for it, so nothing of it may be lost in silence."""
        try:
            await self.announce(task_id)
            await self.look_after()
        except HonkError as error:
            _log.warning("the preview of task %s could not be seen to: %s", task_id, error)
        except Exception:  # noqa: BLE001 - a fault of ours in one preview must not end all others
            _log.exception("the preview of task %s broke", task_id)

    async def _row(self, ground: PreviewGround) -> Preview:
        """The row of this commit; made where there is none."""
        label = label_of(self.key, ground.task_id, ground.change.head_sha)
        known = await self._house.previews.get(label)
        return known or new_preview(ground, label)

    async def _start(self, preview: Preview, ground: PreviewGround, who: Who) -> Preview:
        """Begin, after whoever must make room; what comes of it is told."""
        if why_not := why_unshown(self.terms, ground, is_walled=self._is_walled, has_hosts=self._has_hosts):
            return await self._tell(replace(preview, state=P.FAILED, words=why_not))
        async with self._starting:
            if (known := self._stages.get(preview.label)) is not None:
                return known.preview
            standings = [stage.standing() for stage in self._stages.values()]
            room = "Others were looked at more recently, and only so many run at once; it starts again when opened."
            await self._stop([(self._stages[one], P.ASLEEP, room) for one in to_make_room(standings, self.terms)])
            begun = replace(preview, state=P.STARTING, words=STARTS, log="", troubles=(), ready_seconds=None)
            stage = Stage(preview=begun, ground=ground, who=who)
            self._stages[preview.label] = stage
            await self._tell(begun)
            stage.work = asyncio.create_task(self._play(stage))
            return begun

    async def _play(self, stage: Stage) -> None:
        """One preview from its start to its end, and what came of it."""
        try:
            state, words, log = await self._played(stage)
            if await self._house.previews.get(stage.preview.label) is not None:  # else its task was deleted meanwhile
                await self._tell(replace(stage.preview, state=state, words=words, log=log, ended_at=now()))
        finally:
            self._stages.pop(stage.preview.label, None)
            stage.settled.set()

    async def _played(self, stage: Stage) -> tuple[PreviewState, str, str]:
        """How it ended, in words, and the end of its log."""
        subject, body = _named(stage.preview)
        try:
            async with audited(self._house.audit, "preview", who=stage.who, subject=subject, body=body):
                is_server = stage.ground.declared.kind == "server"
                state, words = await (self._show(stage) if is_server else self._build(stage))
        except NotReady as error:
            return P.FAILED, str(error), error.log
        except HonkError as error:
            state, words = P.FAILED, str(error)
        except Exception:  # noqa: BLE001 - a fault of ours ends this preview, and says so
            _log.exception("a preview broke")
            state, words = P.FAILED, "A fault in Honk ended it; the server's log has more."
        return state, words, stage.copy.log if stage.copy is not None else stage.preview.log

    async def _build(self, stage: Stage) -> tuple[PreviewState, str]:
        """What is built needs no room any more."""
        building = asyncio.create_task(built(self._house, stage.ground, self.terms))
        await asyncio.wait((building, stage.ends), return_when=asyncio.FIRST_COMPLETED)
        if not building.done():
            building.cancel()
            with suppress(asyncio.CancelledError, HonkError):
                await building
            return stage.ends.result()
        artifact, log = await building
        seconds = round(monotonic_seconds() - stage.began, 1)
        stage.preview = replace(stage.preview, artifact=artifact, log=log, ready_seconds=seconds)
        if artifact.kind == "site":
            stage.preview = replace(stage.preview, unlooked="its pages: pictures are taken of running servers only.")
        return P.BUILT, f"{artifact.name} is built."

    async def _glance(self, stage: Stage) -> None:
        """Look at its pages, once for each commit; people need not wait for that."""
        try:
            seen = await looked(self._house, stage.ground, stage.preview, self.terms)
        except Exception:  # noqa: BLE001 - a fault of ours in a look must not end the preview
            _log.exception("a look at a preview broke")
            return
        now_is = await self.of_label(stage.preview.label)
        if now_is is not None and now_is.state in (P.RUNNING, P.ASLEEP):
            found = {name: getattr(seen, name) for name in ("pictures", "troubles", "unlooked", "pictures_of")}
            words = "It is up, and its page reports errors." if seen.troubles else now_is.words
            told = seen.unlooked and f"Not looked at: {seen.unlooked}"
            await self._tell(replace(now_is, words=words, **found), told or "Its pages were looked at.")

    def _errand(self, work: Coroutine[None, None, None]) -> None:
        """Something that nobody waits for."""
        errand = asyncio.create_task(work)
        self._errands.add(errand)
        errand.add_done_callback(self._errands.discard)

    async def _show(self, stage: Stage) -> tuple[PreviewState, str]:
        async with preview_room(self._house, stage.ground, ceilings_of(self.terms)) as sandbox:
            stage.sandbox = sandbox
            copy = await self._started(stage, sandbox)
            if copy is None:
                return stage.ends.result()
            stage.copy = copy
            seconds = round(monotonic_seconds() - stage.began, 1)
            up = replace(stage.preview, state=P.RUNNING, words="It is up.", ready_seconds=seconds)
            stage.preview = await self._tell(up)
            stage.looked = monotonic_seconds()
            stage.settled.set()
            if not up.pictures:
                self._errand(self._glance(stage))
            await asyncio.wait((copy.fate, stage.ends), return_when=asyncio.FIRST_COMPLETED)
            await copy.stop()
            return stage.ends.result() if stage.ends.done() else (P.FAILED, copy.fate.result())

    async def _started(self, stage: Stage, sandbox: Sandbox) -> Copy | None:
        """The copy, ready; None where it was to end before that."""
        starting = asyncio.create_task(start_copy(sandbox, stage.ground.declared))
        try:
            await asyncio.wait((starting, stage.ends), return_when=asyncio.FIRST_COMPLETED)
            if starting.done():
                return await starting
            return None
        finally:
            if not starting.done():
                starting.cancel()
                with suppress(asyncio.CancelledError, HonkError):
                    await starting

    async def _let_go(self, preview: Preview, why: str) -> None:
        """For good."""
        if (stage := self._stages.get(preview.label)) is not None:
            await self._stop([(stage, P.GONE, why)])
        else:
            await self._tell(replace(preview, state=P.GONE, words=why, ended_at=now()))

    async def _stop(self, ending: list[tuple[Stage, PreviewState, str]]) -> None:
        """Returns when they are gone."""
        for stage, state, words in ending:
            stage.end(state, words)
        waits = [stage.work for stage, _, _ in ending if stage.work is not None]
        if waits:
            _, late = await asyncio.wait(waits, timeout=ENDS_SECONDS)
            for task in late:
                task.cancel()
                with suppress(asyncio.CancelledError):
                    await task

    async def _tell(self, preview: Preview, told: str = "") -> Preview:
        """Save it, and tell whoever watches the task."""
        body = {"state": str(preview.state), "words": told or preview.words, "number": preview.number}
        fact = Fact("preview", {**body, "head_sha": preview.head_sha}, f"preview:{preview.label}:{new_id()}")
        return await self._save(preview, fact)

    async def _save(self, preview: Preview, *facts: Fact) -> Preview:
        if (stage := self._stages.get(preview.label)) is not None:
            stage.preview = preview
        await self._house.previews.save(preview, facts)
        return preview


def _named(preview: Preview) -> tuple[str, Body]:
    """As the audit log names it."""
    return f"task:{preview.task_id}", {"head_sha": preview.head_sha, "number": preview.number}
