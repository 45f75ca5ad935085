"""Looks whether the places exist that an answer names."""

from honk.domain.citations import citations_in, marked
from honk.domain.task import Outcome, OutcomeName
from honk.workflows.house import House
from honk.workflows.record import Record


async def checked_answer(house: House, record: Record, outcome: Outcome) -> Outcome:
    """The outcome; of an answer, with what it names and is not there marked so."""
    if outcome.name is not OutcomeName.ANSWERED:
        return outcome
    taken_up = record.run.takes_up
    tree = house.workspaces.tree(record.task.repository, taken_up.change.head_sha if taken_up else record.task.base_sha)
    found = await tree.read_all({one.path for one in citations_in(outcome.reason)})
    lines = {path: len(content.splitlines()) for path, content in found.items()}
    return Outcome(name=outcome.name, reason=marked(outcome.reason, lines))
