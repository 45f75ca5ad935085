"""How a run is parked: a row with what it waits for, and where it goes on."""

from honk.base.clock import now
from honk.domain.conversation import Parked, ParkKind, Question
from honk.domain.decide import Decision
from honk.domain.limits import LimitName
from honk.workflows.house import House
from honk.workflows.record import Record


def waiting(record: Record, decision: Decision, question: Question | None, number: int, uncounted: int) -> Parked:
    """What the run waits for. A red change goes on with another attempt, all else with the one under way."""
    since, until = now(), record.house.park_until
    return Parked(
        run_id=record.run.run_id,
        task_id=record.task.task_id,
        kind=ParkKind.LIMIT if decision.limit is not None else ParkKind.QUESTION,
        attempt=number + 1 if decision.limit is LimitName.ATTEMPTS else number,
        question=question if decision.limit is None else None,
        limit=decision.limit,
        words=decision.words,
        leg=record.run.leg.number,
        feedback=decision.feedback,
        uncounted=uncounted,
        since=since,
        until=until(since) if until is not None else None,
    )


async def park(house: House, record: Record, parked: Parked) -> None:
    """Done again, it is parked already, or was let go on meanwhile: then nothing happens."""
    await house.parking.park(parked, record.journal.fact_of_parking(parked))
