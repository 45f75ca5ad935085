"""Started by root: whoever is killed, and whenever, nobody is left behind, and run again it goes on in its session.

"honk" is here the side that keeps root's rights, "child" the one that gave them up. THE DEFAULT SUITE KILLS EACH VICTIM
AT ONE TURN; `make acceptance` kills each at every turn.
"""

import os
from pathlib import Path

import pytest
from crash import SIX_TURNS, WRITTEN, assert_done_once, assert_one_conversation, honk_to_kill, run_to_the_end
from desk import CALC, make_repository

pytestmark = [
    pytest.mark.anyio,
    pytest.mark.root,
    pytest.mark.slow,
    pytest.mark.claude,
    pytest.mark.skipif(os.geteuid() != 0, reason="only root can give root's rights up"),
]
VICTIMS = ("honk", "child", "holder", "claude")


async def assert_survives(home: Path, place: Path, victim: str, turns: list[int]) -> None:
    calc = make_repository(place / "calc", CALC)
    async with honk_to_kill(home, calc, victim, turns) as honk:
        ended = await run_to_the_end(honk, len(turns) if victim in ("honk", "child") else 0)
        assert_done_once(honk, ended, WRITTEN)
        assert_one_conversation(honk)
        assert honk.outward == []
        assert {path.lstat().st_uid for path in (home, *home.rglob("*"))} == {home.stat().st_uid}
        assert {path.lstat().st_uid for path in calc.rglob("*")} == {0}


@pytest.mark.parametrize("victim", VICTIMS)
async def test_killed_at_turn_4_the_run_goes_on_in_its_session(home: Path, place: Path, victim: str) -> None:
    await assert_survives(home, place, victim, [4])


@pytest.mark.acceptance
@pytest.mark.parametrize("turn", range(1, len(SIX_TURNS) + 1))
@pytest.mark.parametrize("victim", VICTIMS)
async def test_killed_at_any_turn_the_run_goes_on_in_its_session(
    home: Path, place: Path, victim: str, turn: int
) -> None:
    await assert_survives(home, place, victim, [turn])
