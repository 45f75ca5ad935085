"""The store in memory: one class per port, and all of them in one."""

import asyncio
from collections import Counter, defaultdict
from collections.abc import AsyncGenerator, AsyncIterator, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from honk.base.clock import now
from honk.domain.board import Filters, Lane, Listed, Scored, Watcher, is_wanted, lane_of
from honk.domain.change import PullRequest
from honk.domain.deployment import trouble_of
from honk.domain.listing import ALL, Listing, is_listed
from honk.domain.shipment import ShipmentState
from honk.domain.task import Brief, Outcome, OutcomeName, Status, Task
from honk.store import Approval, Attempt, Delivery, Enlist, NotFound, Run, StoreError, TaskEvent
from honk.testing.audit import FakeAudit
from honk.testing.forge import MemoryPullRequests
from honk.testing.ledger import FakeLedger
from honk.testing.production import FakeDeployments
from honk.testing.shipments import FakeShipments
from honk.testing.showing import FakePreviews
from honk.testing.talk import FakeMessages, FakeParking


class FakeRuns:
    """Port `Runs`."""

    def __init__(self) -> None:
        self.kept: dict[str, Run] = {}
        self.kept_attempts: dict[str, Attempt] = {}

    async def run(self, run_id: str) -> Run:
        if run_id not in self.kept:
            raise NotFound(f"No run is called {run_id!r}.")
        return self.kept[run_id]

    async def latest_run(self, task_id: str) -> Run:
        runs = [run for run in self.kept.values() if run.task_id == task_id]
        if not runs:
            raise NotFound(f"Task {task_id!r} has no run.")
        return max(runs, key=lambda run: run.started_at)

    async def save_run(self, run: Run) -> None:
        self.kept[run.run_id] = run

    async def save_attempt(self, attempt: Attempt) -> None:
        self.kept_attempts[attempt.attempt_id] = attempt

    async def attempts(self, run_id: str) -> Sequence[Attempt]:
        mine = [attempt for attempt in self.kept_attempts.values() if attempt.run_id == run_id]
        return sorted(mine, key=lambda attempt: attempt.number)

    async def all_attempts(self) -> Mapping[str, Sequence[Attempt]]:
        found: dict[str, list[Attempt]] = defaultdict(list)
        for attempt in sorted(self.kept_attempts.values(), key=lambda one: (one.run_id, one.number)):
            found[self.kept[attempt.run_id].task_id].append(attempt)
        return found


class FakeTasks:
    """Port `Tasks`. What `accept` is given as a run goes to the runs beside it."""

    def __init__(self, runs: FakeRuns) -> None:
        self._runs = runs
        self._deliveries: dict[str, str] = {}
        self._tasks: dict[str, Task] = {}
        self._briefs: dict[str, Brief] = {}
        self.parking: FakeParking | None = None
        self.deployments: FakeDeployments | None = None

    async def _read(self, task: Task) -> Task:
        if self.deployments is None:
            return task
        rows = await self.deployments.of(task.repository.repository_id)
        return replace(task, trouble=trouble_of(rows, task.task_id))

    async def accept(self, delivery: Delivery, task: Task, brief: Brief, run: Run, enlist: Enlist) -> bool:
        if delivery.delivery_id in self._deliveries:
            return False
        enlist(None)
        self._deliveries[delivery.delivery_id] = task.task_id
        self._tasks[task.task_id] = task
        self._briefs[task.task_id] = brief
        await self._runs.save_run(run)
        return True

    async def task(self, task_id: str) -> Task:
        if task_id in self._tasks:
            return await self._read(self._tasks[task_id])
        found = [task for task in self._tasks.values() if task_id and task.task_id.startswith(task_id)]
        if len(found) != 1:
            raise NotFound(f"No task, or several, are called {task_id!r}.")
        return await self._read(found[0])

    async def find(self, listing: Listing) -> Sequence[Task]:
        found = sorted(self._tasks.values(), key=lambda one: (one.created_at, one.task_id), reverse=True)
        if (behind := listing.behind) is not None:
            found = [one for one in found if (one.created_at, one.task_id) < (behind.created_at, behind.task_id)]
        wanted = [one for one in found if is_listed(one, listing)][: listing.limit]
        return [await self._read(one) for one in wanted]

    async def counts(self) -> Mapping[tuple[Status, OutcomeName | None], int]:
        return Counter((one.status, one.outcome.name if one.outcome else None) for one in self._tasks.values())

    async def delivered(self, delivery_id: str) -> Task | None:
        return self._tasks.get(self._deliveries.get(delivery_id, ""))

    async def set_status(self, task_id: str, status: Status, outcome: Outcome | None = None) -> None:
        if task_id not in self._tasks:
            raise NotFound(f"No task is called {task_id!r}.")
        self._tasks[task_id] = replace(self._tasks[task_id], status=status, outcome=outcome)
        if outcome is not None and self.parking is not None:
            self.parking.forget(task_id)

    async def replays(self, task_id: str) -> Sequence[Task]:
        return [task for task in await self.find(Listing(limit=ALL)) if task.replay_of == task_id]

    async def followers(self, task_id: str) -> Sequence[Task]:
        return [task for task in await self.find(Listing(limit=ALL)) if task.follows == task_id]

    async def brief(self, task_id: str, version: int | None = None) -> Brief:
        if task_id not in self._briefs or version not in (None, self._briefs[task_id].version):
            raise NotFound(f"No brief is kept for task {task_id!r}.")
        return self._briefs[task_id]


