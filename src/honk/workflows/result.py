"""What came of a task, as every door tells it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from honk.base.errors import UsageError
from honk.domain.change import PullRequest
from honk.domain.evidence import Finding, Report, Verdict, Verification, verification
from honk.domain.health import EnvironmentHealth
from honk.domain.provenance import Share
from honk.domain.shipment import Shipment
from honk.domain.task import OutcomeName, Task, Trouble
from honk.insight.made_by import shares_told
from honk.store import TaskEvent
from honk.workflows.house import House
from honk.workflows.record import environment_told, sandbox_told


@dataclass(frozen=True, slots=True, kw_only=True)
class RunResult:
    """What came of it: the last line of `honk run --json`, field by field."""

    task_id: str
    run_id: str
    outcome: OutcomeName
    reason: str
    verification: Verification
    branch: str | None
    base_sha: str
    head_sha: str | None
    attempts: int
    turns: int
    cost_usd: float
    seconds: Mapping[str, float]
    reports: tuple[Report, ...]
    findings: tuple[Finding, ...]
    verdict: Verdict | None
    pull_request: PullRequest | None
    diff_blob: str | None
    sandbox: str
    """What it ran in; "none" is no isolation."""
    notes: tuple[str, ...]
    environment: EnvironmentHealth | None = None
    held_usd: float = 0.0
    """What calls that broke off may have cost besides."""
    shipment: Shipment | None = None
    """What became of the last wish to merge it."""
    trouble: Trouble | None = None
    """How its deployment came to no good end, where nothing newer is well."""
    provenance: tuple[Share, ...] = ()
    """What of the change that shipped machines made, and what people did, by kind of file."""


async def result_of(house: House, task: Task) -> RunResult:
    """Where the task stands; its outcome must be there.

    Raises:
        UsageError: it has not ended yet.
    """
    run = await house.runs.latest_run(task.task_id)
    if task.outcome is None:
        raise UsageError(f"Task {task.task_id} has not ended yet. Follow it, or resume it: honk task resume.")
    events = await house.events.read(task.task_id)
    found = await pull_requests_of(house, task, events)
    examination = run.examination
    return RunResult(
        task_id=task.task_id,
        run_id=run.run_id,
        outcome=task.outcome.name,
        reason=task.outcome.reason,
        verification=verification(examination.reports) if examination else Verification.UNVERIFIED,
        branch=found[-1].branch if found else None,
        base_sha=task.base_sha,
        head_sha=run.change.head_sha if run.change else None,
        attempts=run.attempts,
        turns=run.spent.turns,
        cost_usd=run.spent.cost_usd,
        held_usd=run.spent.held_usd,
        seconds=run.seconds or {},
        reports=examination.reports if examination else (),
        findings=examination.findings if examination else (),
        verdict=run.verdict,
        pull_request=found[-1] if found else None,
        diff_blob=run.change.diff_blob if run.change else None,
        sandbox=sandbox_told(events) or house.sandbox,
        notes=task.notes,
        environment=environment_told(events),
        shipment=await house.shipments.newest(found[-1].number) if found else None,
        trouble=task.trouble,
        provenance=shares_told(events),
    )


async def sandbox_of(house: House, task_id: str) -> str:
    """What the task was accepted for; where a crash kept that from being told, what this house has."""
    return sandbox_told(await house.events.read(task_id)) or house.sandbox


async def pull_requests_of(house: House, task: Task, events: Sequence[TaskEvent]) -> Sequence[PullRequest]:
    """Those that it opened or brought up to date, also where a later task goes on with one by now; by number."""
    told = {event.body.get("number") for event in events if event.kind == "pull_request"}
    found = await house.pull_requests.list(task.repository.repository_id)
    return [one for one in found if one.task_id == task.task_id or one.number in told]
