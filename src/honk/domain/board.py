"""Where a task stands for whoever looks: it runs, waits for them, waits for others, or has ended. Pure."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from honk.domain.change import PullRequest
from honk.domain.task import OutcomeName, Status, Task

LONGEST_WORDS = 200
"""Of a search; what is longer is cut."""


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


def lane_of(task: Task, watcher: Watcher, *, is_open: bool) -> Lane:
    """`is_open`: whether a pull request of it waits to be merged."""
    if task.status in (Status.QUEUED, Status.RUNNING):
        return Lane.RUNS
    if task.status is Status.WAITING or is_open:
        return Lane.MINE if is_mine(task, watcher) else Lane.OTHERS
    return Lane.ENDED


def is_mine(task: Task, watcher: Watcher) -> bool:
    """Whether the watcher asked for it."""
    return watcher.has_unsigned if task.person_id is None else task.person_id == watcher.person_id


def words_of(filters: Filters) -> tuple[str, ...]:
    """The words that a request must hold, all of them, in any order."""
    return tuple(filters.words[:LONGEST_WORDS].lower().split())


def is_wanted(listed: Listed, watcher: Watcher, filters: Filters) -> bool:
    """Whether the watcher may see it, and their filters let it through."""
    task = listed.task
    if watcher.sees is not None and task.repository.repository_id not in watcher.sees:
        return False
    outcome = str(task.outcome.name) if task.outcome else ""
    return (
        filters.repository_id in ("", task.repository.repository_id)
        and filters.person_id in ("", task.person_id)
        and filters.outcome in ("", outcome)
        and all(word in task.prompt.lower() or task.task_id == word for word in words_of(filters))
    )