class FakeEvents:
    """Port `Events`."""

    def __init__(self) -> None:
        self._events: dict[str, list[TaskEvent]] = defaultdict(list)
        self._keys: set[str] = set()
        self._grown = asyncio.Condition()

    async def append(self, task_id: str, kind: str, body: Mapping[str, object], key: str | None = None) -> None:
        if key is not None and key in self._keys:
            return
        self._keys |= {key} if key is not None else set()
        events = self._events[task_id]
        events.append(TaskEvent(task_id=task_id, sequence=len(events) + 1, kind=kind, body=dict(body), at=now()))
        async with self._grown:
            self._grown.notify_all()

    async def read(self, task_id: str, after: int = 0) -> Sequence[TaskEvent]:
        return self._events[task_id][after:]

    async def follow(self, task_id: str, after: int = 0) -> AsyncGenerator[TaskEvent]:
        while True:
            for event in self._events[task_id][after:]:
                after = event.sequence
                yield event
            async with self._grown:
                await self._grown.wait_for(lambda: len(self._events[task_id]) > after)  # noqa: B023 - awaited here

    async def watch(self, kinds: frozenset[str]) -> AsyncIterator[frozenset[str]]:
        seen = self._lengths(kinds)
        yield frozenset()
        while True:
            async with self._grown:
                await self._grown.wait_for(lambda: self._lengths(kinds) != seen)  # noqa: B023 - awaited here
            lengths = self._lengths(kinds)
            grown = frozenset(task_id for task_id, length in lengths.items() if length > seen.get(task_id, 0))
            seen = lengths
            yield grown

    def _lengths(self, kinds: frozenset[str]) -> dict[str, int]:
        return {task_id: sum(one.kind in kinds for one in events) for task_id, events in self._events.items()}


class FakeApprovals:
    """Port `Approvals`."""

    def __init__(self) -> None:
        self._approvals: dict[str, Approval] = {}

    async def record(self, approval: Approval) -> bool:
        is_new = approval.approval_id not in self._approvals
        self._approvals.setdefault(approval.approval_id, approval)
        return is_new

    async def list(self, number: int) -> Sequence[Approval]:
        mine = [approval for approval in self._approvals.values() if approval.number == number]
        return sorted(mine, key=lambda approval: approval.at)


