"""`make soak`: a server under load. Fifty runs at once, 10,000 parked tasks, 100 watchers; it prints figures.

    make soak
    make soak ARGS='--runs 10 --agent command'      without Claude Code: where memory is short

A figure says what was promised and whether this machine kept it. What makes it fail is a run that failed; and, where
the machine had nothing else to do before and behind it, a figure of three times what was promised. It ends within eight
minutes; what there was no time for says so. How each row is measured: docs/reference/bench.md.
"""

import argparse
import asyncio
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import filling
from desk import CALC, COMMAND, OLD, RIGHT, git, make_repository
from server import Server, serving
from watching import Watchers

from honk.testing import scripts

TASKS = PARKED = 10_000
WATCHERS = 100
CALLS = 200
QUIET_SECONDS = 20.0
WHOLE_SECONDS = 460.0
FAR_OFF = 3
"""So many times what was promised is a fault of ours, on a machine that is otherwise quiet."""
QUIET, LOOK_SECONDS = 0.25, 3.0
"""So much of the processors may be others'."""
MIB = 1 << 20


@dataclass(frozen=True)
class Figure:
    """One row."""

    name: str
    what: str
    value: float | None
    bound: float
    unit: str

    @property
    def is_far_off(self) -> bool:
        return self.value is not None and self.value > FAR_OFF * self.bound

    def __str__(self) -> str:
        if self.value is None:
            return f"{self.name:<16} {'not measured':>16}   promised < {self.bound:g} {self.unit:<5}       {self.what}"
        met = "met    " if self.value < self.bound else "NOT MET"
        promised = f"promised < {self.bound:g} {self.unit:<5} {met}"
        return f"{self.name:<16} {self.value:>10.1f} {self.unit:<5}   {promised} {self.what}"


