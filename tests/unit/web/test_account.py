"""A person's own page."""

import re

import pytest
from asking import ask
from front_room import NOON, Front, front, house

from honk.domain.people import Door
from honk.entrance import Entrance, csrf_of

__all__ = ["front", "house"]
pytestmark = pytest.mark.anyio


async def test_a_token_is_shown_once_and_lets_its_program_in(front: Front) -> None:
    await front.enter()
    form = {"csrf": csrf_of(front.session), "name": "ci <b>", "days": "7"}
    made = await front.ask("POST", "/account/tokens", form=form)
    (secret,) = re.findall(r"honk_[\w-]{43}", made.text)
    again = await front.ask("GET", "/account")
    assert secret not in again.text
    assert "ci b" in again.text
    found = await Entrance(ways_in=front.ways_in).bearer(f"Bearer {secret}")
    assert found is not None
    assert (found.member.person_id, found.door) == ("owner", Door.TOKEN)
    assert (await ask(front.app, "GET", "/account", {"authorization": f"Bearer {secret}"})).status == 401


async def test_a_token_ends_when_it_is_revoked(front: Front) -> None:
    await front.enter()
    secret, token = await front.ways_in.new_token((await front.people.all())[0], "ci")
    revoke = f"/account/tokens/{token.token_id}/revoke"
    assert (await front.ask("POST", revoke, form={"csrf": csrf_of(front.session)})).status == 303
    assert await front.ways_in.member_of_token(secret) is None
    assert (await front.ask("POST", revoke, form={"csrf": csrf_of(front.session)})).status == 404


@pytest.mark.parametrize("form", [{"name": ""}, {"name": "x" * 101}, {"name": "\x1b\u202e"}, {"name": "x", "days": "0"},
                                  {"name": "x", "days": "1e9"}, {"name": "x", "days": "-1"}])  # fmt: skip
async def test_a_token_that_cannot_be_is_none(front: Front, form: dict[str, str]) -> None:
    await front.enter()
    answer = await front.ask("POST", "/account/tokens", form={"csrf": csrf_of(front.session), **form})
    assert answer.status == 422
    assert front.people.tokens.kept == {}
    assert front.moment == NOON
