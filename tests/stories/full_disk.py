"""`full_disk.py FOLDER POINT...`: on a small disk that gets full at each point in turn, a run halts, and goes on once
there is room. A point is PORT.METHOD[:WORD], as in dying.py."""

import asyncio
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import pytest
from desk import CALC, OLD, RIGHT, Desk, git, make_repository, open_desk

from honk import bootstrap
from honk.app import RunRequest
from honk.base.disk import free_bytes
from honk.base.errors import OutOfSpace
from honk.domain.limits import Limits
from honk.domain.task import OutcomeName
from honk.store import TaskEvent

AGENT = f"command:sh -c \"cat >/dev/null; sed -i 's/{OLD}/{RIGHT}/' calc.py\""
GREEDY = 'command:sh -c "cat >/dev/null; head -c 1G /dev/zero > big; sleep 60"'
RETENTION = {"min_free_mib": 0, "halt_free_mib": 24}


class Filler:
    """A file that takes what is left of a disk."""

    def __init__(self, disk: Path) -> None:
        self.path = disk / "filler"
        self.point = ""
        self.has_struck = False

    def strike(self) -> None:
        self.has_struck = True
        with self.path.open("wb", buffering=0) as file, pytest.raises(OSError, match="No space left"):
            file.writelines(iter(lambda: bytes(1 << 20), b""))
        assert free_bytes(self.path) < 1 << 20

    def make_room(self) -> None:
        self.path.unlink()

    def wraps(self, name: str, port: Any) -> None:
        """Every method that the points may name."""
        for method in ("accept", "template", "environment", "append", "examine", "push", "insert", "put",
                       "import_branch", "set_status", "save_attempt"):  # fmt: skip
            if (act := getattr(type(port), method, None)) is not None:
                setattr(type(port), method, self._striking(f"{name}.{method}", act))

    def _striking(self, call: str, act: Any) -> Any:
        async def striking(port: object, *args: Any, **options: Any) -> Any:
            where, _, word = self.point.partition(":")
            if where == call and word in repr((args, options)) and not self.has_struck:
                self.strike()
            return await act(port, *args, **options)

        return striking


async def run(one: Desk, repo: Path, agent: str) -> tuple[str, list[TaskEvent]]:
    request = RunRequest(
        prompt="Make add() add",
        repo=repo,
        agent=agent,
        model="sonnet",
        limits=Limits(wall_seconds=60),
    )
    task = await one.app.submit(request)
    return task.task_id, [event async for event in one.app.follow(task.task_id)]


async def halts_and_goes_on(filler: Filler, disk: Path, point: str) -> None:
    filler.point, filler.has_struck = point, False
    home = disk / point.replace(":", "_").replace(".", "_")
    with tempfile.TemporaryDirectory() as elsewhere:
        repo = make_repository(Path(elsewhere) / "calc", CALC)
        async with open_desk(home, {}, retention=RETENTION) as one:
            with pytest.raises(OutOfSpace, match="disk is full"):
                await run(one, repo, AGENT)
            assert filler.has_struck, point
            filler.make_room()
            if begun := await one.app.tasks():
                task_id = begun[0].task_id
                assert (await one.app.resume(task_id)) is not None
                events = [event async for event in one.app.follow(task_id)]
            else:
                task_id, events = await run(one, repo, AGENT)
            result = await one.app.result(task_id)
            assert result.outcome is OutcomeName.OPENED, (point, result.reason)
            assert str(result.verification) == "passed"
            assert [event.kind for event in events].count("outcome") == 1
            assert git(repo, "branch", "--list", "honk/*", "--format=%(refname:short)") == result.branch
            assert len(await one.app.pull_requests()) == 1


async def a_greedy_agent_is_halted(disk: Path) -> None:
    """It fills the disk itself: no other run is hurt for longer than a look takes."""
    with tempfile.TemporaryDirectory() as elsewhere:
        repo = make_repository(Path(elsewhere) / "calc", CALC)
        began = time.monotonic()
        async with open_desk(disk / "greedy", {}, retention=RETENTION) as one:
            with pytest.raises(OutOfSpace, match="agent 1"):
                await run(one, repo, GREEDY)
        assert time.monotonic() - began < 30


async def main(disk: Path, points: list[str]) -> None:
    filler = Filler(disk)
    make = bootstrap._house

    def house(*rooms: Any) -> Any:
        made = make(*rooms)
        for name in ("tasks", "events", "runs", "workspaces", "gate", "forge", "source", "blobs"):
            if type(getattr(made, name)) not in wrapped:
                wrapped.add(type(getattr(made, name)))
                filler.wraps(name, getattr(made, name))
        rows = made.forge._rows
        if type(rows) not in wrapped:
            wrapped.add(type(rows))
            filler.wraps("rows", rows)
        return made

    wrapped: set[type] = set()
    bootstrap._house = house
    for point in points:
        began = time.monotonic()
        await halts_and_goes_on(filler, disk, point)
        print(f"{point}: {time.monotonic() - began:.1f} s", flush=True)
    await a_greedy_agent_is_halted(disk)


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), sys.argv[2:]))
