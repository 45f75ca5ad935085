"""Who may be in a state folder beside whom."""

import asyncio
import stat
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from honk.base.errors import UsageError
from honk.base.lock import HomeBusy
from honk.workflows import claim
from honk.workflows.claim import Claim, make_private, take

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize(
    ("first", "second", "fits"),
    [
        (Claim.LOOK, Claim.ALL, True),
        (Claim.WORK, Claim.LOOK, True),
        (Claim.WORK, Claim.ACT, True),
        (Claim.ACT, Claim.WORK, True),
        (Claim.ALL, Claim.LOOK, True),
        (Claim.WORK, Claim.WORK, False),
        (Claim.WORK, Claim.ALL, False),
        (Claim.ALL, Claim.WORK, False),
        (Claim.ALL, Claim.ACT, False),
        (Claim.ACT, Claim.ALL, False),
        (Claim.ACT, Claim.ACT, False),
    ],
)
async def test_who_may_be_beside_whom(
    first: Claim, second: Claim, fits: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(claim, "ACT_SECONDS", 0.0)
    monkeypatch.setattr(claim, "LOOK_IS_OVER_SECONDS", 0.0)
    async with AsyncExitStack() as one, AsyncExitStack() as other:
        assert await take(one, tmp_path, first)
        if fits:
            assert await take(other, tmp_path, second) == (first not in (Claim.WORK, Claim.ALL))
        else:
            with pytest.raises(HomeBusy, match="in use by process"):
                await take(other, tmp_path, second)


async def test_whoever_stands_in_line_is_told_once_for_whom_and_comes_next(tmp_path: Path) -> None:
    told: list[str] = []
    async with AsyncExitStack() as second:
        async with AsyncExitStack() as first:
            await take(first, tmp_path, Claim.WORK)
            waiting = asyncio.create_task(take(second, tmp_path, Claim.WORK, told.append))
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(asyncio.shield(waiting), 3 * claim.LOOK_SECONDS)
        assert await waiting
    assert len(told) == 1
    assert told[0].startswith("process ")


async def test_a_state_folder_is_closed_to_others_and_is_a_folder(tmp_path: Path) -> None:
    (tmp_path / "open").mkdir(mode=0o755)
    make_private(tmp_path / "open")
    assert stat.S_IMODE((tmp_path / "open").stat().st_mode) == 0o700
    (tmp_path / "file").touch()
    with pytest.raises(UsageError, match=r"cannot be had: .* Nothing was begun"):
        make_private(tmp_path / "file" / "below")
