"""How many cores this process may have, and how much memory: by its cgroups where one is narrower than the machine."""

import contextlib
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

PROC = Path("/proc")
CGROUP = Path("/sys/fs/cgroup")


@dataclass(frozen=True, slots=True)
class _Names:
    """What a version of cgroups calls its files, and in `memory.stat` the file cache that is given back first."""

    limit: str
    use: str
    cache: str


_V1 = _Names("memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file")
_V2 = _Names("memory.max", "memory.current", "inactive_file")


def cores() -> int:
    """Those that we may run on."""
    return len(os.sched_getaffinity(0))


def total_bytes(proc: Path = PROC, cgroup: Path = CGROUP) -> int:
    """All that may ever be used."""
    return min([_of_machine(proc, "MemTotal"), *(limit for limit, _ in _of_cgroups(proc, cgroup))])


def available_bytes(proc: Path = PROC, cgroup: Path = CGROUP) -> int:
    """What may be used besides, just now."""
    left = (max(0, limit - used) for limit, used in _of_cgroups(proc, cgroup))
    return min([_of_machine(proc, "MemAvailable"), *left])


def _of_machine(proc: Path, name: str) -> int:
    for line in (proc / "meminfo").read_text().splitlines():
        if line.startswith(f"{name}:"):
            return int(line.split()[1]) << 10
    raise ValueError(f"{proc}/meminfo does not tell {name}")


def _of_cgroups(proc: Path, cgroup: Path) -> Iterator[tuple[int, int]]:
    """Limit and use of each that we are in, from our own up; nothing of those without a limit."""
    for line in (proc / "self/cgroup").read_text().splitlines():
        _, controllers, path = line.split(":", 2)
        if not controllers:
            root, names = cgroup, _V2
        elif "memory" in controllers.split(","):
            root, names = cgroup / "memory", _V1
        else:
            continue
        own = root / path.lstrip("/")
        for group in (own, *own.parents):
            if not group.is_relative_to(root):
                break
            with contextlib.suppress(OSError, ValueError):  # no limit, or a name that only the machine outside knows
                yield int((group / names.limit).read_text()), _used(group, names)


def _used(group: Path, names: _Names) -> int:
    """Without the file cache that nobody is using: a server that reads many files would look full for ever."""
    stat = dict(line.split() for line in (group / "memory.stat").read_text().splitlines())
    return int((group / names.use).read_text()) - int(stat.get(names.cache, 0))
