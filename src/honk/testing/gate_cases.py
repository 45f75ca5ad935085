"""A small repository and ways to change it, for every test of the gate."""

import sys
from collections.abc import Mapping

from honk.domain.evidence import Examination
from honk.testing.rooms import DirectoryRooms, FilesTree, change_between
from honk.verifier import BaseRuns, Plan
from honk.verifier.clean_room import CleanRoomGate
from honk.workspace import Environment

SOUND = {
    "calc.py": "def add(a, b):\n    return a + b\n\n\ndef half(a):\n    return a / 2\n",
    "pyproject.toml": '[project]\nname = "calc"\nversion = "1"\n\n[tool.pytest.ini_options]\naddopts = "-ra"\n',
    "tests/test_calc.py": (
        "import pytest\nfrom calc import add, half\n\n\n"
        "@pytest.mark.parametrize('a', [1, 2, 3])\ndef test_add(a):\n    assert add(a, 1) == a + 1\n\n\n"
        "def test_half():\n    assert half(4) == 2\n"
    ),
}
BROKEN = SOUND["calc.py"].replace("a + b", "a - b")


class Memory:
    """Base runs and blobs in dictionaries."""

    def __init__(self) -> None:
        self.runs: dict[str, str] = {}
        self.blobs: dict[str, bytes] = {}

    async def load(self, key: str) -> str | None:
        return self.runs.get(key)

    async def save(self, key: str, text: str) -> None:
        self.runs[key] = text

    async def put(self, name: str, content: bytes) -> str:
        self.blobs[f"{name}-{len(self.blobs)}"] = content
        return f"{name}-{len(self.blobs) - 1}"


def gate_of(memory: Memory | None = None) -> CleanRoomGate:
    memory = memory or Memory()
    return CleanRoomGate(base_runs=BaseRuns(load=memory.load, save=memory.save), put_blob=memory.put)


async def plan_of(gate: CleanRoomGate, base: Mapping[str, str]) -> Plan:
    return await gate.plan(FilesTree("b" * 40, base), Environment(key="e", python=sys.executable))


async def examine(
    base: Mapping[str, str], head: Mapping[str, str], *, memory: Memory | None = None, timeout_seconds: float = 60.0
) -> Examination:
    gate = gate_of(memory)
    plan = await plan_of(gate, base)
    return await gate.examine(
        plan,
        FilesTree("b" * 40, base),
        FilesTree("c" * 40, head),
        change_between(base, head),
        DirectoryRooms(base, head),
    )
