"""Keeps what an agent did when its run does not end by itself."""

import asyncio

from honk.base.errors import HonkError
from honk.domain.task import Outcome, OutcomeName
from honk.store import Run
from honk.workflows.attempt import collect
from honk.workflows.examine import lay_ground
from honk.workflows.house import House
from honk.workflows.publish import finish_push
from honk.workflows.record import Record

KEEP_SECONDS = 20.0


async def finish_stopped(house: House, run_id: str) -> None:
    """The end of a run that the engine has stopped; one that has its outcome is left alone."""
    record = await Record.load(house, run_id)
    if await record.is_over():
        return
    if (gone_on := await finish_push(house, record)) is not None:
        reason = f"Pull request {gone_on.number} had the new commit already when a person stopped the task."
        return await record.finish(Outcome(name=OutcomeName.OPENED, reason=reason))
    if opened := await house.board.pull_requests(record.task.task_id):
        reason = f"Pull request {opened[-1].number} was open already when a person stopped the task."
        return await record.finish(Outcome(name=OutcomeName.OPENED, reason=reason))
    kept = await keep_work(record) if record.run.attempts else kept_words(record.run)
    await record.finish(Outcome(name=OutcomeName.CANCELLED, reason=f"Stopped by a person. {kept}"))


async def keep_work(record: Record) -> str:
    """The words that tell where the work is: as a commit on a private ref, or as files where that failed."""
    files = record.house.home / "workspaces" / record.run.run_id
    try:
        async with asyncio.timeout(KEEP_SECONDS):
            ground = await lay_ground(record.house, record)
            change = await collect(record.house, ground, record.assignment(record.run.attempts + 1, ""))
    except (HonkError, TimeoutError) as error:
        why = str(error) or "making a commit of them took too long"
        return f"The agent's files are kept in {files} ({why})."
    if change is not None:
        record.keep(change)
    return kept_words(record.run)


def kept_words(run: Run) -> str:
    """Where the work is of a run that has collected it already."""
    if run.change is None:
        return "The agent had changed nothing yet."
    count = "1 file" if len(run.change.files) == 1 else f"{len(run.change.files)} files"
    return f"The agent's work is kept as commit {run.change.head_sha[:12]} ({count})."