class FakeBoard:
    """Port `Board`, by asking the other rooms for everything."""

    def __init__(self, store: "FakeStore") -> None:
        self._store = store

    async def page(
        self, watcher: Watcher, filters: Filters, lane: Lane, *, before: str | None = None, limit: int = 50
    ) -> Sequence[Listed]:
        found = [one for one in await self._all(watcher, filters) if one.lane is lane]
        ids = [one.task.task_id for one in found]
        begin = 0 if before is None else ids.index(before) + 1
        return found[begin : begin + limit]

    async def counts(self, watcher: Watcher, filters: Filters) -> Mapping[Lane, int]:
        found = await self._all(watcher, filters)
        return {lane: sum(one.lane is lane for one in found) for lane in Lane}

    async def listed(self, watcher: Watcher, task_ids: Collection[str]) -> Sequence[Listed]:
        return [one for one in await self._all(watcher, Filters()) if one.task.task_id in task_ids]

    async def pull_requests(self, task_id: str) -> Sequence[PullRequest]:
        return [one for one in await self._store.pull_requests.list() if one.task_id == task_id]

    async def people(self, watcher: Watcher) -> Mapping[str, str]:
        tasks = [one.task for one in await self._all(watcher, Filters())]
        return {task.person_id: task.asker.name for task in tasks if task.person_id is not None}

    async def asked(self, watcher: Watcher, limit: int) -> Sequence[tuple[str, str]]:
        tasks = [one.task for one in await self._all(watcher, Filters())]
        return [(task.repository.repository_id, task.prompt) for task in tasks[:limit]]

    async def scores(self, watcher: Watcher, since: datetime | None) -> Sequence[Scored]:
        found = []
        for listed in reversed(await self._all(watcher, Filters())):
            task = listed.task
            if task.replay_of is None and (since is None or task.created_at >= since):
                found.append(await self._scored(listed))
        return found

    async def _scored(self, listed: Listed) -> Scored:
        task, pull_request = listed.task, listed.pull_request
        runs = [run for run in self._store.runs.kept.values() if run.task_id == task.task_id]
        merged_at = None
        if pull_request is not None and pull_request.state == "merged":
            merged_at = max((one.at for one in await self._store.approvals.list(pull_request.number)), default=None)
        return Scored(
            task_id=task.task_id,
            repository_id=task.repository.repository_id,
            asked_at=task.created_at,
            outcome=task.outcome.name if task.outcome else None,
            cost_usd=sum(run.spent.cost_usd for run in runs),
            ended_at=max(runs, key=lambda run: run.started_at).finished_at,
            merged_at=merged_at,
            is_undone=bool((await self._store.deployments.of_task(task.task_id))[1]),
        )

    async def _all(self, watcher: Watcher, filters: Filters) -> list[Listed]:
        found = []
        for task in await self._store.tasks.find(Listing(limit=ALL)):
            pull_request = next(reversed(await self.pull_requests(task.task_id)), None)
            is_open = pull_request is not None and pull_request.state == "open"
            live = await self._store.shipments.live()
            armed = next(
                (one for one in live if one.task_id == task.task_id and one.state is ShipmentState.ARMED), None
            )
            lane = lane_of(task, watcher, is_open=is_open, asked=armed.asked if armed else None)
            words = (armed.names or armed.words) if armed is not None and is_open else ""
            found.append(Listed(task=task, lane=lane, pull_request=pull_request, waits_for=words))
        return [one for one in found if is_wanted(one, watcher, filters)]


class FakeMemo:
    """Port `Memo`."""

    def __init__(self) -> None:
        self._texts: dict[str, str] = {}

    async def load(self, key: str) -> str | None:
        return self._texts.get(key)

    async def save(self, key: str, value: str) -> None:
        self._texts[key] = value


class FakeBlobs:
    """Port `Blobs`."""

    def __init__(self) -> None:
        self._blobs: dict[str, bytes] = {}

    async def put(self, key: str, data: bytes) -> str:
        if not key or key.startswith("/") or ".." in key.split("/"):
            raise StoreError(f"{key!r} is no key.")
        self._blobs[key] = data
        return key

    async def get(self, key: str) -> bytes:
        if key not in self._blobs:
            raise NotFound(f"Nothing is kept under {key}.")
        return self._blobs[key]


@dataclass(frozen=True, slots=True)
class FakeStore:
    """All of them, with the names of the real one."""

    runs: FakeRuns = field(default_factory=FakeRuns)
    events: FakeEvents = field(default_factory=FakeEvents)
    pull_requests: MemoryPullRequests = field(default_factory=MemoryPullRequests)
    approvals: FakeApprovals = field(default_factory=FakeApprovals)
    ledger: FakeLedger = field(default_factory=FakeLedger)
    memo: FakeMemo = field(default_factory=FakeMemo)
    blobs: FakeBlobs = field(default_factory=FakeBlobs)
    audit: FakeAudit = field(default_factory=FakeAudit)
    deployments: FakeDeployments = field(init=False)
    messages: FakeMessages = field(init=False)
    tasks: FakeTasks = field(init=False)
    board: FakeBoard = field(init=False)
    parking: FakeParking = field(init=False)
    shipments: FakeShipments = field(init=False)
    previews: FakePreviews = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "board", FakeBoard(self))
        object.__setattr__(self, "deployments", FakeDeployments(self.events.append))
        object.__setattr__(self, "messages", FakeMessages(self.events))
        object.__setattr__(self, "tasks", FakeTasks(self.runs))
        object.__setattr__(self, "parking", FakeParking(self.tasks, self.runs, self.events, self.messages))
        object.__setattr__(self, "previews", FakePreviews(self.events))
        object.__setattr__(self, "shipments", FakeShipments(self.tasks, self.events, self.approvals))
        self.messages.tasks, self.tasks.parking = self.tasks, self.parking
        self.tasks.deployments = self.deployments
