"""A small repository and ways to change it, for every test of the gate."""

import sys
from collections.abc import Callable
from pathlib import Path

from honk.domain.evidence import Examination
from honk.sandbox import Mount
from honk.testing.rooms import DirectoryRooms, Files, FilesTree, change_between
from honk.verifier import BaseRuns, Plan, Rooms
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
        self.blobs[name] = content
        return name


def gate_of(memory: Memory | None = None) -> CleanRoomGate:
    memory = memory or Memory()
    return CleanRoomGate(base_runs=BaseRuns(load=memory.load, save=memory.save), put_blob=memory.put)


async def plan_of(gate: CleanRoomGate, base: Files, environment: Environment | None = None) -> Plan:
    return await gate.plan(FilesTree(base), environment or Environment(key="e", python=sys.executable))


async def examine(
    base: Files, head: Files, *, memory: Memory | None = None, rooms: Callable[[Files, Files], Rooms] = DirectoryRooms
) -> Examination:
    """What the gate says of the change from one tree of files to the other."""
    gate = gate_of(memory)
    plan = await plan_of(gate, base)
    change = change_between(base, head)
    return await gate.examine(plan, FilesTree(base), FilesTree(head), change, rooms(base, head))


def python_mounts() -> tuple[Mount, ...]:
    """What a sandbox must be shown so that this very interpreter, with pytest, runs inside."""
    prefixes = {Path(sys.prefix), Path(sys.base_prefix).resolve()}
    return tuple(Mount(source=prefix, target=str(prefix)) for prefix in sorted(prefixes) if prefix != Path("/usr"))
