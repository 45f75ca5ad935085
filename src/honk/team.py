"""The team's desk: the front desk for people with rights. Every door but the command line hands on to it."""

from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import BinaryIO

from honk.app import App, RunRequest
from honk.app import RunResult as RunResult
from honk.base.errors import UsageError
from honk.desks.audit import Auditing
from honk.desks.lookout import Lookout
from honk.desks.previews import Previewing
from honk.desks.production import Producing
from honk.desks.readers import Readers
from honk.desks.roster import Roster
from honk.desks.shipping import Shipping
from honk.domain.audit import who_of
from honk.domain.catalog import Offered
from honk.domain.conversation import Parked
from honk.domain.expectation import Expectation
from honk.domain.limits import Limits
from honk.domain.listing import Listing
from honk.domain.people import EVERYWHERE, Act, Door, Role, Visitor, must, why_not
from honk.domain.people import Refused as Refused
from honk.domain.standing import Frost, Standing
from honk.domain.task import BriefTerms, Person, Repository, Task
from honk.insight.kept import Kept
from honk.store import Message, NotFound, TaskEvent
from honk.workflows.handing import Taken
from honk.workflows.legs import Resumption, Spoken
from honk.workflows.talk import Said


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """What a request of the team gets where it says nothing: the installation's settings."""

    agent: str
    model: str
    limits: Limits


@dataclass(frozen=True, slots=True, kw_only=True)
class NewRequest:
    """What a person asks for at a team's door."""

    repository_id: str
    prompt: str
    base: str | None = None
    delivery_id: str | None = None
    """The door's own id of this arrival: the same one again, of the same person, is the same request."""
    terms: BriefTerms = field(default_factory=BriefTerms)
    max_usd: float | None = None
    """Less than the installation's limit, where the person wants that."""
    max_minutes: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnRequest:
    """What the owner of the state folder asks for on the machine itself, in any repository of theirs."""

    path: Path
    prompt: str
    base: str | None = None
    agent: str | None = None
    model: str | None = None
    max_usd: float | None = None
    max_minutes: float | None = None


