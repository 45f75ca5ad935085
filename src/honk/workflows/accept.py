"""How a request becomes a task: what a door hands in, and the row that comes of it."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from honk.base.clock import now
from honk.base.errors import UsageError
from honk.base.ids import new_id
from honk.domain.limits import Limits
from honk.domain.people import Door
from honk.domain.prompt import checked_prompt
from honk.domain.task import Brief, BriefTerms, Person, Repository, Task
from honk.store import Delivery
from honk.workflows.house import House
from honk.workspace import RepositoryFacts


@dataclass(frozen=True, slots=True, kw_only=True)
class RunRequest:
    """A request as a door takes it in."""

    prompt: str
    repo: Path
    base: str | None = None
    agent: str
    model: str
    limits: Limits
    delivery_id: str | None = None
    """The door's own id of this arrival; None where a door has none, as the command line."""
    door: Door = Door.COMMAND_LINE
    asker: Person | None = None
    """None: whoever the repository's git says."""
    person_id: str | None = None
    """Where they signed in."""
    terms: BriefTerms = field(default_factory=BriefTerms)


def task_of(request: RunRequest, facts: RepositoryFacts, prompt: str) -> Task:
    return Task(
        task_id=new_id(6),
        repository=Repository(repository_id=facts.repository_id, name=facts.name, location=str(facts.root)),
        base_branch=facts.base_branch,
        base_sha=facts.base_sha,
        prompt=prompt,
        asker=request.asker or facts.asker,
        agent=request.agent,
        model=request.model,
        created_at=now(),
        notes=facts.notes,
        person_id=request.person_id,
    )


def brief_of(goal: str, terms: BriefTerms) -> Brief:
    """The first version: the words as they were said, and what was settled beside them, defused and short enough.

    Raises:
        UsageError: it is too long.
    """
    return Brief(
        version=1,
        goal=goal,
        preconditions=_told(terms.preconditions),
        out_of_bounds=_told(terms.out_of_bounds),
        done_when=_told(terms.done_when),
    )


def _told(lines: Sequence[str]) -> tuple[str, ...]:
    return tuple(checked_prompt(line) for line in lines if line.strip())


def delivery_of(task: Task, delivery_id: str | None, door: Door) -> Delivery:
    """Doors that have no id of their own for an arrival get the task's."""
    arrival = delivery_id or f"{door}-{task.task_id}"
    return Delivery(delivery_id=arrival, door=str(door), received_at=task.created_at, body=task.prompt)


async def redelivered(house: House, delivery_id: str | None, prompt: str, location: str) -> Task | None:
    """The task that this very delivery made before; None where it is new.

    Raises:
        UsageError: its id was used for another request; nothing was begun.
    """
    known = await house.tasks.delivered(delivery_id) if delivery_id else None
    if known is not None and (known.prompt, known.repository.location) != (prompt, location):
        raise UsageError(
            f"This delivery's id was used for another request, which became task {known.task_id}. Nothing was begun. "
            "Give a new request an id of its own."
        )
    return known
