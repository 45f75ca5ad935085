"""A run's leavings go when their time has come, and what somebody needs stays; whoever dies on the way."""

import asyncio
import contextlib
import io
import os
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import pytest
from crash import Honk
from desk import OLD, RIGHT, Desk, Told, git, open_desk

from honk.base.errors import OutOfSpace, UsageError
from honk.domain.retention import Kind, Removal
from honk.domain.task import OutcomeName
from honk.store import StoreError
from honk.testing.scripted_model import ScriptedModel
from honk.testing.scripts import judge
from honk.workflows.restore import restore

pytestmark = [pytest.mark.anyio, pytest.mark.slow]

AGENT = f"command:sh -c \"cat >/dev/null; sed -i 's/{OLD}/{RIGHT}/' calc.py\""
SECRET = "Make add() add, dear xyzzy"
RETENTION = {"min_free_mib": 0, "workspace_days": 7}


@pytest.fixture
def home(tmp_path: Path) -> Path:
    assert os.geteuid() != 0
    return tmp_path / "home"


def age(home: Path, days: float) -> None:
    """As if everything had lain there for so long."""
    then = time.time() - days * 86_400
    for folder, names, files in os.walk(home):
        for name in (*names, *files):
            path = Path(folder) / name
            if not path.is_symlink() and ".git" not in path.parts:
                os.utime(path, (then, then))
    with contextlib.closing(sqlite3.connect(home / "honk.db")) as database, database:
        database.execute("update honk_run set finished_at = datetime('now', ?)", (f"-{days} days",))
        database.execute("update workflow_status set updated_at = updated_at - ?", (int(days * 86_400_000),))


def count(home: Path, table: str) -> int:
    with contextlib.closing(sqlite3.connect(home / "honk.db")) as database:
        return int(database.execute(f"select count(*) from {table}").fetchone()[0])


async def run(desk: Desk, repo: Path) -> Told:
    return await desk.run(repo, SECRET, agent=AGENT)


async def gc(desk: Desk) -> list[tuple[Kind, str]]:
    heard: list[Removal] = []
    swept = await desk.app.keep_house(await desk.app.plan_housekeeping(), heard.append)
    assert not swept.left, swept.left
    return [(removal.item.kind, removal.item.name) for removal in swept.removed]


async def test_what_a_run_left_goes_at_its_age_and_the_dataset_stays(home: Path, calc: Path) -> None:
    async with open_desk(home, {}, retention=RETENTION) as desk:
        told = await run(desk, calc)
        assert told.result.outcome is OutcomeName.OPENED
        assert await gc(desk) == []
    age(home, 8)
    async with open_desk(home, {}, retention=RETENTION) as desk:
        run_id = told.result.run_id
        assert sorted(await gc(desk)) == [(Kind.ENGINE_ROW, run_id), (Kind.WORKSPACE, f"workspaces/{run_id}")]
        assert count(home, "workflow_status") == count(home, "operation_outputs") == 0
        assert not (home / "workspaces" / run_id).exists()
        assert list((home / "trash").iterdir()) == []
    age(home, 400)
    async with open_desk(home, {}, retention=RETENTION) as desk:
        kinds = {kind for kind, _ in await gc(desk)}
        assert Kind.TEMPLATE in kinds
        assert Kind.DIFF not in kinds, "kept with its task"
        assert Kind.AGENT_STATE not in kinds, "its pull request is open"
        assert told.result.diff_blob is not None
        assert b"return a + b" in await desk.app.diff(told.result.diff_blob)
        merged = await desk.app.merge(told.result.pull_request.number, sentence="seen")  # type: ignore[union-attr]
        assert merged.pull_request.state == "merged", "a pull request outlives every cache"
        again = await run(desk, calc)
        assert again.result.outcome is OutcomeName.OPENED, "and what is gone is made again"


