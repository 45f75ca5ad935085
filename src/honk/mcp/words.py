"""What a tool answers: short, for a model to read. Pure."""

from honk.domain.evidence import Verification
from honk.domain.task import Task
from honk.workflows.result import RunResult

MOST_DIFF_BYTES = 60_000
MOST_REASON = 2_000
"""Characters of a reason; the whole is in the console."""


def began(task: Task) -> str:
    """The answer to a start."""
    return f"Task {task.task_id} is accepted in {task.repository.name} ({task.base_branch}). Look at it by `status`."


def standing(task: Task, waits_for: str | None) -> str:
    """Of a task that has not ended."""
    words = f"Task {task.task_id}: {task.status}."
    return f"{words} It waits: {waits_for}" if waits_for else words


def told(task: Task, result: RunResult) -> str:
    """Of a task that has ended: only what was verified is called so."""
    lines = [f"Task {task.task_id}: {result.outcome}. {result.reason[:MOST_REASON]}"]
    for report in result.reports:
        summary = report.summary.splitlines()[0][:200] if report.summary.strip() else ""
        lines.append(f"- {report.verifier}: {report.result}{f' ({summary})' if summary else ''}")
    for finding in result.findings:
        where = f" ({finding.path}:{finding.line})" if finding.path else ""
        lines.append(f"- {finding.severity}: {finding.message}{where}")
    if result.pull_request is not None:
        lines.append(f"Pull request {result.pull_request.number}, branch {result.pull_request.branch}.")
        if result.verification is not Verification.PASSED:
            lines.append("It is not verified: a person must look.")
    lines.append(f"Cost ${result.cost_usd:.2f}, {result.attempts} attempt(s).")
    return "\n".join(lines)


def cut_diff(diff: bytes) -> str:
    """A diff that fits; what is left out is said to be."""
    text = diff[:MOST_DIFF_BYTES].decode("utf-8", "replace")
    if not text:
        return "There is no change."
    if (more := len(diff) - MOST_DIFF_BYTES) > 0:
        text += f"\n[{more:,} more bytes are left out]"
    return text
