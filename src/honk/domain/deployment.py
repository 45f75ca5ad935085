"""Deployments and their undoing: who is next, what stands in production, what an undo can do. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from honk.domain.task import Person, Trouble

HEALTHY_IN_A_ROW = 3
"""So many good answers one after the other are health; one alone is luck."""


class DeploymentState(StrEnum):
    """Where a deployment is."""

    WAITING = "waiting"
    RUNNING = "running"
    """Its command is begun, or about to be."""
    CHECKING = "checking"
    """Its command ended well; health is asked."""
    DEPLOYED = "deployed"
    FAILED = "failed"
    INTERRUPTED = "interrupted"
    """Honk died while the command ran: nobody knows how far it came, and it is not run again by itself."""
    ROLLED_BACK = "rolled_back"
    SUPERSEDED = "superseded"
    """Never run, for it holds what was undone before it began."""


AT_WORK = frozenset({DeploymentState.RUNNING, DeploymentState.CHECKING})


@dataclass(frozen=True, slots=True, kw_only=True)
class Deployment:
    """One merged commit on its way to production. Once per merged commit, one at a time per repository."""

    deployment_id: str
    repository_id: str
    task_id: str
    number: int
    """Of the pull request."""
    merged_sha: str
    place: int
    """In the repository's order of merges, from 1."""
    who: Person
    """Whose tap it was."""
    created_at: datetime
    state: DeploymentState = DeploymentState.WAITING
    leg: int = 1
    """Of its workflow: each time it is let go on, the next one."""
    begun_at: datetime | None = None
    """When its command was begun. From then on it is never run again."""
    ended_at: datetime | None = None
    exit_code: int | None = None
    seconds: float = 0.0
    log_blob: str | None = None
    health: str = ""
    reason: str = ""

    @property
    def workflow_id(self) -> str:
        """Of its newest leg."""
        return f"{self.deployment_id}:{self.leg}"

    @property
    def is_over(self) -> bool:
        """Whether it has its end."""
        return self.state not in AT_WORK and self.state is not DeploymentState.WAITING

    @property
    def has_touched(self) -> bool:
        """Whether it may have changed production, and was not taken back."""
        return self.begun_at is not None and self.state is not DeploymentState.ROLLED_BACK


class UndoState(StrEnum):
    """Where an undo is."""

    WAITING = "waiting"
    ROLLING_BACK = "rolling_back"
    REVERTING = "reverting"
    """Production is dealt with; the reverse change is made."""
    DONE = "done"
    """The reverse change is a task of its own from here on."""
    NEEDS_HUMAN = "needs_human"


@dataclass(frozen=True, slots=True, kw_only=True)
class Undo:
    """A person's wish to take a merged change back. Once per merged commit, whoever asks."""

    undo_id: str
    repository_id: str
    task_id: str
    number: int
    merged_sha: str
    who: Person
    created_at: datetime
    person_id: str | None = None
    state: UndoState = UndoState.WAITING
    leg: int = 1
    to_sha: str | None = None
    """What production goes back to; None where there is no rollback."""
    begun_at: datetime | None = None
    """When the rollback's command was begun. From then on it is never run again."""
    ended_at: datetime | None = None
    exit_code: int | None = None
    seconds: float = 0.0
    log_blob: str | None = None
    health: str = ""
    rollback: str = ""
    """What became of the rollback, in words; empty while that is not known."""
    reason: str = ""
    revert_task_id: str | None = None

    @property
    def workflow_id(self) -> str:
        """Of its newest leg."""
        return f"{self.undo_id}:{self.leg}"

    @property
    def is_over(self) -> bool:
        """Whether it has its end."""
        return self.state in (UndoState.DONE, UndoState.NEEDS_HUMAN)


def leg_of(workflow_id: str) -> tuple[str, int]:
    """What the leg belongs to, and its number."""
    whole, _, number = workflow_id.rpartition(":")
    return whole, int(number)


def is_busy(deployments: Sequence[Deployment], undos: Sequence[Undo]) -> bool:
    """Whether something is at work in the repository's production."""
    return any(one.state in AT_WORK for one in deployments) or any(one.state is UndoState.ROLLING_BACK for one in undos)


def next_of(deployments: Sequence[Deployment], undos: Sequence[Undo]) -> Deployment | Undo | None:
    """Who is to begin; None while something is at work. An undo goes before what waits: it is why people hurry."""
    if is_busy(deployments, undos):
        return None
    waiting = [one for one in undos if one.state is UndoState.WAITING]
    if waiting:
        return min(waiting, key=lambda one: (one.created_at, one.undo_id))
    left = [one for one in deployments if one.state is DeploymentState.WAITING]
    return min(left, key=lambda one: one.place, default=None)


def live_of(deployments: Sequence[Deployment]) -> Deployment | None:
    """The newest that was deployed, and not taken back: what stands in production, as far as Honk knows."""
    done = [one for one in deployments if one.state is DeploymentState.DEPLOYED]
    return max(done, key=lambda one: one.place, default=None)


TROUBLES: Mapping[DeploymentState, Trouble] = {
    DeploymentState.FAILED: Trouble.FAILED,
    DeploymentState.INTERRUPTED: Trouble.INTERRUPTED,
}