@pytest.mark.acceptance
async def test_an_interrupted_task_keeps_what_it_goes_on_with(home: Path, calc: Path) -> None:
    async with ScriptedModel({"judge": judge()}) as model:
        honk = Honk(home, calc, model, {"HONK_RETENTION__MIN_FREE_MIB": "0"})
        point = "events.append:collect:1:started@after"
        died = await honk(
            "run",
            "Make add() add",
            "--json",
            "--agent",
            AGENT,
            program=(sys.executable, str(Path(__file__).with_name("dying.py")), point),
        )
        assert died.code == -signal.SIGKILL
        age(home, 400)
        swept = await honk("gc", "--json")
        assert swept.code == 0, swept.errors
        assert not [line for line in swept.lines if "item" in line and line["item"]["kind"] == "workspace"], swept.lines
        ended = await honk.resume()
        assert ended.result["outcome"] == "opened", ended.errors


DYING_GC = """
import os, signal, sys
from honk.workflows import housekeeping
act, seen = housekeeping.Housekeeper.{method}, []
def dying(self, *args):
    seen.append(1)
    if len(seen) == {at} and "{when}" == "before":
        os.kill(os.getpid(), signal.SIGKILL)
    done = act(self, *args)
    if len(seen) == {at} and "{when}" == "after":
        os.kill(os.getpid(), signal.SIGKILL)
    return done
housekeeping.Housekeeper.{method} = dying
from honk.cli.main import main
sys.exit(main())
"""


@pytest.mark.acceptance
async def test_killed_in_the_middle_of_gc_nothing_is_half_there_and_the_next_one_finishes(
    home: Path, calc: Path
) -> None:
    async with open_desk(home, {}, retention=RETENTION) as desk:
        told = await run(desk, calc)
    age(home, 400)
    async with ScriptedModel({}) as model:
        honk = Honk(home, calc, model)
        for method, at, when in (
            ("_put_aside", 1, "before"),
            ("_put_aside", 1, "after"),
            ("_empty_trash", 2, "before"),
        ):
            program = (sys.executable, "-c", DYING_GC.format(method=method, at=at, when=when))
            assert (await honk("gc", program=program)).code == -signal.SIGKILL
            left = [path for path in home.glob("templates/*/*") if path.is_dir()]
            assert all((path / "checkout" / ".git" / "HEAD").exists() for path in left), "whole or gone"
        finished = await honk("gc", "--json")
        assert finished.code == 0, finished.errors
        assert finished.lines[-1]["left"] == []
    assert list((home / "trash").iterdir()) == []
    assert not (home / "workspaces" / told.result.run_id).exists()


async def test_a_run_tidies_once_a_day_and_a_fault_of_that_fails_no_run(home: Path, calc: Path) -> None:
    async with open_desk(home, {}, retention=RETENTION) as desk:
        told = await run(desk, calc)
    age(home, 8)
    async with open_desk(home, {}, retention=RETENTION) as desk:
        await run(desk, calc)
        assert not (home / "workspaces" / told.result.run_id).exists()
        (home / "trash").rmdir()
        (home / "trash").write_text("in the way")
        os.utime(home / "last-gc", (1, 1))
        assert (await run(desk, calc)).result.outcome is OutcomeName.OPENED


