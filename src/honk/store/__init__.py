"""What must not be forgotten: tasks, events, evidence, money. One database, one folder of blobs."""

from collections.abc import AsyncGenerator, AsyncIterator, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from honk.base.errors import HonkError, OutOfSpace, PlatformError, UsageError
from honk.domain.board import Filters, Lane, Listed, Scored, Watcher
from honk.domain.change import Change, PullRequest
from honk.domain.conversation import Leg, TakenUp
from honk.domain.evidence import Examination, Verdict
from honk.domain.expectation import Past
from honk.domain.limits import Limits, Spent
from honk.domain.listing import Listing
from honk.domain.shipment import Approval as Approval
from honk.domain.task import Brief, Outcome, OutcomeName, Person, Repository, Status, Task

Enlist = Callable[[object], None]
"""Joins the store's transaction: called with the open (synchronous) connection, just before the commit."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """One arrival at a door. Its id makes a redelivery harmless."""

    delivery_id: str
    door: str
    """"cli", "api", "slack"..."""
    received_at: datetime
    body: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One pass of the task workflow."""

    run_id: str
    task_id: str
    limits: Limits
    started_at: datetime
    finished_at: datetime | None = None
    spent: Spent = field(default_factory=Spent)
    attempts: int = 0
    change: Change | None = None
    """The change that was published, or the last one examined."""
    examination: Examination | None = None
    verdict: Verdict | None = None
    seconds: Mapping[str, float] | None = None
    """By stage: prepare, environment, agent, verify, judge, publish, total."""
    leg: Leg = field(default_factory=Leg)
    """The newest: where it begins."""
    takes_up: TakenUp | None = None
    """What it goes on with, where its task is linked to one before."""

    @property
    def workflow_id(self) -> str:
        """Of its newest leg."""
        return self.leg.workflow_of(self.run_id)


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """One round, kept for the dataset also where it was refused."""

    attempt_id: str
    run_id: str
    number: int
    session_id: str
    prompt: str
    started_at: datetime
    finished_at: datetime | None = None
    change: Change | None = None
    examination: Examination | None = None
    verdict: Verdict | None = None
    decision: str = ""
    feedback: str = ""
    turns: int = 0
    seconds: Mapping[str, float] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskEvent:
    """An appended fact; `sequence` grows per task, without gaps."""

    task_id: str
    sequence: int
    kind: str
    body: Mapping[str, object]
    """JSON values only."""
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """What a person said to a task after its start, verbatim."""

    message_id: str
    task_id: str
    person: Person
    text: str
    at: datetime
    person_id: str | None = None
    """None where nobody signs in: the command line."""
    question_id: str | None = None
    """The question that it answers."""
    used_at: datetime | None = None
    """When the agent was handed it; None while it waits."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Holding:
    """What one task holds outside the database."""

    task: Task
    run_ids: tuple[str, ...]
    workflow_ids: tuple[str, ...]
    """Of every leg of these runs."""
    ended_at: datetime | None
    """When its newest run ended; None while one has not."""
    open_pull_requests: tuple[int, ...]
    blobs: frozenset[str]
    """Keys that its rows name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Used:
    """Of a quota."""

    used_usd: float
    reserved_usd: float


class Tasks(Protocol):
    """The truth about requests."""

    async def accept(self, delivery: Delivery, task: Task, brief: Brief, run: Run, enlist: Enlist) -> bool:
        """Delivery first, then task, brief and run, then `enlist`, in one transaction. False for a redelivery."""
        ...

    async def task(self, task_id: str) -> Task:
        """Raises:
        NotFound: no task has this id, or this beginning of an id, or several have.
        """
        ...

    async def find(self, listing: Listing) -> Sequence[Task]:
        """The newest first; of one instant, the greater id first."""
        ...

    async def counts(self) -> Mapping[tuple[Status, OutcomeName | None], int]:
        """How many there are of each kind."""
        ...

    async def delivered(self, delivery_id: str) -> Task | None:
        """What this arrival became; None where it never came, or its task was deleted since."""
        ...

    async def set_status(self, task_id: str, status: Status, outcome: Outcome | None = None) -> None:
        """With an outcome it waits for nothing any more."""
        ...

    async def replays(self, task_id: str) -> Sequence[Task]:
        """Those of exactly this task, the newest first."""
        ...

    async def followers(self, task_id: str) -> Sequence[Task]:
        """Those that go on with exactly this task, the newest first."""
        ...

    async def brief(self, task_id: str, version: int | None = None) -> Brief:
        """The newest version, or the one asked for.

        Raises:
            NotFound: there is none of this version.
        """
        ...


class Repositories(Protocol):
    """Those that a team may ask for."""

    async def offer(self, repository: Repository, at: datetime) -> None:
        """Known already: its name and place are brought up to date."""
        ...

    async def withdraw(self, repository_id: str) -> bool:
        """Offer it no more; its tasks stay. False where it was not offered."""
        ...

    async def offered(self) -> Sequence[Repository]:
        """By name."""
        ...


class Runs(Protocol):
    """Passes of the workflow, and their attempts."""

    async def run(self, run_id: str) -> Run:
        """Raises:
        NotFound: there is no such run.
        """
        ...

    async def latest_run(self, task_id: str) -> Run:
        """The task's newest run."""
        ...

    async def save_run(self, run: Run) -> None: ...

    async def save_attempt(self, attempt: Attempt) -> None:
        """Insert or replace by `attempt_id`."""
        ...

    async def attempts(self, run_id: str) -> Sequence[Attempt]: ...

    async def all_attempts(self) -> Mapping[str, Sequence[Attempt]]:
        """Of every task, by its id, in the order they were made."""
        ...


