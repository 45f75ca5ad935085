"""A task from request to pull request. Read this file first, then the rounds."""

import asyncio
from functools import partial

from honk.domain.change import Change
from honk.domain.decide import why_draft
from honk.domain.task import Outcome, OutcomeName
from honk.engine import StepFailed, Steps
from honk.forge import ForgeConflict
from honk.workflows.house import House
from honk.workflows.publish import publish
from honk.workflows.queueing import held
from honk.workflows.record import Record
from honk.workflows.rounds import run_rounds


async def run_task(house: House, step: Steps, run_id: str) -> None:
    """Work, look, decide; again with what was learnt, until it is published or given up."""
    await run_rounds(house, step, run_id, partial(_publish, house))


async def _publish(house: House, step: Steps, record: Record, change: Change) -> Outcome:
    place = record.task.repository.repository_id
    try:
        async with house.proposing.setdefault(place, asyncio.Lock()), record.journal.stage("publish"):
            if (waits := await held(house, record, change)) is not None:
                return waits
            pull_request = await publish(house, step, record, change)
    except StepFailed as error:
        if error.kind != ForgeConflict.__name__:
            raise
        return Outcome(name=OutcomeName.NEEDS_HUMAN, reason=str(error))
    await record.journal.pull_request(pull_request)
    draft = f", as a draft: {why_draft(record.run.examination)}" if pull_request.is_draft else ""
    taken_up = record.run.takes_up
    how = "has a new commit" if taken_up is not None and taken_up.pull_request is not None else "is open"
    return Outcome(name=OutcomeName.OPENED, reason=f"Pull request {pull_request.number} {how}{draft}.")