@pytest.mark.acceptance
async def test_a_deleted_task_leaves_no_word_behind(home: Path, calc: Path) -> None:
    async with open_desk(home, {}, retention=RETENTION) as desk:
        told = await run(desk, calc)
        task_id, blob = told.result.task_id, told.result.diff_blob
        with pytest.raises(UsageError, match="open pull request"):
            await desk.app.delete_task(task_id, close=False)
        other = await desk.run(calc, "Something else", agent=AGENT)
        done = await desk.app.delete_task(task_id, close=True)
        assert (done.runs, len(done.closed)) == (1, 1)
        assert [task.task_id for task in await desk.app.tasks()] == [other.result.task_id]
        assert (await desk.app.pull_request(done.closed[0])).state == "closed"
        assert not [path for path in home.glob("honk.db*") if b"xyzzy" in path.read_bytes()]
    kept = [
        path for path in home.rglob("*") if path.is_file() and not path.is_symlink() and "templates" not in path.parts
    ]
    assert not [path for path in kept if b"xyzzy" in path.read_bytes() and "forge" not in path.parts]
    [mirror] = home.glob("mirrors/*/work.git")
    assert told.result.head_sha is not None
    with pytest.raises(subprocess.CalledProcessError):
        git(mirror, "cat-file", "-e", told.result.head_sha)
    assert blob is not None
    assert not (home / "blobs" / blob).exists()
    refs = [
        git(mirror, "for-each-ref", "--format=%(refname)", "refs/honk/task")
        for mirror in home.glob("mirrors/*/work.git")
    ]
    assert refs == [f"refs/honk/task/{other.result.run_id}"]
    with contextlib.closing(sqlite3.connect(home / "honk.db")) as database:
        events = database.execute("select kind, body from honk_event where task_id = ?", (task_id,)).fetchall()
    assert events == [("deleted", '{"outcome":"opened"}')]


async def test_a_backup_restored_elsewhere_is_frozen_until_its_differences_were_told(
    home: Path, tmp_path: Path, calc: Path
) -> None:
    archive = io.BytesIO()
    async with open_desk(home, {}, retention=RETENTION) as desk:
        told = await run(desk, calc)
        await desk.app.backup(archive)
        assert told.result.pull_request is not None
        number = told.result.pull_request.number
        git(calc, "switch", "-q", "--detach")
        await desk.app.merge(number, sentence="seen")
        git(calc, "switch", "-q", "main")
    archive.seek(0)
    with pytest.raises(UsageError, match="a state in"):
        await asyncio.to_thread(restore, home, archive, replace=False)
    archive.seek(0)
    there = tmp_path / "there"
    await asyncio.to_thread(restore, there, archive, replace=False)
    async with open_desk(there, {}, retention=RETENTION) as desk:
        for act in (
            run(desk, calc),
            desk.app.resume(None),
            desk.app.merge(number),
            desk.app.close_pull_request(number),
        ):
            with pytest.raises(UsageError, match="frozen"):
                await act
        [said] = await desk.app.differences()
        assert "may have been merged after the backup" in said
        await desk.app.thaw()
        assert await desk.app.differences() == (said,)
        assert told.result.diff_blob is not None
        assert b"return a + b" in await desk.app.diff(told.result.diff_blob)
        assert b"return a + b" in await desk.app.pull_request_diff(number)
        assert (await desk.run(calc, "Once more", agent=AGENT)).result.outcome is OutcomeName.NO_CHANGE


async def test_half_an_archive_restores_nothing(home: Path, tmp_path: Path, calc: Path) -> None:
    archive = io.BytesIO()
    async with open_desk(home, {}, retention=RETENTION) as desk:
        await run(desk, calc)
        await desk.app.backup(archive)
    whole, there = archive.getvalue(), tmp_path / "there"
    without_end = whole.rstrip(b"\0")
    without_end = without_end[: len(without_end) // 512 * 512 - 512]
    for half in (b"", whole[:100], whole[:600], whole[:20_000], without_end):
        with pytest.raises(StoreError, match="Nothing was restored"):
            await asyncio.to_thread(restore, there, io.BytesIO(half), replace=False)
        assert sorted(path.name for path in there.iterdir()) == ["owner.lock"]


async def test_a_low_disk_refuses_new_runs_and_says_what_gc_gives_back(home: Path, calc: Path) -> None:
    async with open_desk(home, {}, retention={"min_free_mib": 1 << 40}) as desk:
        with pytest.raises(OutOfSpace, match=r"Nothing was begun. honk gc gives back about 0 KiB"):
            await run(desk, calc)
        assert await desk.app.tasks() == []
