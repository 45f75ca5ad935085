"""Wires what ships, beside `bootstrap`, which names everything else."""

from honk.config import Settings
from honk.engine import Engine
from honk.workflows.approving import Approving
from honk.workflows.delivering import Delivering
from honk.workflows.delivery import Deliver
from honk.workflows.house import House
from honk.workflows.people import PeopleDesk
from honk.workflows.tapping import WORKFLOW, Tapping


def delivery_of(settings: Settings, house: House, engine: Engine, people: PeopleDesk) -> Tapping:
    """The desk for merges; its workflow is registered."""
    approving = Approving(house=house, people=people, terms=settings.merge.terms())
    engine.register(WORKFLOW, Deliver(Delivering(house=house, approving=approving)))
    return Tapping(house=house, engine=engine, approving=approving)
