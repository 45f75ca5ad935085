"""What would merge, and whose yes it needs: for reading. The yes itself is a person's own, never a token's."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Depends, HTTPException
from pydantic import BaseModel, Field

from honk.api.entry import Entry
from honk.api.problems import responses
from honk.api.shapes import Shape
from honk.desks.shipping import Ship
from honk.domain.people import Visitor
from honk.domain.shipment import Shipment, ShipmentState
from honk.team import Team

NOTHING = "This task has no pull request: there is nothing to merge."


class Yes(Shape):
    """A person's yes to the commit that they looked at."""

    head_sha: str = Field(pattern=r"^[0-9a-f]{40}$", description="As `GET` had it.")
    sentence: str = Field("", max_length=1000, description="Where it asks for one: why it may merge all the same.")


class NeedOut(BaseModel):
    """One more yes."""

    why: str
    names: list[str] = Field(description="Any of whom may give it.")


class YesOut(BaseModel):
    """A yes that was given."""

    person: str
    head_sha: str
    sentence: str
    at: datetime


class ShipmentOut(BaseModel):
    """Where a merge stands that somebody wants."""

    state: ShipmentState
    head_sha: str
    person: str = Field(description="Whose yes began it.")
    words: str = Field(description="What it waits for, why it stands still, or why it ended.")
    until: datetime | None = Field(description="When an armed one ends.")
    merged_sha: str | None
    has_moved: bool = Field(description="Whether the person's own base branch is there now.")
    advice: str

    @classmethod
    def of(cls, one: Shipment) -> "ShipmentOut":
        return cls(
            state=one.state, head_sha=one.head_sha, person=one.person.name, words=one.words, until=one.until,
            merged_sha=one.merged_sha, has_moved=one.has_moved, advice=one.advice,
        )  # fmt: skip


class ShipOut(BaseModel):
    """What would merge."""

    number: int
    state: str = Field(description="Of the pull request: open, merged or closed.")
    head_sha: str
    base_branch: str
    files: list[str]
    never: str = Field(description="Why nobody may merge it as it is; empty where somebody may.")
    may_not: str = Field(description="Why you may not; empty where you may.")
    sentence_for: list[str] = Field(description="What asks for a typed sentence.")
    needs: list[NeedOut]
    yes: list[YesOut]
    shipment: ShipmentOut | None

    @classmethod
    def of(cls, ship: Ship) -> "ShipOut":
        change, one = ship.sight.run.change, ship.pull_request
        return cls(
            number=one.number, state=one.state, head_sha=one.head_sha, base_branch=one.base_branch,
            files=[file.path for file in change.files] if change else [],
            never=ship.never, may_not=ship.may_not, sentence_for=list(ship.sentence_for),
            needs=[NeedOut(why=need.why, names=list(need.names)) for need in ship.needs],
            yes=[YesOut(person=yes.person.name, head_sha=yes.head_sha, sentence=yes.sentence, at=yes.at)
                 for yes in ship.approvals],
            shipment=ShipmentOut.of(ship.shipment) if ship.shipment else None,
        )  # fmt: skip


class TappedOut(BaseModel):
    """What a yes did."""

    words: str
    shipment: ShipmentOut


def shipping_routes(team: Team, entry: Entry) -> APIRouter:
    """`/tasks/ID/ship`."""
    routes = APIRouter(prefix="/tasks/{task_id}/ship", tags=["shipping"])
    Who = Annotated[Visitor, Depends(entry.visitor)]

    @routes.get("", responses=responses(404, 409))
    async def show_ship(task_id: str, who: Who) -> ShipOut:
        """What would merge, what was not verified, and whose yes it needs."""
        ship = await team.shipping.look(who, task_id)
        if ship is None:
            raise HTTPException(404, NOTHING)
        return ShipOut.of(ship)

    @routes.post("", responses=responses(404, 409))
    async def approve_ship(task_id: str, yes: Yes, who: Who) -> TappedOut:
        """Say yes, as a person who is signed in: a token is refused. Said twice, it is said once."""
        done = await team.shipping.approve(who, task_id, yes.head_sha, yes.sentence)
        return TappedOut(words=done.words, shipment=ShipmentOut.of(done.shipment))

    @routes.delete("", responses=responses(404, 409))
    async def withdraw_ship(task_id: str, who: Who) -> ShipmentOut:
        """Take back a merge that you armed."""
        return ShipmentOut.of(await team.shipping.withdraw(who, task_id))

    return routes
