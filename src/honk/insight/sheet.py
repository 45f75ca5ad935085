"""Everything that one task's page is made of, in one hand."""

from dataclasses import dataclass

from honk.domain.change import PullRequest
from honk.domain.conversation import Parked
from honk.domain.deployment import Deployment, Undo
from honk.domain.evidence import Examination
from honk.domain.preview import Preview
from honk.domain.shipment import Shipment
from honk.domain.task import Brief, Task
from honk.store import Attempt, Message, Run, TaskEvent


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """As the rows have it; of a task that is under way, as far as it has come."""

    task: Task
    brief: Brief
    run: Run
    attempts: tuple[Attempt, ...] = ()
    """The finished ones of the newest run."""
    events: tuple[TaskEvent, ...] = ()
    messages: tuple[Message, ...] = ()
    pull_requests: tuple[PullRequest, ...] = ()
    """By number; also the one that it goes on with."""
    shipment: Shipment | None = None
    """What became of the last wish to merge the newest of them."""
    parked: Parked | None = None
    """What it waits for."""
    deployments: tuple[Deployment, ...] = ()
    """Of its merges, in their order."""
    undos: tuple[Undo, ...] = ()
    followers: tuple[Task, ...] = ()
    """Those that go on with it, the newest first."""
    preview: Preview | None = None
    """The newest."""
    diff: bytes | None = None
    """Of the run's change; None where there is none, or it is not kept any more."""

    @property
    def last(self) -> int:
        """The number of the newest event; 0 before the first."""
        return self.events[-1].sequence if self.events else 0

    @property
    def log_keys(self) -> frozenset[str]:
        """Keys of the logs of its verifiers and deployments."""
        seen: list[Examination | None] = [self.run.examination, *(one.examination for one in self.attempts)]
        reports = [report for one in seen if one is not None for report in one.reports]
        keys = [one.log_blob for one in reports]
        keys += [one.log_blob for one in self.deployments] + [one.log_blob for one in self.undos]
        return frozenset(key for key in keys if key is not None)
