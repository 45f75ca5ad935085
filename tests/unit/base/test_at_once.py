"""Who catches an error by its type need not know that several acts were under way."""

import asyncio

import pytest

from honk.base.at_once import at_once
from honk.base.errors import UsageError

pytestmark = pytest.mark.anyio


async def broken() -> None:
    raise UsageError("no")


async def stuck(ended: list[str]) -> None:
    try:
        await asyncio.Event().wait()
    finally:
        ended.append("stuck")


@pytest.mark.parametrize("between", [False, True])
async def test_the_first_that_breaks_ends_the_others_and_is_known_by_its_own_type(between: bool) -> None:
    ended: list[str] = []

    async def several() -> None:
        async with at_once() as group:
            group.create_task(stuck(ended))
            await asyncio.sleep(0)
            if between:
                await broken()
            group.create_task(broken())

    with pytest.raises(UsageError, match="no"):
        await several()
    assert ended == ["stuck"]


async def test_where_all_goes_well_each_has_its_result() -> None:
    async def number(found: int) -> int:
        return found

    async with at_once() as group:
        tasks = [group.create_task(number(found)) for found in (1, 2)]
    assert [task.result() for task in tasks] == [1, 2]
