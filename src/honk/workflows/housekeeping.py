"""Housekeeping: looks at what lies in the state folder, and deletes what the rules let go.

Each thing is renamed aside first, which happens whole or not at all, and then removed: what a death leaves in `trash`
is swept by the next time, and nothing half deleted is ever found in its place.
"""

import asyncio
import contextlib
import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path

from honk.base.clock import monotonic_seconds, now
from honk.base.disk import free_bytes, held_bytes
from honk.base.errors import HonkError, OutOfSpace
from honk.base.ids import new_id
from honk.domain.conversation import run_of
from honk.domain.retention import Item, Kind, Removal, Rules, plan_removals
from honk.domain.task import Status
from honk.engine import Records
from honk.sandbox.state import remove_state
from honk.store import Holding, Holdings
from honk.workspace.shelves import Needed, alone_with, item_of, stock, template_name, used_at

_UNITS = (("TiB", 40), ("GiB", 30), ("MiB", 20))
TRASH = "trash"
STAMP = "last-gc"
"""Its time is that of the last housekeeping."""
TIDY_EVERY = timedelta(days=1)
TIDY_SECONDS = 2.0
"""What a run may lose to housekeeping, once a day; where that is not enough, the next run goes on with it."""
_PLACES = {
    Kind.LITTER: (".restoring-*", "honk-probe-*", "doctor-*", "backup-*", "*.part", "blobs/*/*#*"),
    Kind.DEMO: ("demo/*",),
    Kind.BACKUP: ("honk.db.before-*[!t]", "replaced-*"),
    Kind.FAULT_LOG: ("logs/*",),
    Kind.AGENT_STATE: ("agent/*",),
    Kind.DIFF: ("blobs/diffs/*.diff",),
    Kind.LOG: ("blobs/environments/*.log", "blobs/verifier/*.log", "blobs/deployments/*.log", "blobs/previews/*"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What housekeeping would do."""

    removals: tuple[Removal, ...]
    kept: tuple[Item, ...]
    is_whole: bool = True
    """False where not everything was measured, for want of time."""

    @property
    def gives_back(self) -> int:
        """Bytes."""
        return sum(removal.item.size_bytes for removal in self.removals)


@dataclass(frozen=True, slots=True, kw_only=True)
class Swept:
    """What housekeeping did."""

    removed: tuple[Removal, ...]
    left: tuple[tuple[Removal, str], ...]
    """What could not be deleted, and why."""
    free_bytes: int
    """On the disk, afterwards."""

    @property
    def gave_back(self) -> int:
        """Bytes."""
        return sum(removal.item.size_bytes for removal in self.removed)


def _unheard(removal: Removal) -> None:
    """Nobody listens."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Housekeeper:
    """Only for the owner of the state folder."""

    home: Path
    holdings: Holdings
    records: Records
    rules: Rules
    min_free_bytes: int
    began_at: datetime = field(default_factory=now)
    """Since when we own the state folder: what is half made and older was left by the dead."""

    async def plan(self, deadline: float | None = None) -> Plan:
        """What is there, and what of it may go. After the deadline (of the monotonic clock) nothing more is measured.

        Raises:
            HonkError: the database refused.
        """
        holdings = await self.holdings.list()
        rows = [
            Item(kind=Kind.ENGINE_ROW, name=one.workflow_id, used_at=one.ended_at) for one in await self.records.ended()
        ]
        measure = _Measure(deadline)
        things = await asyncio.to_thread(lambda: list(inventory(self.home, holdings, measure, self.began_at)))
        items = [*things, *_of_unfinished(rows, holdings)]
        removals = plan_removals(items, self.rules, now())
        going = {removal.item for removal in removals}
        kept = tuple(item for item in items if item not in going)
        return Plan(removals=removals, kept=kept, is_whole=not measure.is_late)

    async def sweep(
        self, plan: Plan, tell: Callable[[Removal], None] = _unheard, deadline: float | None = None
    ) -> Swept:
        """Carry the plan out, as far as the deadline lets; `tell` hears of each deletion. On cancellation, and at the
        deadline, what was renamed aside waits in the trash."""
        await self._empty_trash(deadline)
        removed: list[Removal] = []
        left: list[tuple[Removal, str]] = []
        rows = [removal for removal in plan.removals if removal.item.kind is Kind.ENGINE_ROW]
        for removal in (one for one in plan.removals if one.item.kind is not Kind.ENGINE_ROW):
            if _is_past(deadline):
                left.append((removal, "there was no time for it"))
                continue
            try:
                why_not = await asyncio.to_thread(self._put_aside, removal.item)
                await self._empty_trash(deadline)
            except (OSError, HonkError) as error:
                why_not = str(error)
            if why_not:
                left.append((removal, why_not))
                continue
            removed.append(removal)
            tell(removal)
        await self.records.forget([removal.item.name for removal in rows])
        for removal in rows:
            removed.append(removal)
            tell(removal)
        if not _is_past(deadline):
            (self.home / STAMP).touch()
        return Swept(removed=tuple(removed), left=tuple(left), free_bytes=free_bytes(self.home))

    async def tidy(self) -> Swept | None:
        """A light housekeeping where the last whole one is older than a day; bounded in time, and no fault of it is
        anybody's. What it did not reach is left to the next run, or to `honk gc`."""
        stamp = used_at(self.home / STAMP)
        if stamp is not None and abs(now() - stamp) < TIDY_EVERY:
            return None
        deadline = monotonic_seconds() + TIDY_SECONDS
        with contextlib.suppress(HonkError, OSError):
            return await self.sweep(await self.plan(deadline), deadline=deadline)
        return None

    async def refuse_low_disk(self) -> None:
        """Raises:
        OutOfSpace: a new run might hurt those that go on already; says what housekeeping would give back.
        """
        if (free := free_bytes(self.home)) >= self.min_free_bytes:
            return
        plan = await self.plan()
        raise OutOfSpace(
            f"There are {size_words(free)} free where {self.home} lies, and a new run needs "
            f"{size_words(self.min_free_bytes)} (retention.min_free_mib), so that those that go on are not hurt. "
            f"Nothing was begun. honk gc gives back about {size_words(plan.gives_back)}; "
            "honk gc --dry-run shows what of."
        )

    def _put_aside(self, item: Item) -> str:
        """Rename the thing into the trash; why not, where it is not free."""
        place = self.home / item.name
        with alone_with(self.home, item.name) as is_alone:
            if not is_alone:
                return "it is in use"
            if (used := used_at(place)) is None:
                return ""
            if item.kind in _BY_OWN_TIME and used > item.used_at:
                return "it was used meanwhile"
            trash = self.home / TRASH
            trash.mkdir(mode=0o700, exist_ok=True)
            place.rename(trash / new_id())
        return ""

    async def _empty_trash(self, deadline: float | None) -> None:
        for rest in await asyncio.to_thread(lambda: list((self.home / TRASH).glob("*"))):
            if _is_past(deadline):
                return
            await remove_state(rest, must_leave=lambda: _is_past(deadline))


_BY_OWN_TIME = frozenset({Kind.TEMPLATE, Kind.ENVIRONMENT})
"""Whose time is touched by each use."""


class _Measure:
    """Sizes, until there is no time left."""

    def __init__(self, deadline: float | None) -> None:
        self._deadline = deadline
        self.is_late = False

    def __call__(self, place: Path) -> int:
        self.is_late = self.is_late or _is_past(self._deadline)
        return 0 if self.is_late else held_bytes(place)


def inventory(
    home: Path, holdings: Sequence[Holding], measure: Callable[[Path], int], began_at: datetime
) -> Iterator[Item]:
    """Everything below the state folder that could go, with who needs it."""
    unfinished = {one.task.task_id: one for one in holdings if one.task.status is not Status.FINISHED}
    runs = {run_id: _words(one) for one in unfinished.values() for run_id in one.run_ids}
    templates = {
        template_name(home, one.task.repository, one.task.base_sha): _words(one) for one in unfinished.values()
    }
    ends = {run_id: one.ended_at for one in holdings for run_id in one.run_ids if one.ended_at}
    for item in stock(home, Needed(runs=runs, templates=templates), measure, began_at):
        yield _not_before(item, ends)
    keepers = _keepers(home, holdings)
    for kind, patterns in _PLACES.items():
        for place in (place for pattern in patterns for place in home.glob(pattern)):
            item = item_of(home, place, kind, measure, keepers.get(str(place.relative_to(home)), ""))
            if kind is not Kind.LITTER or item.used_at < began_at:
                yield _not_before(item, ends)


def _keepers(home: Path, holdings: Sequence[Holding]) -> dict[str, str]:
    """Who needs what beside the shelves, by its name below the state folder: diffs are kept with their task; agents'
    sessions as long as their task may go on; logs and demo repositories as long as it is not at its end."""
    needed: dict[str, str] = {}
    demos = (home / "demo").resolve()
    for one in holdings:
        words, is_over = _words(one), one.task.status is Status.FINISHED
        needed |= {f"blobs/{key}": words for key in one.blobs if not is_over or key.startswith("diffs/")}
        if is_over and not one.open_pull_requests:
            continue
        needed |= {f"agent/{run_id}": words for run_id in one.run_ids}
        with contextlib.suppress(ValueError, IndexError):
            demo = Path(one.task.repository.location).relative_to(demos).parts[0]
            needed[f"demo/{demo}"] = words
    return needed


def _words(holding: Holding) -> str:
    if holding.open_pull_requests:
        return f"task {holding.task.task_id}, pull request {holding.open_pull_requests[0]} is open"
    return f"task {holding.task.task_id}, {holding.task.status}"


def _not_before(item: Item, ends: dict[str, datetime]) -> Item:
    """A run's things were used until the run's end, at least."""
    end = ends.get(os.path.basename(item.name))  # noqa: PTH119 - no path of this machine
    return replace(item, used_at=end) if end is not None and end > item.used_at else item


def _of_unfinished(rows: Sequence[Item], holdings: Sequence[Holding]) -> list[Item]:
    """Rows of a workflow that ended while its task did not are what the task's end will be told from."""
    words = {
        run_id: _words(one) for one in holdings for run_id in one.run_ids if one.task.status is not Status.FINISHED
    }
    return [replace(row, needed_by=words.get(run_of(row.name)[0], "")) for row in rows]


def _is_past(deadline: float | None) -> bool:
    return deadline is not None and monotonic_seconds() > deadline


def size_words(size: int) -> str:
    """A size as people read it."""
    unit, factor = next(((unit, 1 << bits) for unit, bits in _UNITS if size >= 1 << bits), ("KiB", 1 << 10))
    return f"{size / factor:.{0 if unit == 'KiB' else 1}f} {unit}"
