"""Where a task stands for whoever looks: it runs, waits for them, waits for others, or has ended. Pure."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from honk.domain.change import PullRequest
from honk.domain.listing import Listing, is_listed
from honk.domain.task import OutcomeName, Status, Task


class Lane(StrEnum):
    """The four parts of the board. An open pull request waits for a person, though its task has ended."""

    RUNS = "runs"
    MINE = "mine"
    """Waits for me."""
    OTHERS = "others"
    """Waits for others."""
    ENDED = "ended"


@dataclass(frozen=True, slots=True, kw_only=True)
class Watcher:
    """Who looks, as far as it decides what is shown and where."""

    person_id: str
    has_unsigned: bool = False
    """Whether tasks that nobody signed in for, those of the command line, are theirs."""
    sees: frozenset[str] | None = None
    """Repositories by their ids; None is every one."""
    approves: frozenset[str] | None = frozenset()
    """Those where what ships is theirs to decide; None is every one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Filters:
    """What of the board is wanted; empty is everything."""

    repository_id: str = ""
    person_id: str = ""
    outcome: str = ""
    words: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """A task on the board."""

    task: Task
    lane: Lane
    pull_request: PullRequest | None = None
    """Its newest."""
    waits_for: str = ""
    """Whose yes an armed merge of it waits for, in words."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scored:
    """What the scorecard needs to know of a task."""

    task_id: str
    repository_id: str
    asked_at: datetime
    outcome: OutcomeName | None
    cost_usd: float
    ended_at: datetime | None = None
    merged_at: datetime | None = None
    is_undone: bool = False
    """Whether a person took its merge back."""


def lane_of(task: Task, watcher: Watcher, *, is_open: bool, asked: Collection[str] | None = None) -> Lane:
    """`is_open`: whether a pull request of it waits to be merged. `asked`: ids of those whose yes an armed merge waits
    for; None where none is armed."""
    if task.status in (Status.QUEUED, Status.RUNNING):
        return Lane.RUNS
    if task.status is Status.FINISHED and task.trouble is not None:
        may = watcher.approves is None or task.repository.repository_id in watcher.approves
        return Lane.MINE if may else Lane.OTHERS
    if is_open and asked is not None:
        return Lane.MINE if watcher.person_id in asked else Lane.OTHERS
    if task.status is Status.WAITING or is_open:
        return Lane.MINE if is_mine(task, watcher) else Lane.OTHERS
    return Lane.ENDED


def is_mine(task: Task, watcher: Watcher) -> bool:
    """Whether the watcher asked for it."""
    return watcher.has_unsigned if task.person_id is None else task.person_id == watcher.person_id


def listing_of(watcher: Watcher, filters: Filters) -> Listing:
    """What the filters want, of what the watcher may see."""
    wanted = frozenset({filters.repository_id}) if filters.repository_id else None
    seen = watcher.sees
    return Listing(
        outcome=filters.outcome or None,
        repository_ids=wanted if seen is None else seen if wanted is None else seen & wanted,
        person_id=filters.person_id or None,
        words=filters.words,
    )


def is_wanted(listed: Listed, watcher: Watcher, filters: Filters) -> bool:
    """Whether the watcher may see it, and their filters let it through."""
    return is_listed(listed.task, listing_of(watcher, filters))
