"""What goes over the wire: requests as they must be, answers as they are."""

from datetime import datetime
from typing import Annotated

from pydantic import BaseModel, Field, StringConstraints

from honk.domain.catalog import Offered
from honk.domain.conversation import Parked, ParkKind
from honk.domain.limits import LimitName
from honk.domain.task import Brief, OutcomeName, Status, Task, Trouble
from honk.store import Message

BRANCH = r"^[^\x00-\x20\x7f~^:?*\[\\\-][^\x00-\x20\x7f~^:?*\[\\]*$"
"""As git has it: neither an option nor a pattern."""
PATH = r"^/[^\x00]*$"
KEY = r"^[\x21-\x7e]+$"

Words = Annotated[str, StringConstraints(min_length=1, max_length=65_536, strip_whitespace=True, pattern=r"\S")]


class Shape(BaseModel, extra="forbid"):
    """A request; a misspelt field is an error, not a silence."""


class TaskRequest(Shape):
    """A request for a change."""

    repository_id: str = Field(min_length=1, max_length=200, description="As `GET /repositories` has it.")
    prompt: Words = Field(description="What is to be done.")
    base: str | None = Field(None, max_length=250, pattern=BRANCH, description="The branch to start from.")
    max_usd: float | None = Field(
        None, ge=0.01, le=10_000, description="Spend no more than this; the server's limit holds."
    )
    max_minutes: float | None = Field(None, ge=0.1, le=1440, description="Take no longer.")


class OwnTaskRequest(Shape):
    """As the owner's command line asks."""

    path: str = Field(
        min_length=1, max_length=4096, pattern=PATH, description="Of a repository on the server's machine."
    )
    prompt: Words
    base: str | None = Field(None, max_length=250, pattern=BRANCH)
    agent: str | None = Field(None, min_length=1, max_length=1000)
    model: str | None = Field(None, min_length=1, max_length=200)
    max_usd: float | None = Field(None, ge=0.01, le=1_000_000)
    max_minutes: float | None = Field(None, ge=0.1, le=1_000_000)


class Said(Shape):
    """Words to a task."""

    text: Words


class Answer(Shape):
    """An answer to the question that a task waits with."""

    question_id: str = Field(min_length=1, max_length=200)
    text: Words


class SaidOut(BaseModel):
    """Where words went."""

    task_id: str = Field(description="The task that took them: the same, or, after its end, a new one that goes on.")
    message_id: str
    has_begun: bool = Field(description="Whether they began that task.")


class ResumedOut(BaseModel):
    """What an answer or an extension did."""

    is_first: bool = Field(description="False where somebody was faster: theirs holds.")
    words: str


class QuestionOut(BaseModel):
    """What the agent asks."""

    question_id: str
    text: str
    choices: list[str]
    recommended: str


class ParkedOut(BaseModel):
    """What a task waits for."""

    kind: ParkKind
    words: str = Field(description="For a person.")
    question: QuestionOut | None
    limit: LimitName | None
    since: datetime
    until: datetime | None = Field(description="When it ends as needs_human.")

    @classmethod
    def of(cls, parked: Parked) -> "ParkedOut":
        asked = parked.question
        question = None if asked is None else QuestionOut(
            question_id=asked.question_id, text=asked.text, choices=list(asked.choices), recommended=asked.recommended
        )  # fmt: skip
        return cls(kind=parked.kind, words=parked.words, question=question, limit=parked.limit, since=parked.since,
                   until=parked.until)  # fmt: skip


class StandingOut(BaseModel):
    """Whether a task waits, and for what."""

    parked: ParkedOut | None
    queue_position: int | None = Field(description="Its place in line, from 1.")
    waits_for: str | None = Field(description="What it waits for in line, in words.")


class PriceOut(BaseModel):
    """What a task in a repository will probably take, by those before it."""

    words: str
    seconds: float
    usd: float
    merged: int
    opened: int
    of: int = Field(description="How many tasks this rests on; 0 says nothing.")
    cap_usd: float


class RepositoryOut(BaseModel):
    """A repository that can be asked for."""

    repository_id: str
    name: str
    components: list[str] = Field(description="What its catalog-info.yaml calls its parts.")
    owners: list[str] = Field(description="Whose they are, by the same file.")

    @classmethod
    def of(cls, offered: Offered) -> "RepositoryOut":
        said = offered.catalog
        return cls(
            repository_id=offered.repository.repository_id,
            name=offered.repository.name,
            components=list(said.names),
            owners=list(said.owners),
        )


class TaskOut(BaseModel):
    """A task."""

    task_id: str
    repository_id: str
    repository: str = Field(description="Its name.")
    base_branch: str
    base_sha: str
    prompt: str
    asker: str = Field(description="The name of whoever asked.")
    agent: str
    model: str
    status: Status
    outcome: OutcomeName | None = Field(description="How it ended; null before that.")
    reason: str | None = Field(description="Why, for a person.")
    notes: list[str]
    created_at: datetime
    replay_of: str | None
    follows: str | None = Field(description="The ended task that this one goes on with.")
    trouble: Trouble | None = Field(
        description="How the deployment of its merge came to no good end; null where it did, or a newer one is well."
    )

    @classmethod
    def of(cls, task: Task) -> "TaskOut":
        return cls(
            task_id=task.task_id,
            repository_id=task.repository.repository_id,
            repository=task.repository.name,
            base_branch=task.base_branch,
            base_sha=task.base_sha,
            prompt=task.prompt,
            asker=task.asker.name,
            agent=task.agent,
            model=task.model,
            status=task.status,
            outcome=task.outcome.name if task.outcome else None,
            reason=task.outcome.reason if task.outcome else None,
            notes=list(task.notes),
            created_at=task.created_at,
            replay_of=task.replay_of,
            follows=task.follows,
            trouble=task.trouble,
        )


class TaskPage(BaseModel):
    """Some tasks, the newest first."""

    tasks: list[TaskOut]
    next: str | None = Field(description="The `cursor` of the page behind this one; null on the last.")


class MessageOut(BaseModel):
    """What a person said to a task."""

    message_id: str
    task_id: str
    person: str
    text: str
    at: datetime
    question_id: str | None
    used_at: datetime | None = Field(description="When the agent was handed it.")

    @classmethod
    def of(cls, message: Message) -> "MessageOut":
        return cls(
            message_id=message.message_id,
            task_id=message.task_id,
            person=message.person.name,
            text=message.text,
            at=message.at,
            question_id=message.question_id,
            used_at=message.used_at,
        )


class TakenOut(BaseModel):
    """What a person takes into their own checkout."""

    task_id: str = Field(description="The newest of the conversation.")
    branch: str
    base_branch: str
    base_sha: str
    head_sha: str | None = Field(description="Null where the agent had changed nothing; then there is no pack.")
    brief: Brief
    pull_request: int | None


class EventOut(BaseModel):
    """The `data` of a server-sent event: one fact of a task."""

    task_id: str
    sequence: int
    kind: str
    body: dict[str, object]
    at: datetime


class BlobList(BaseModel):
    """Keys of a task's large things."""

    keys: list[str]
