"""A replay beside the task that it repeats. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass

from honk.domain.change import Change, ChangedFile
from honk.domain.evidence import Ruling, Verification, verification
from honk.domain.task import Brief, OutcomeName, Task
from honk.store import Run


@dataclass(frozen=True, slots=True, kw_only=True)
class Side:
    """One of the two, as it is kept."""

    task: Task
    brief: Brief
    run: Run


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """What one of the two came to."""

    task_id: str
    agent: str
    model: str
    brief_version: int
    outcome: OutcomeName | None
    """None while it has not ended."""
    verification: Verification
    ruling: Ruling | None
    """None where no judge was asked."""
    attempts: int
    turns: int
    tests_passed: int
    tests_failed: int
    files: int
    added_lines: int
    deleted_lines: int
    input_tokens: int
    output_tokens: int
    cost_usd: float
    seconds: float
    diff_blob: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ComparedFile:
    """One path that either changed; lines are None where that one did not, or where they cannot be counted."""

    path: str
    in_first: bool
    in_replay: bool
    first_added: int | None = None
    first_deleted: int | None = None
    replay_added: int | None = None
    replay_deleted: int | None = None
    is_same: bool | None = None
    """Whether both left the same content; None where that is not known any more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """Both, and file by file."""

    first: Figures | None
    """None where that task was deleted."""
    replay: Figures
    files: tuple[ComparedFile, ...]


def compare(first: Side | None, replay: Side, differing: Sequence[ChangedFile] | None) -> Comparison:
    """`differing` are the files in which the two heads differ; None where nobody knows, or one of them has no head."""
    before = {} if first is None else _by_path(first.run.change)
    after = _by_path(replay.run.change)
    apart = None if differing is None else {file.path for file in differing}
    files = tuple(_file(path, before.get(path), after.get(path), apart) for path in sorted({*before, *after}))
    return Comparison(first=None if first is None else _figures(first), replay=_figures(replay), files=files)


def _by_path(change: Change | None) -> dict[str, ChangedFile]:
    return {} if change is None else {file.path: file for file in change.files}


def _file(path: str, first: ChangedFile | None, replay: ChangedFile | None, apart: set[str] | None) -> ComparedFile:
    is_in_both = first is not None and replay is not None
    return ComparedFile(
        path=path,
        in_first=first is not None,
        in_replay=replay is not None,
        first_added=first.added_lines if first else None,
        first_deleted=first.deleted_lines if first else None,
        replay_added=replay.added_lines if replay else None,
        replay_deleted=replay.deleted_lines if replay else None,
        is_same=(None if apart is None else path not in apart) if is_in_both else False,
    )


def _figures(side: Side) -> Figures:
    task, run = side.task, side.run
    reports = run.examination.reports if run.examination is not None else ()
    tests = [report.tests for report in reports if report.tests is not None]
    files = run.change.files if run.change is not None else ()
    return Figures(
        task_id=task.task_id,
        agent=task.agent,
        model=task.model,
        brief_version=side.brief.version,
        outcome=task.outcome.name if task.outcome is not None else None,
        verification=verification(reports),
        ruling=run.verdict.ruling if run.verdict is not None else None,
        attempts=run.attempts,
        turns=run.spent.turns,
        tests_passed=sum(one.passed for one in tests),
        tests_failed=sum(len(one.failed) for one in tests),
        files=len(files),
        added_lines=sum(file.added_lines or 0 for file in files),
        deleted_lines=sum(file.deleted_lines or 0 for file in files),
        input_tokens=run.spent.input_tokens,
        output_tokens=run.spent.output_tokens,
        cost_usd=run.spent.cost_usd,
        seconds=(run.seconds or {}).get("total", 0.0),
        diff_blob=run.change.diff_blob if run.change is not None else None,
    )
