"""Holds a sandbox to its ceilings: a cgroup where one is to be had, and a watch on what it writes."""

import asyncio
import contextlib
import os
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from honk.base.ids import new_id
from honk.sandbox import Ceilings
from honk.sandbox.state import written_bytes

_MEMORY_FILES = ("memory.max", "memory.limit_in_bytes")
_PERIOD_US = 100_000
V2_ROOT = Path("/sys/fs/cgroup")
_SHORTEST_PAUSE_SECONDS = 1.0
_PAUSE_FACTOR = 20
"""Between two looks at the disk we wait this many times what a look costs: at most a twentieth of one core."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cgroup:
    """The cgroup directories of one sandbox: one for version 2, one for each controller of version 1; maybe none."""

    directories: tuple[Path, ...] = ()

    def join(self, pid: int) -> None:
        """Put the process, and all it will start, in."""
        for directory in self.directories:
            (directory / "cgroup.procs").write_text(str(pid))

    @property
    def holds_memory(self) -> bool:
        """Whether the memory ceiling is the sandbox's as a whole; else it is only each process's own."""
        return any((one / name).exists() for one in self.directories for name in _MEMORY_FILES)

    def peak_memory_bytes(self) -> int | None:
        """The most memory that was in use at once; None where the kernel does not count it."""
        for directory in self.directories:
            for name in ("memory.peak", "memory.max_usage_in_bytes"):
                with contextlib.suppress(OSError, ValueError):
                    return int((directory / name).read_text())
        return None

    def remove(self) -> None:
        """Take the (empty) directories away."""
        for directory in self.directories:
            with contextlib.suppress(OSError):
                directory.rmdir()


def make_cgroup(ceilings: Ceilings, root: Path = V2_ROOT, membership: str | None = None) -> Cgroup:
    """A cgroup with the ceilings, below the one that we are in; an empty one where this is not delegated to us.

    `membership` is the text of /proc/self/cgroup.
    """
    lines = (membership if membership is not None else Path("/proc/self/cgroup").read_text()).splitlines()
    homes = {controllers: path for _, controllers, path in (line.split(":", 2) for line in lines)}
    name = f"honk-{new_id()}"
    if "" in homes and (v2 := _make_v2(root, homes[""], name, ceilings)):
        return Cgroup(directories=(v2,))
    settings = {
        "memory": {"memory.limit_in_bytes": ceilings.memory_bytes},
        "pids": {"pids.max": ceilings.processes},
    }
    if ceilings.cpu_share is not None:
        settings["cpu"] = {"cpu.cfs_quota_us": int(ceilings.cpu_share * _PERIOD_US)}
    made = []
    for controller, files in settings.items():
        home = next((path for controllers, path in homes.items() if controller in controllers.split(",")), None)
        if home is not None and (directory := _make(root / controller / home.lstrip("/"), name, files)):
            made.append(directory)
    return Cgroup(directories=tuple(made))


def cpu_seconds_below(pid: int) -> float | None:
    """Of a core, used by the process and all below it, the dead too; None where it is gone."""
    ticks, waiting = 0, [pid]
    while waiting:
        one = waiting.pop()
        try:
            words = Path(f"/proc/{one}/stat").read_text().rpartition(")")[2].split()
            threads = os.listdir(f"/proc/{one}/task")  # noqa: PTH208 - whole at once: one may end meanwhile
            children = [Path(f"/proc/{one}/task/{thread}/children").read_text() for thread in threads]
        except OSError:
            if one == pid:
                return None
            continue
        ticks += sum(int(word) for word in words[11:15])
        waiting += [int(word) for text in children for word in text.split()]
    return ticks / os.sysconf("SC_CLK_TCK")


def has_cgroup() -> bool:
    """Whether memory is bounded for a sandbox as a whole here. If not, for each process only: `doctor` says so."""
    cgroup = make_cgroup(Ceilings())
    cgroup.remove()
    return cgroup.holds_memory


def _make_v2(root: Path, home: str, name: str, ceilings: Ceilings) -> Path | None:
    """Beside us rather than below us if we sit in a leaf: a cgroup with processes may not have limits below it."""
    files = {
        "memory.max": ceilings.memory_bytes,
        "memory.swap.max": 0,
        "memory.oom.group": 0,
        "pids.max": ceilings.processes,
    }
    if ceilings.cpu_share is not None:
        files["cpu.max"] = int(ceilings.cpu_share * _PERIOD_US)  # the period is left as it is
    own = root / home.lstrip("/")
    for parent in (own, own.parent):
        with contextlib.suppress(OSError):
            if _hands_down(parent):
                return _make(parent, name, files)
    return None


def _hands_down(parent: Path) -> bool:
    """Whether groups below have these limits. A unit of systemd with Delegate= has the right, and must use it itself.

    Raises:
        OSError: nobody may, or processes sit in it.
    """
    wanted, control = {"memory", "pids"}, parent / "cgroup.subtree_control"
    if wanted <= set(control.read_text().split()):
        return True
    if not wanted <= set((parent / "cgroup.controllers").read_text().split()):
        return False
    control.write_text("+memory +pids")
    return True


def _make(parent: Path, name: str, files: dict[str, int]) -> Path | None:
    directory = parent / name
    try:
        directory.mkdir()
        for file, value in files.items():
            if (directory / file).exists() or not file.startswith(("memory.swap", "cpu")):
                (directory / file).write_text(str(value))
    except OSError:
        with contextlib.suppress(OSError):
            directory.rmdir()
        return None
    return directory


async def watch_disk(trees: Sequence[Path], ceiling_bytes: int, on_excess: Callable[[int], Awaitable[None]]) -> None:
    """Look at the trees again and again; tell their size whenever it passes the ceiling. Runs until cancelled."""
    pause = _SHORTEST_PAUSE_SECONDS
    while True:
        await asyncio.sleep(pause)
        begun = time.monotonic()
        used = await asyncio.to_thread(written_bytes, *trees)
        pause = max(_SHORTEST_PAUSE_SECONDS, _PAUSE_FACTOR * (time.monotonic() - begun))
        if used > ceiling_bytes:
            await on_excess(used)
