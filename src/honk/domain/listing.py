"""Which tasks somebody wants listed, and where a list goes on. Pure."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass
from datetime import UTC, datetime

from honk.base.errors import UsageError
from honk.domain.task import Status, Task

MOST = 200
"""Tasks on one page."""
ALL = 1_000_000
"""More tasks than there will be."""
LONGEST_WORDS = 200
"""Of a search; what is longer is cut."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A place in the list of all tasks, the newest first; a new task never moves it."""

    created_at: datetime
    task_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """What is wanted; None and empty narrow nothing."""

    status: Status | None = None
    outcome: str | None = None
    """An `OutcomeName`; any other word finds nothing."""
    repository_ids: frozenset[str] | None = None
    """Of these alone; an empty set is none at all."""
    person_id: str | None = None
    """Asked for by this person."""
    words: str = ""
    """All in the request, in any order and any case of letters; a task's own id finds it too."""
    behind: Place | None = None
    """Only what comes after it: older tasks."""
    limit: int = 50


def words_of(listing: Listing) -> tuple[str, ...]:
    """Each word that is looked for, in lower case."""
    return tuple(listing.words[:LONGEST_WORDS].lower().split())


def is_listed(task: Task, listing: Listing) -> bool:
    """Whether the task is among those that are wanted, on whichever page."""
    return (
        listing.status in (None, task.status)
        and (listing.outcome is None or (task.outcome is not None and task.outcome.name == listing.outcome))
        and (listing.repository_ids is None or task.repository.repository_id in listing.repository_ids)
        and listing.person_id in (None, task.person_id)
        and all(word in task.prompt.lower() or task.task_id == word for word in words_of(listing))
    )


def cursor_of(task: Task) -> str:
    """The place of a task in words that fit a URL and mean nothing to anybody else."""
    return urlsafe_b64encode(f"{task.created_at.isoformat()} {task.task_id}".encode()).decode().rstrip("=")


def place_of(cursor: str) -> Place:
    """What `cursor_of` wrote.

    Raises:
        UsageError: it is no cursor of ours.
    """
    try:
        text = urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode()
        at, task_id = text.split(" ")
        created_at = datetime.fromisoformat(at)
        if created_at.tzinfo is None or not task_id:
            raise ValueError(text)
        created_at = created_at.astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise UsageError("The cursor is none of ours. Nothing was listed. Begin again without one.") from error
    return Place(created_at=created_at, task_id=task_id)