class Events(Protocol):
    """The append-only log that every view of a task is made of."""

    async def append(self, task_id: str, kind: str, body: Mapping[str, object], key: str | None = None) -> None:
        """With a key, appended once however often it is called."""
        ...

    async def read(self, task_id: str, after: int = 0) -> Sequence[TaskEvent]: ...

    def follow(self, task_id: str, after: int = 0) -> AsyncGenerator[TaskEvent]:
        """Events as they come, from this process; ends only by cancellation or `aclose`."""
        ...

    def watch(self, kinds: frozenset[str]) -> AsyncIterator[frozenset[str]]:
        """Ids of tasks whose log grew by one of these in this process since the last answer; ends as `follow` does.

        The first answer is empty and comes at once: from then on nothing is missed.
        """
        ...


class Board(Protocol):
    """What the board and the scorecard ask for: never more than a page, or a few columns, of what is kept."""

    async def page(
        self, watcher: Watcher, filters: Filters, lane: Lane, *, before: str | None = None, limit: int = 50
    ) -> Sequence[Listed]:
        """The newest first; with `before`, those behind that task."""
        ...

    async def counts(self, watcher: Watcher, filters: Filters) -> Mapping[Lane, int]:
        """How many there are in each lane."""
        ...

    async def listed(self, watcher: Watcher, task_ids: Collection[str]) -> Sequence[Listed]:
        """Those of them that the watcher sees, the newest first."""
        ...

    async def pull_requests(self, task_id: str) -> Sequence[PullRequest]: ...

    async def people(self, watcher: Watcher) -> Mapping[str, str]:
        """Who asked for what the watcher sees: names by ids."""
        ...

    async def asked(self, watcher: Watcher, limit: int) -> Sequence[tuple[str, str]]:
        """Repository ids with the words of the newest requests there."""
        ...

    async def scores(self, watcher: Watcher, since: datetime | None) -> Sequence[Scored]:
        """Of tasks asked for since then, without replays."""
        ...


class PullRequests(Protocol):
    """Rows of the built-in forge."""

    async def insert(self, key: str, pull_request: PullRequest) -> PullRequest:
        """The one of this key, with the next number of the installation, inserted if it is not there."""
        ...

    async def get(self, number: int) -> PullRequest | None: ...

    async def list(self, repository_id: str | None = None) -> Sequence[PullRequest]: ...

    async def open_numbers(self) -> frozenset[int]:
        """Of those that may still merge."""
        ...

    async def update(self, pull_request: PullRequest, *, expect_state: str) -> bool:
        """Compare and set on the state; False if somebody was faster."""
        ...


class Approvals(Protocol):
    """Who said yes to what; never changed, never deleted."""

    async def record(self, approval: Approval) -> bool:
        """False for an `approval_id` that is recorded already."""
        ...

    async def list(self, number: int) -> Sequence[Approval]:
        """Those of the pull request, in the order they were given."""
        ...


class Memo(Protocol):
    """Small remembered texts: results of base runs."""

    async def load(self, key: str) -> str | None: ...

    async def save(self, key: str, value: str) -> None: ...


class Quotas(Protocol):
    """What was spent and is reserved, by whom; and what earlier tasks took."""

    def look(self, connection: object, emails: frozenset[str] | None, since: datetime) -> Used:
        """Inside an open (synchronous) transaction. By whoever asked; None is everybody, and what no task asked for."""
        ...

    async def used(self, emails: frozenset[str] | None, since: datetime) -> Used:
        """The same by itself."""
        ...

    async def spenders(self, since: datetime) -> Sequence[str]:
        """Whose tasks cost anything."""
        ...

    async def past(self, repository_id: str, limit: int) -> Sequence[Past]:
        """How tasks of the repository ended, the newest first."""
        ...


class Blobs(Protocol):
    """Large things by key."""

    async def put(self, key: str, data: bytes) -> str:
        """The key. The same key again replaces; a half-written blob is never seen."""
        ...

    async def get(self, key: str) -> bytes:
        """Raises:
        NotFound: nothing is kept under this key.
        """
        ...


class Holdings(Protocol):
    """What tasks hold, and letting go of it."""

    async def list(self, task_id: str | None = None) -> Sequence[Holding]:
        """Of one task, or of all."""
        ...

    async def erase(self, task_id: str) -> None:
        """Delete every word of the task: prompt, messages, events, attempts. Its pull requests and their approvals stay
        as bare numbers and commits, and one event says that there was something. Erased already: nothing to do."""
        ...


class StoreError(HonkError):
    """The database or the blobs refused."""


class NotFound(StoreError):
    """Nothing of this id is kept."""


class UnknownTask(NotFound, UsageError):
    """No task has the id that was asked for, or several begin with it."""


class NewerSchema(StoreError, PlatformError):
    """The database was written by a newer Honk; nothing was touched."""


class StoreBusy(StoreError):
    """Another program keeps the database locked; nothing of what was asked was done, and it may be asked again."""


class StoreFull(StoreError, OutOfSpace):
    """The disk has no room for what was to be written; what was written before is kept."""
