"""How much memory there is for us, by what the kernel tells of the machine and of each cgroup that we are in."""

from pathlib import Path

import pytest

from honk.base.memory import available_bytes, total_bytes

GIB = 1 << 30


def tell(root: Path, membership: str, groups: dict[str, dict[str, object]]) -> tuple[Path, Path]:
    """Folders that look like /proc and /sys/fs/cgroup, of a machine with 16 GiB of which 9 are free."""
    (root / "proc/self").mkdir(parents=True)
    (root / "proc/meminfo").write_text(f"MemTotal: {16 << 20} kB\nMemFree: 1 kB\nMemAvailable: {9 << 20} kB\n")
    (root / "proc/self/cgroup").write_text(membership)
    for path, files in groups.items():
        (root / "cgroup" / path).mkdir(parents=True, exist_ok=True)
        for name, text in files.items():
            (root / "cgroup" / path / name).write_text(f"{text}\n")
    return root / "proc", root / "cgroup"


def v2(limit: object, used: int, cache: int = 0) -> dict[str, object]:
    return {"memory.max": limit, "memory.current": used, "memory.stat": f"anon 1\ninactive_file {cache}"}


def v1(limit: int, used: int, cache: int = 0) -> dict[str, object]:
    told = f"inactive_file 0\ntotal_inactive_file {cache}"
    return {"memory.limit_in_bytes": limit, "memory.usage_in_bytes": used, "memory.stat": told}


@pytest.mark.parametrize(
    ("membership", "groups", "total", "available"),
    [
        ("0::/\n", {}, 16, 9),
        ("0::/own\n", {"own": v2("max", 3 * GIB)}, 16, 9),
        ("0::/\n", {"": v2(4 * GIB, GIB)}, 4, 3),
        ("0::/units/honk\n", {"units/honk": v2(4 * GIB, GIB)}, 4, 3),
        ("0::/units/honk\n", {"units": v2(4 * GIB, 3 * GIB), "units/honk": v2(8 * GIB, GIB)}, 4, 1),
        ("0::/units/honk\n", {"units/honk": v2(4 * GIB, 4 * GIB, cache=3 * GIB)}, 4, 3),
        ("0::/units/honk\n", {"units/honk": v2(4 * GIB, 5 * GIB)}, 4, 0),
        ("3:cpu:/\n2:memory:/own\n0::/\n", {"memory/own": v1(4 * GIB, 3 * GIB, cache=GIB)}, 4, 2),
        ("2:memory:/far/outside\n", {"memory": v1(4 * GIB, GIB)}, 4, 3),
        ("2:memory:/\n", {"memory": v1(1 << 62, GIB)}, 16, 9),
    ],
    ids=[
        "a machine", "no limit", "a container", "a unit", "a narrower slice", "full of file cache", "above its limit",
        "version 1", "a container that knows the name outside", "version 1 without a limit",
    ],
)  # fmt: skip
def test_the_narrowest_counts(
    tmp_path: Path, membership: str, groups: dict[str, dict[str, object]], total: int, available: int
) -> None:
    proc, cgroup = tell(tmp_path, membership, groups)
    assert (total_bytes(proc, cgroup), available_bytes(proc, cgroup)) == (total * GIB, available * GIB)


def test_this_machine_tells() -> None:
    assert 0 < available_bytes() <= total_bytes()
