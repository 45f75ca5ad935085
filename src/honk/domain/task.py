"""What a person asked for, and how it ended."""

import re
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum


class Status(StrEnum):
    """Where a task is."""

    QUEUED = "queued"
    RUNNING = "running"
    WAITING = "waiting"
    FINISHED = "finished"


class OutcomeName(StrEnum):
    """How a task ended. The middle four are good outcomes, counted apart from failures."""

    MERGED = "merged"
    OPENED = "opened"
    NO_CHANGE = "no_change"
    ANSWERED = "answered"
    NOT_APPLICABLE = "not_applicable"
    NEEDS_HUMAN = "needs_human"
    VETOED = "vetoed"
    FAILED = "failed"
    CANCELLED = "cancelled"
    REPLAYED = "replayed"
    """Of a replay alone: the change would have been published."""


class Trouble(StrEnum):
    """How the deployment of a merged change came to no good end. Its outcome stays "merged": production is not well."""

    FAILED = "failed"
    INTERRUPTED = "interrupted"


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """The end of a task, with the reason in words for the person who asked."""

    name: OutcomeName
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Who asked; also the author of the commit."""

    name: str
    email: str


@dataclass(frozen=True, slots=True, kw_only=True)
class BriefTerms:
    """What a person settles of a brief beside the goal, a sentence each."""

    preconditions: tuple[str, ...] = ()
    out_of_bounds: tuple[str, ...] = ()
    done_when: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Saying:
    """What a person with the right to steer said: it is asked as well."""

    person: str
    text: str
    question: str = ""
    """The agent's own, where these words answer one: never anybody's wish."""

    @property
    def words(self) -> str:
        """For whoever must know who said it."""
        name = " ".join(self.person.split())[:80] or "Somebody"
        asked = " ".join(self.question.split())[:300]
        return f"{name} answers {asked!r}: {self.text.strip()}" if asked else f"{name} says: {self.text.strip()}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Brief:
    """The written prompt handed to the agent. A new version is a new brief."""

    version: int
    goal: str
    """The asker's own words: what the judge reads."""
    preconditions: tuple[str, ...] = ()
    out_of_bounds: tuple[str, ...] = ()
    done_when: tuple[str, ...] = ()
    said: tuple[Saying, ...] = ()
    """Since the start, in order."""
    before: tuple[Saying, ...] = ()
    """In the tasks that this one goes on with, whose change is part of its own; the first first."""
    background: tuple[Saying, ...] = ()
    """Before that, and settled: told to the agent, asked of nobody."""

    @property
    def asked(self) -> tuple[str, ...]:
        """All that people want of the whole change, in their own words."""
        return (*(one.text for one in self.before), self.goal, *(one.text for one in self.said))


@dataclass(frozen=True, slots=True, kw_only=True)
class Repository:
    """A repository that tasks may name."""

    repository_id: str
    name: str
    location: str
    """A path on this machine for now, as the person gave it (resolved)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """The truth about one request; workflows come and go, this row stays."""

    task_id: str
    repository: Repository
    base_branch: str
    base_sha: str
    prompt: str
    asker: Person
    agent: str
    """"claude", or "command:" and a command line."""
    model: str
    created_at: datetime
    status: Status = Status.QUEUED
    outcome: Outcome | None = None
    notes: tuple[str, ...] = field(default=())
    """What the person must know: uncommitted work left out, a shallow clone, submodules."""
    replay_of: str | None = None
    """The task that this one runs again, to compare; it then never publishes anything."""
    follows: str | None = None
    """The ended task that this one goes on with: a reply after its end."""
    person_id: str | None = None
    """Whoever asked, where they signed in."""
    trouble: Trouble | None = None
    """Of its newest deployment, until that is rolled back or a newer one is well. Nobody writes it: whoever reads the
    row finds it by the deployments."""


def subject_of(prompt: str, width: int = 72) -> str:
    """The request's first line as a commit subject of at most `width` characters, without [[markers]]."""
    lines = re.sub(r"\[\[[^\]]*\]\]", "", prompt).strip().splitlines()
    line = " ".join(lines[0].split()) if lines else ""
    if not line:
        return "Change"
    line = line[0].upper() + line[1:]
    return line if len(line) <= width else line[: width - 1].rsplit(" ", 1)[0].rstrip(" ,;:") + "…"
