"""Long answers end for who may not have them any more."""

from collections.abc import AsyncGenerator
from types import SimpleNamespace
from typing import Any, cast

import pytest
from fastapi import Request
from front_room import Front, front, house
from starlette.responses import StreamingResponse

from honk import entrance as entrances
from honk.desks.readers import Crowded, Readers
from honk.domain.people import OWNER
from honk.entrance import Entrance, while_let_in
from honk.team import Team
from honk.web.pages import Pages

__all__ = ["front", "house"]
pytestmark = pytest.mark.anyio


class Source:
    """Tells for ever; remembers that it was let go."""

    is_free = False

    async def parts(self) -> AsyncGenerator[str, None]:
        try:
            while True:
                yield "x"
        finally:
            self.is_free = True


async def test_a_stream_ends_with_the_right_to_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(entrances, "AGAIN_SECONDS", -1.0)
    looks = iter([True, True, False])

    async def is_let_in() -> bool:
        return next(looks)

    source = Source()
    readers = Readers(most_each=1)
    told = []
    async for part in while_let_in(source.parts(), is_let_in, readers.one("ada")):
        with pytest.raises(Crowded, match="streams of events at once"):
            readers.refuse_crowd("ada")
        readers.refuse_crowd("bob")
        told.append(part)
    assert told == ["x", "x"]
    assert source.is_free
    readers.refuse_crowd("ada")


@pytest.mark.parametrize("ends", ["signs out", "leaves", "loses a role"])
async def test_who_is_not_who_they_were_is_told_nothing_more(
    front: Front, monkeypatch: pytest.MonkeyPatch, ends: str
) -> None:
    monkeypatch.setattr(entrances, "AGAIN_SECONDS", -1.0)
    await front.enter()
    pages = Pages.of(cast(Team, SimpleNamespace(readers=Readers())), Entrance(ways_in=front.ways_in))
    request = cast(Request, SimpleNamespace(cookies={"honk_session": front.session}))
    answer = pages.telling(Source().parts(), request, await pages.visitor(request))
    told = cast(Any, answer).body_iterator
    assert isinstance(answer, StreamingResponse)
    assert [await anext(told) for _ in range(3)] == ["x"] * 3
    if ends == "signs out":
        await front.ways_in.end_session(front.session)
    elif ends == "leaves":
        await front.people.leave(OWNER.person_id, front.moment)
    else:
        await front.people.grant(OWNER.person_id, "*", None)
    assert [part async for part in told] == []