def trouble_of(deployments: Sequence[Deployment], task_id: str) -> Trouble | None:
    """Of the task's newest among all of its repository; None behind which a newer one of anybody's is deployed."""
    mine = [one for one in deployments if one.task_id == task_id and one.state is not DeploymentState.SUPERSEDED]
    newest = max(mine, key=lambda one: one.place, default=None)
    if newest is None or ((live := live_of(deployments)) is not None and live.place > newest.place):
        return None
    return TROUBLES.get(newest.state)


def previous_of(deployments: Sequence[Deployment], undone: Deployment) -> Deployment | None:
    """What was deployed, and not taken back, before it."""
    return live_of([one for one in deployments if one.place < undone.place])


def newest_of(deployments: Sequence[Deployment], merged_sha: str) -> Deployment | None:
    """The newest of exactly this commit: it may have been deployed again."""
    found = [one for one in deployments if one.merged_sha == merged_sha]
    return max(found, key=lambda one: one.place, default=None)


def why_not_again(deployments: Sequence[Deployment], undos: Sequence[Undo], merged_sha: str) -> str:
    """Why a commit is not deployed once more; empty where a person may have that."""
    one = newest_of(deployments, merged_sha)
    if one is None:
        return "Honk did not deploy it."
    if any(undo.merged_sha == merged_sha for undo in undos):
        return "It was undone."
    if one.state not in (DeploymentState.FAILED, DeploymentState.INTERRUPTED):
        return f"Its deployment is {str(one.state).replace('_', ' ')}: there is nothing to do again."
    if any(other.place > one.place for other in deployments):
        return "A newer change was merged since, and stands behind it: deploying the older one would take that back."
    return ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """What an undo does to production."""

    to: Deployment | None = None
    """None: nothing."""
    why_not: str = ""
    """Why there is no rollback, for people."""
    lost: tuple[int, ...] = ()
    """Pull requests whose deployments a rollback would take back as well."""


def way_back(deployments: Sequence[Deployment], merged_sha: str) -> Way:
    """Only the newest deployment is rolled back: behind an older one there is work of others, which would be lost."""
    if newest_of(deployments, merged_sha) is None:
        return Way(why_not="Honk did not deploy it, so there is nothing to roll back.")
    # It may wait to be deployed once more: what counts is what was run.
    undone = newest_of([one for one in deployments if one.has_touched], merged_sha)
    if undone is None:
        return Way(why_not="It never reached production, so there is nothing to roll back.")
    newer = [one for one in deployments if one.place > undone.place and one.has_touched]
    if newer:
        lost = tuple(sorted(one.number for one in newer))
        named = ", ".join(f"#{number}" for number in lost)
        why = (
            f"Newer changes were deployed since ({named}): rolling production back would take them back too, so only "
            "the reverse change is made."
        )
        return Way(why_not=why, lost=lost)
    before = previous_of(deployments, undone)
    if before is None:
        return Way(why_not="Honk deployed nothing before it, so there is nothing to roll back to.")
    return Way(to=before)


def brought_back(deployments: Sequence[Deployment], undos: Sequence[Undo], task_id: str) -> tuple[int, ...]:
    """Pull requests that the deployment of this task's merge would bring back: production was rolled back behind them,
    their reverse change is not merged, and nobody has deployed over it since."""
    found = []
    for undo in undos:
        undone = newest_of(deployments, undo.merged_sha)
        if undone is None or undone.state is not DeploymentState.ROLLED_BACK or undo.revert_task_id == task_id:
            continue
        newer = [one for one in deployments if one.place > undone.place]
        if not any(one.state is DeploymentState.DEPLOYED or one.task_id == undo.revert_task_id for one in newer):
            found.append(undo.number)
    return tuple(sorted(found))


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """How a command ended."""

    exit_code: int | None
    """None: it was begun in a process that died."""
    timed_out: bool = False
    was_flooded: bool = False
    seconds: float = 0.0
    log_blob: str | None = None
    fault: str = ""
    """What broke under it, where that was not the command itself."""

    @property
    def is_good(self) -> bool:
        return self.exit_code == 0 and not self.timed_out and not self.was_flooded and not self.fault


@dataclass(frozen=True, slots=True, kw_only=True)
class Health:
    """What asking for health came to."""

    is_good: bool | None
    """None: nobody says how to ask."""
    words: str


UNASKED = Health(is_good=None, words="its health is not known: .honk.toml says no way to ask")


def state_after(ended: Ended, health: Health) -> DeploymentState:
    """What a deployment has come to."""
    if ended.exit_code is None and not ended.fault:
        return DeploymentState.INTERRUPTED
    if not ended.is_good or health.is_good is False:
        return DeploymentState.FAILED
    return DeploymentState.DEPLOYED


def told(ended: Ended, health: Health, timeout_seconds: float) -> str:
    """The same for people."""
    if ended.fault:
        return f"What the command ran in broke: {ended.fault} How far it came is not known. After that {health.words}."
    if ended.exit_code is None:
        return f"Honk was ended while the command ran: how far it came is not known. Now {health.words}."
    if ended.timed_out:
        return f"The command was ended at its limit of {timeout_seconds:.0f} s. After that {health.words}."
    if ended.was_flooded:
        return f"The command was ended for the flood of its output. After that {health.words}."
    if ended.exit_code != 0:
        return f"The command ended with exit code {ended.exit_code}. After that {health.words}."
    return f"The command ended well after {ended.seconds:.0f} s; {health.words}."
