"""The base is run once, also by those who want it at the same moment."""

import asyncio

import pytest

from honk.testing.gate_cases import SOUND, gate_of, plan_of
from honk.testing.rooms import DirectoryRooms, FilesTree, change_between

pytestmark = [pytest.mark.anyio, pytest.mark.slow]


async def test_who_comes_second_waits_for_the_first_run_on_the_base_and_takes_its_result() -> None:
    gate = gate_of()
    plan = await plan_of(gate, SOUND)
    head = {**SOUND, "calc.py": SOUND["calc.py"] + "\n\nPI = 3\n"}
    rooms, base = DirectoryRooms(SOUND, head), FilesTree(SOUND)
    async with asyncio.TaskGroup() as group:
        group.create_task(gate.prepare(plan, base, rooms))
        group.create_task(gate.examine(plan, base, FilesTree(head), change_between(SOUND, head), rooms))
    assert rooms.opened.count("base") == 1