class Team:
    """Built by `bootstrap`. Each method looks at the visitor's rights first, then hands on to the App."""

    def __init__(self, app: App, terms: Terms) -> None:
        self.app = app
        self.lookout = Lookout(app.sights)
        self.auditing = Auditing(app.audit)
        self.readers = Readers()
        self.roster = Roster(app)
        self.shipping = Shipping(app, self.lookout)
        self.production = Producing(app, self.lookout)
        self.previewing = Previewing(app)
        self._terms = terms

    async def repositories(self, visitor: Visitor) -> Sequence[Repository]:
        """Those that this person may at least read, by name."""
        offered = await self.app.offered_repositories()
        return [one for one in offered if why_not(visitor, Act.READ, one.repository_id) is None]

    async def catalogs(self, visitor: Visitor) -> Sequence[Offered]:
        """The same, with what each says of itself: its components, and whose they are."""
        found = await self.app.catalogs()
        return [one for one in found if why_not(visitor, Act.READ, one.repository.repository_id) is None]

    async def request(self, visitor: Visitor, wanted: NewRequest) -> Task:
        """The accepted task.

        Raises:
            Refused: the person may not ask there.
            UsageError: it cannot be carried out; nothing was begun.
            OutOfSpace: the disk has too little room; nothing was begun.
        """
        must(visitor, Act.REQUEST, wanted.repository_id)
        found = [one for one in await self.app.offered_repositories() if one.repository_id == wanted.repository_id]
        if not found:
            raise UsageError("This repository is not (any more) among those that Honk works on. Nothing was begun.")
        member = visitor.member
        return await self.app.submit(
            RunRequest(
                prompt=wanted.prompt,
                repo=Path(found[0].location),
                base=wanted.base,
                agent=self._terms.agent,
                model=self._terms.model,
                limits=_within(self._terms.limits, wanted),
                delivery_id=f"{member.person_id}:{wanted.delivery_id}" if wanted.delivery_id else None,
                door=visitor.door,
                asker=Person(name=member.name, email=member.email),
                person_id=member.person_id,
                terms=wanted.terms,
            )
        )

    async def request_own(self, visitor: Visitor, wanted: OwnRequest) -> Task:
        """As the command line asks where no server runs: a path, and terms of the owner's own choice.

        Raises:
            Refused: this is not the owner's command line.
            UsageError: it cannot be carried out; nothing was begun.
        """
        if visitor.door is not Door.COMMAND_LINE:
            raise Refused("Only the owner's own command line, on the server's machine, asks so. Nothing was done.")
        limits = self._terms.limits
        cost, wall = wanted.max_usd, wanted.max_minutes
        return await self.app.submit(
            RunRequest(
                prompt=wanted.prompt,
                repo=wanted.path,
                base=wanted.base,
                agent=wanted.agent or self._terms.agent,
                model=wanted.model or self._terms.model,
                limits=replace(
                    limits,
                    cost_usd=limits.cost_usd if cost is None else cost,
                    wall_seconds=limits.wall_seconds if wall is None else wall * 60,
                ),
                door=visitor.door,
                person_id=visitor.member.person_id,
            )
        )

    async def find(self, visitor: Visitor, listing: Listing) -> Sequence[Task]:
        """Those of the wanted ones that this person may read, the newest first."""
        if (readable := visitor.member.readable()) is not None:
            wanted = listing.repository_ids
            listing = replace(listing, repository_ids=readable if wanted is None else readable & wanted)
        return await self.app.find(listing)

    async def task(self, visitor: Visitor, task_id: str) -> Task:
        """By its id, or its beginning.

        Raises:
            NotFound: there is none, or none that this person may know of: both in the same words.
        """
        try:
            task = await self.app.task(task_id)
        except NotFound as error:
            raise NotFound(f"No task is called {task_id!r}.") from error
        if why_not(visitor, Act.READ, _place(task)) is not None:
            raise NotFound(f"No task is called {task_id!r}.")
        return task

    async def follow(self, visitor: Visitor, task_id: str, after: int = 0) -> AsyncGenerator[TaskEvent, None]:
        """The task's events as they come, to its outcome."""
        task = await self.task(visitor, task_id)
        async with aclosing(self.app.sights.follow(task.task_id, after)) as events:
            async for event in events:
                yield event

    async def result(self, visitor: Visitor, task_id: str) -> RunResult:
        """What came of it.

        Raises:
            UsageError: it has not ended yet.
        """
        task = await self.task(visitor, task_id)
        return await self.app.result(task.task_id)

    async def kept(self, visitor: Visitor, task_id: str) -> Kept:
        """Everything that is kept of it, also while it runs."""
        task = await self.task(visitor, task_id)
        return await self.app.kept(task.task_id)

    async def blob(self, visitor: Visitor, task_id: str, key: str) -> bytes:
        """A large thing that this task's own rows name.

        Raises:
            NotFound: they do not name it, or it is not kept any more.
        """
        kept = await self.kept(visitor, task_id)
        if key not in kept.blobs:
            raise NotFound(f"Task {task_id!r} names nothing that is kept under {key!r}.")
        await self.app.audit.tell_reading(who_of(visitor), kept.task.task_id, "log")
        return await self.app.diff(key)

    async def diff(self, visitor: Visitor, task_id: str) -> bytes:
        """The newest change of the task; empty where there is none."""
        result = await self.result(visitor, task_id)
        return await self.app.diff(result.diff_blob) if result.diff_blob else b""

    async def say(self, visitor: Visitor, task_id: str, text: str, message_id: str) -> Said:
        """Take a person's words for the agent; after the task's end they begin a linked one. Said twice under one id,
        they are said once.

        Raises:
            Refused: the person may not.
            UsageError: there are no words, or too many, or the linked task cannot be begun.
        """
        task = await self._steered(visitor, task_id)
        await self._refuse_withdrawn(visitor, task)
        return await self.app.talk.say(task, _spoken(visitor, text, message_id), self._terms.limits)

    async def answer(self, visitor: Visitor, task_id: str, question_id: str, text: str, message_id: str) -> Resumption:
        """Answer the agent's question; the first answer holds, and whoever came later is told whose it was.

        Raises:
            Refused: the person may not.
            UsageError: no such question was asked.
        """
        task = await self._steered(visitor, task_id)
        return await self.app.talk.answer(task, question_id, _spoken(visitor, text, message_id))

    async def extend(self, visitor: Visitor, task_id: str, message_id: str) -> Resumption:
        """Grant as much again of the limit that the task waits at, once.

        Raises:
            Refused: the person may not.
            UsageError: it does not wait at a limit.
        """
        task = await self._steered(visitor, task_id)
        must(visitor, Act.GRANT, _place(task))
        return await self.app.talk.extend(task, _spoken(visitor, "Go on.", message_id))

    async def retry(self, visitor: Visitor, task_id: str) -> Task:
        """The linked task that does the same once more.

        Raises:
            Refused: the person may not.
            UsageError: it has not ended, or there is nothing to try again.
        """
        task = await self._steered(visitor, task_id)
        await self._refuse_withdrawn(visitor, task)
        said = await self.app.talk.retry(task, _spoken(visitor, "Again.", ""), self._terms.limits)
        return await self.app.task(said.task_id)

    async def conversation(self, visitor: Visitor, task_id: str) -> Sequence[Message]:
        """What people said to it, in order."""
        return await self.app.talk.conversation(await self.task(visitor, task_id))

    async def parked(self, visitor: Visitor, task_id: str) -> Parked | None:
        """What it waits for; None where it does not wait."""
        return await self.app.talk.parked((await self.task(visitor, task_id)).task_id)

    async def _refuse_withdrawn(self, visitor: Visitor, task: Task) -> None:
        """Words to a task that goes on are welcome anywhere; where they would begin one, it must be offered still.

        Raises:
            UsageError: the owner has withdrawn the repository; the owner's own command line may go on with it.
        """
        if task.outcome is None or visitor.door is Door.COMMAND_LINE:
            return
        if _place(task) not in {one.repository_id for one in await self.app.offered_repositories()}:
            raise UsageError("This repository is not (any more) among those that Honk works on. Nothing was begun.")

    async def _steered(self, visitor: Visitor, task_id: str) -> Task:
        task = await self.task(visitor, task_id)
        must(visitor, Act.STEER, _place(task))
        return task

    async def stop(self, visitor: Visitor, task_id: str) -> None:
        """End it as cancelled; the agent is gone within 2 s, its work is kept.

        Raises:
            Refused: the person may not.
        """
        task = await self.task(visitor, task_id)
        must(visitor, Act.STEER, _place(task))
        await self.app.stop(task.task_id)

    async def take(self, visitor: Visitor, task_id: str) -> Taken:
        """Stop it, if it has not ended, and hand its work over.

        Raises:
            Refused: the person may not.
        """
        task = await self._steered(visitor, task_id)
        await self.app.stop(task.task_id)
        return await self.app.handing.take(await self.app.task(task.task_id))

    async def pack(self, visitor: Visitor, task_id: str, into: BinaryIO) -> None:
        """A pack of an ended task's work, for git.

        Raises:
            UsageError: it has not ended, or there is no work.
        """
        task = await self.task(visitor, task_id)
        await self.app.audit.tell_reading(who_of(visitor), task.task_id, "work")
        await self.app.handing.pack(task, into)

    async def give(self, visitor: Visitor, task_id: str, text: str, message_id: str, sha: str, pack: BinaryIO) -> Task:
        """The linked task that verifies and publishes a person's own commits.

        Raises:
            Refused: the person may not.
            UsageError: they cannot be taken; nothing was begun.
        """
        task = await self._steered(visitor, task_id)
        spoken = _spoken(visitor, text, message_id)
        return await self.app.handing.give(task, spoken, sha, pack, self._terms.limits)

    async def price(self, visitor: Visitor, repository_id: str) -> Expectation:
        """What a task there will probably take, by those before it.

        Raises:
            Refused: the person may not ask there.
        """
        must(visitor, Act.REQUEST, repository_id)
        return await self.app.watch.price(repository_id, self._terms.limits.cost_usd)

    def queue_position(self, task_id: str) -> int | None:
        """Its place in line, from 1; None where it waits in none."""
        return self.app.watch.admission.position(task_id)

    def waits_for(self, task_id: str) -> str | None:
        """What a task in line waits for, in words: its turn, room, a thaw, a service that is down. None: in no line."""
        return self.app.watch.admission.waits_for(task_id)

    async def freeze(self, visitor: Visitor, why: str) -> Frost:
        """Within 2 s nothing is pushed, merged or asked of a model; what runs parks with its work.

        Raises:
            Refused: the person may not.
        """
        self.must_administer(visitor)
        return await self.app.watch.freeze(why, who_of(visitor))

    async def thaw(self, visitor: Visitor) -> Frost | None:
        """Lift it; everything goes on by itself. None where it is not frozen, or by a restore: then `honk thaw`.

        Raises:
            Refused: the person may not.
        """
        self.must_administer(visitor)
        return await self.app.watch.thaw(who_of(visitor))

    async def standing(self) -> Standing:
        """Where the installation stands: slots, line, room, money, what holds everything."""
        return await self.app.watch.standing()

    async def announcements(self, visitor: Visitor, after: int = 0) -> Sequence[TaskEvent]:
        """What administrators are told: freezing and thawing, what was broken for everybody, quotas nearly used. Also
        by a token, since looking changes nothing.

        Raises:
            Refused: this person is no administrator.
        """
        if visitor.member.role_in(EVERYWHERE) is not Role.ADMIN:
            raise Refused("What is told of the installation is for administrators. Nothing was shown.")
        return await self.app.watch.announcements(after)

    def must_administer(self, visitor: Visitor) -> None:
        """Raises Refused."""
        must(visitor, Act.ADMINISTER, EVERYWHERE)


def _within(limits: Limits, wanted: NewRequest) -> Limits:
    """The installation's, or less."""
    cost, minutes = wanted.max_usd, wanted.max_minutes
    return replace(
        limits,
        cost_usd=min(limits.cost_usd, limits.cost_usd if cost is None else cost),
        wall_seconds=min(limits.wall_seconds, limits.wall_seconds if minutes is None else minutes * 60),
    )


def _spoken(visitor: Visitor, text: str, message_id: str) -> Spoken:
    member = visitor.member
    person = Person(name=member.name, email=member.email)
    return Spoken(person=person, person_id=member.person_id, text=text, message_id=message_id)


def _place(task: Task) -> str:
    return task.repository.repository_id
