"""Reads from /proc which processes a command has started, and how much memory they hold."""

import contextlib
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

AGENT = "/opt/claude/claude"


@dataclass(frozen=True, slots=True)
class Running:
    """One process."""

    pid: int
    parent: int
    started: str
    argv: tuple[str, ...]

    @property
    def kind(self) -> str:
        """Which of our programs it is."""
        words = " ".join(self.argv)
        kinds = {"holder.main": "holder", "bridge.py": "bridge", "bwrap": "bwrap", "git": "git"}
        return next((kind for sign, kind in kinds.items() if sign in words), "honk")

    @property
    def is_bubblewrap(self) -> bool:
        return self.argv[:1] == ("bwrap",)

    @property
    def is_agent(self) -> bool:
        return self.argv[:1] == (AGENT,)


def family(root: int) -> list[Running]:
    """The process and all that descend from it."""
    everyone = list(_everyone())
    found = [one for one in everyone if one.pid == root]
    known = {root}
    while more := [one for one in everyone if one.parent in known and one.pid not in known]:
        known |= {one.pid for one in more}
        found += more
    return found


def ours(processes: list[Running]) -> list[Running]:
    """Without what runs inside the sandboxes. Bubblewrap itself is ours."""
    inside = guests(processes)
    return [one for one in processes if one not in inside]


def guests(processes: list[Running]) -> list[Running]:
    """What runs inside the sandboxes: the agent, its tools and the tests."""
    inside = {one.pid for one in processes if one.is_bubblewrap}
    found: dict[int, Running] = {}
    for one in processes:  # parents come before their children
        if one.parent in found or (one.parent in inside and not one.is_bubblewrap):
            found[one.pid] = one
    return list(found.values())


def proportional_mib(process: Running) -> float:
    """Its memory, of shared pages its share; 0 where it is gone.

    Raises:
        PermissionError: it hides its memory.
    """
    with contextlib.suppress(FileNotFoundError, ProcessLookupError):
        for line in Path(f"/proc/{process.pid}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1]) / 1024
    return 0.0


def cpu_seconds(pid: int) -> float:
    """Of the process, and of all below it that have ended."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return sum(int(ticks) for ticks in fields[11:15]) / os.sysconf("SC_CLK_TCK")


def is_there(process: Running) -> bool:
    """Whether it lives; a zombie does not."""
    return (found := _read(process.pid)) is not None and found.started == process.started


def _everyone() -> Iterator[Running]:
    for place in Path("/proc").iterdir():
        if place.name.isdecimal() and (one := _read(int(place.name))) is not None:
            yield one


def _read(pid: int) -> Running | None:
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        argv = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")[:-1]
    except OSError:
        return None
    if fields[0] in "ZX":
        return None
    return Running(pid, int(fields[1]), fields[19], tuple(word.decode("utf-8", "replace") for word in argv))
