"""What concerns the installation as a whole."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Query
from pydantic import BaseModel, Field

from honk.api.entry import Entry
from honk.api.problems import responses
from honk.domain.people import Visitor
from honk.insight.announcement import words_of
from honk.store import TaskEvent
from honk.team import Team


class AnnouncementOut(BaseModel):
    """Something that administrators are told."""

    sequence: int
    kind: str = Field(description="frozen, thawed, breaker or quota.")
    words: str
    at: datetime

    @classmethod
    def of(cls, event: TaskEvent) -> "AnnouncementOut":
        return cls(sequence=event.sequence, kind=event.kind, words=words_of(event), at=event.at)


def installation_routes(team: Team, entry: Entry) -> APIRouter:
    """`/announcements`."""
    routes = APIRouter(tags=["installation"])
    Who = Annotated[Visitor, Depends(entry.visitor)]

    @routes.get("/announcements", responses=responses())
    async def list_announcements(
        who: Who,
        after: Annotated[int, Query(ge=0, lt=2**53, description="The last sequence that was seen.")] = 0,
    ) -> list[AnnouncementOut]:
        """Freezing and thawing, what was broken for everybody, quotas nearly used; in order. For administrators."""
        return [AnnouncementOut.of(one) for one in await team.announcements(who, after)]

    return routes
