"""How many cores and how much memory this process may have, by its cgroup where that is narrower than the machine."""

import os
from pathlib import Path

PROC = Path("/proc/meminfo")
CGROUP = Path("/sys/fs/cgroup")
_VERSIONS = (("memory.max", "memory.current"), ("memory/memory.limit_in_bytes", "memory/memory.usage_in_bytes"))


def cores() -> int:
    """Those that we may run on."""
    return len(os.sched_getaffinity(0))


def total_bytes(proc: Path = PROC, cgroup: Path = CGROUP) -> int:
    """All that may ever be used."""
    return min([_of_machine(proc, "MemTotal"), *(limit for limit, _ in _of_cgroup(cgroup))])


def available_bytes(proc: Path = PROC, cgroup: Path = CGROUP) -> int:
    """What may be used besides, just now."""
    return min([_of_machine(proc, "MemAvailable"), *(max(0, limit - used) for limit, used in _of_cgroup(cgroup))])


def _of_machine(proc: Path, name: str) -> int:
    for line in proc.read_text().splitlines():
        if line.startswith(f"{name}:"):
            return int(line.split()[1]) << 10
    raise ValueError(f"{proc} does not tell {name}")


def _of_cgroup(cgroup: Path) -> list[tuple[int, int]]:
    """Limit and use; none where nothing is limited."""
    found = []
    for limit, used in _VERSIONS:
        try:
            found.append((int((cgroup / limit).read_text()), int((cgroup / used).read_text())))
        except (OSError, ValueError):
            continue
    return found
