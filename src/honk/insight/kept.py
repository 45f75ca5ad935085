"""Everything that is kept of one task, in one hand."""

from dataclasses import dataclass

from honk.domain.change import PullRequest
from honk.domain.deployment import Deployment, Undo
from honk.domain.money import ModelCall
from honk.domain.preview import Preview
from honk.domain.shipment import Shipment
from honk.domain.task import Brief, Task
from honk.store import Approval, Attempt, Run, TaskEvent


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """As the rows have it; of a task that is under way, as far as it has come."""

    task: Task
    briefs: tuple[Brief, ...]
    """The oldest first."""
    run: Run
    attempts: tuple[Attempt, ...]
    """The finished ones: reports, findings and verdicts are in them."""
    events: tuple[TaskEvent, ...]
    calls: tuple[ModelCall, ...]
    pull_requests: tuple[PullRequest, ...]
    approvals: tuple[Approval, ...]
    shipments: tuple[Shipment, ...] = ()
    """What became of each wish to merge one of them."""
    blobs: tuple[str, ...]
    """Keys of what is too large for rows: diffs, logs."""
    deployments: tuple[Deployment, ...] = ()
    undos: tuple[Undo, ...] = ()
    previews: tuple[Preview, ...] = ()
    """What was shown of which commit, and how often people opened it."""