@dataclass
class Soak:
    """The server under load, and what was measured."""

    server: Server
    repo: Path
    options: argparse.Namespace
    figures: list[Figure] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)
    idle_bytes: int = 0
    tasks: list[str] = field(default_factory=list)
    settings: Mapping[str, str] = field(default_factory=dict)

    def told(self, name: str, what: str, value: float | None, bound: float, unit: str) -> None:
        self.figures.append(Figure(name, what, value, bound, unit))
        print(self.figures[-1], flush=True)

    @property
    def pid(self) -> int:
        assert self.server.process is not None
        return self.server.process.pid

    async def restart(self, **settings: str) -> None:
        """With these settings beside the usual ones."""
        await self.server.stop()
        self.server.settings = {**self.settings, **settings}
        await self.server.start()

    async def start(self) -> None:
        """From the command to its first line, and the memory of a server that nobody asks anything."""
        await self.server.stop()
        began = time.monotonic()
        await self.server.start()
        self.told("start", "from the command to a page", time.monotonic() - began, 3, "s")
        await asyncio.sleep(5)
        self.idle_bytes = memory_bytes(self.pid)
        self.told("idle-memory", "the server's process, idle (RSS)", self.idle_bytes / MIB, 150, "MiB")

    async def parking(self) -> None:
        """What ten thousand parked tasks take of memory and time."""
        await self.server.stop()
        await asyncio.to_thread(filling.fill, self.server.home, TASKS, PARKED)
        await self.server.start()
        await asyncio.sleep(5)
        used, began = cpu_seconds(self.pid), time.monotonic()
        await asyncio.sleep(QUIET_SECONDS)
        share = (cpu_seconds(self.pid) - used) / (time.monotonic() - began) * 100
        more = (memory_bytes(self.pid) - self.idle_bytes) / MIB
        self.told("parked-memory", f"more than idle, with {PARKED:,} parked tasks", more, 20, "MiB")
        self.told("parked-cpu", "of a core, with them, while nothing happens", share, 2, "%")

    async def api(self) -> None:
        """The API's answers with all those tasks."""
        (task, *_) = (await self.server.json("GET", "/api/tasks?limit=50"))["tasks"]
        paths = ["/api/tasks?limit=50", "/api/tasks?status=waiting&limit=50", f"/api/tasks/{task['task_id']}",
                 "/api/repositories", "/api/tasks?words=nothing-has-this"]  # fmt: skip
        took = [await seconds_of(lambda path=path: self.server.json("GET", path)) for _ in range(CALLS // 5)
                for path in paths]  # fmt: skip
        self.told("api", f"p95 of {len(took)} calls, with {TASKS + PARKED:,} tasks", p95(took) * 1000, 100, "ms")

    async def board(self) -> None:
        """From a request to a list that has it. Nothing begins yet: what agents take is not measured here."""
        await self.restart(HONK_SERVE__MIN_FREE_MEMORY_MIB=str(1 << 30))
        (repository,) = await self.server.json("GET", "/api/repositories")
        took = []
        for number in range(self.options.runs):
            wanted = {"repository_id": repository["repository_id"], "prompt": f"Make add() add, {number}"}
            began = time.monotonic()
            self.tasks.append((await self.server.json("POST", "/api/tasks", json=wanted))["task_id"])
            page = await self.server.json("GET", "/api/tasks?limit=50")
            assert self.tasks[-1] in [one["task_id"] for one in page["tasks"]]
            took.append(time.monotonic() - began)
        self.told("on-the-board", "p95, from the request to a list that has it", p95(took) * 1000, 300, "ms")

    async def watching(self) -> None:
        """How soon a hundred people see what happens to one task."""
        await self.restart(HONK_SERVE__AGENTS="1")
        async with Watchers(self.server) as watchers:
            for _ in range(WATCHERS):
                watchers.follow(self.tasks[0])
            await watchers.outcomes(self.tasks[:1])
            late = p95(watchers.late) * 1000
        what = f"p95 of {len(watchers.late)}, from the event to a browser, {WATCHERS} of them"
        self.told("event", what, late, 200, "ms")

    async def runs(self) -> None:
        """All the others at once: none fails, and little of the processors is ours."""
        await self.restart()
        before, ours_before = whole_cpu_seconds(self.pid), cpu_seconds(self.pid)
        async with Watchers(self.server) as watchers:
            for task_id in self.tasks:
                watchers.follow(task_id)
            outcomes = await watchers.outcomes(self.tasks)
        ours, everything = cpu_seconds(self.pid) - ours_before, whole_cpu_seconds(self.pid) - before
        self.failures = [f"{task_id}: {outcome}" for task_id, outcome in outcomes.items() if outcome != "opened"]
        self.told("failed-runs", f"of {len(self.tasks)} at once", len(self.failures), 1, "")
        self.told("our-share", "of all processor time of those runs", ours / everything * 100, 20, "%")


async def seconds_of(act: Callable[[], Awaitable[object]]) -> float:
    began = time.monotonic()
    await act()
    return time.monotonic() - began


def p95(values: Sequence[float]) -> float:
    return statistics.quantiles(values, n=20)[-1] if len(values) > 1 else max(values, default=0.0)


def memory_bytes(pid: int) -> int:
    """Resident: what is shared with others counts wholly."""
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def _times(pid: int) -> list[int]:
    return [int(word) for word in Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[11:15]]


def cpu_seconds(pid: int) -> float:
    """Of the process itself."""
    return sum(_times(pid)[:2]) / os.sysconf("SC_CLK_TCK")


def whole_cpu_seconds(pid: int) -> float:
    """With all that it started and has waited for."""
    return sum(_times(pid)) / os.sysconf("SC_CLK_TCK")


async def others_share() -> float:
    """Of the processors, while we do nothing."""
    before = _processors()
    await asyncio.sleep(LOOK_SECONDS)
    spent = [after - one for one, after in zip(before, _processors(), strict=True)]
    return 1 - (spent[3] + spent[4]) / max(1, sum(spent[:8]))


def _processors() -> list[int]:
    return [int(word) for word in Path("/proc/stat").read_text().splitlines()[0].split()[1:]]


async def soak(options: argparse.Namespace) -> int:
    began, busy = time.monotonic(), await others_share()
    agent = {"HONK_AGENT": COMMAND} if options.agent == "command" else {}
    straight = scripts.straight("/workspace/calc.py", old=OLD, new=RIGHT, verify=False)
    with tempfile.TemporaryDirectory(prefix="honk-soak-", ignore_cleanup_errors=True) as name:
        repo = make_repository(Path(name) / "calc", CALC)
        settings = {"HONK_SERVE__AGENTS": str(options.runs), "HONK_QUOTA__PERSON_MONTH_USD": "100000",
                    "HONK_QUOTA__MONTH_USD": "100000", **agent}  # fmt: skip
        async with serving(Path(name) / "home", {"default": straight}, repo, **settings) as server:
            one = Soak(server=server, repo=repo, options=options, settings=settings)
            try:
                async with asyncio.timeout(WHOLE_SECONDS):
                    for part in (one.start, one.parking, one.api, one.board, one.watching, one.runs):
                        await part()
            except TimeoutError:
                print(f"stopped after {WHOLE_SECONDS:.0f} s: the rest was not measured", flush=True)
                one.failures.append("not everything ended in time")
        assert git(repo, "status", "--porcelain") == ""
    print(f"cores {os.cpu_count()}; load at the end {os.getloadavg()[0]:.1f}; {time.monotonic() - began:.0f} s in all")
    busy = max(busy, await others_share())
    far_off = [f"{figure.name} is far off: {figure}" for figure in one.figures if figure.is_far_off]
    print(f"others had {busy:.0%} of the processors before or behind it")
    if busy < QUIET:
        one.failures += far_off
    for failure in one.failures:
        print(f"failed: {failure}")
    return 1 if one.failures else 0


def main(argv: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(description="A server under load; figures are printed.")
    parser.add_argument("--runs", type=int, default=50, help="so many at once (50)")
    parser.add_argument("--agent", choices=["claude", "command"], default="claude")
    return asyncio.run(soak(parser.parse_args(argv)))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
