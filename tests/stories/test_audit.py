"""Every outward act stands in a log before it is done, and who changes the log is found."""

import asyncio
import io
import json
import shutil
import signal
import sqlite3
import subprocess
from contextlib import closing
from pathlib import Path

import pytest
from crash import DYING, Honk
from desk import COMMAND, RIGHT, Desk, git, open_desk
from server import serving

from honk.domain.audit import DONE, AuditEntry, Tampering
from honk.domain.task import OutcomeName
from honk.store import StoreBusy, StoreError
from honk.store.anchor import FileAnchor
from honk.testing.scripted_model import ScriptedModel
from honk.testing.scripts import judge
from honk.workflows.restore import restore

pytestmark = pytest.mark.anyio
ELSE = "command:sh -c \"cat >/dev/null; echo 'add() adds' > NOTES.md\""
SECRET_WORDS = "Make the xyzzy of add() add"


async def entries(desk: Desk) -> list[AuditEntry]:
    return list(await desk.app.sights.house.audit.read())


def acts(found: list[AuditEntry]) -> list[tuple[str, str]]:
    return [(one.act, one.came_of) for one in found]


async def test_what_goes_out_is_written_before_and_what_came_of_it_behind(tmp_path: Path, calc: Path) -> None:
    async with open_desk(tmp_path / "home", {}) as desk:
        told = await desk.run(calc, SECRET_WORDS, agent=COMMAND)
        assert told.result.pull_request is not None
        number = told.result.pull_request.number
        merged = await desk.app.merge(number, sentence="I looked.")
        found = await entries(desk)
        names = ["push", "give branch", "open pull request", "merge", "give branch"]
        assert acts(found) == [pair for name in names for pair in ((name, ""), (name, DONE))]
        assert {one.who.name for one in found[:6]} == {"honk"}
        assert (found[6].who.name, found[6].who.door, found[6].subject) == ("Ada", "cli", f"pull_request:{number}")
        assert found[0].body["head_sha"] == told.result.head_sha
        assert found[5].body["pull_request"] == number
        assert found[7].body["merged_sha"] == merged.pull_request.merged_sha
        await desk.app.delete_task(told.result.task_id, close=False)
        checked = await desk.app.sights.house.audit.check()
        assert (checked.wrong, checked.unended) == (None, ())
        assert acts(await entries(desk))[-2:] == [("delete task", ""), ("delete task", DONE)]
    with closing(sqlite3.connect(tmp_path / "home" / "honk.db")) as database:
        kept = json.dumps(database.execute("select * from honk_audit").fetchall())
    for words in ("xyzzy", "I looked", RIGHT):
        assert words not in kept, "the log outlives the task's words"


async def test_what_cannot_be_written_down_does_not_go_out(tmp_path: Path, calc: Path) -> None:
    async with open_desk(tmp_path / "home", {}) as desk:
        audit = desk.app.sights.house.audit

        async def locked(*_: object, **__: object) -> AuditEntry:
            raise StoreBusy("The database is locked.")

        write, audit.write = audit.write, locked  # type: ignore[method-assign]
        told = await desk.run(calc, agent=COMMAND)
        assert told.result.outcome is OutcomeName.FAILED
        assert "The database is locked." in told.result.reason
        assert git(calc, "branch", "--list", "honk/*") == ""
        assert await desk.app.pull_requests() == []
        audit.write = write  # type: ignore[method-assign]


async def test_an_audit_row_that_was_deleted_or_edited_is_found(tmp_path: Path, calc: Path) -> None:
    async with open_desk(tmp_path / "home", {}) as desk:
        await desk.run(calc, agent=COMMAND)
        audit = desk.app.sights.house.audit
        with closing(sqlite3.connect(tmp_path / "home" / "honk.db")) as database:
            for act in ("update", "delete"):
                database.execute(f"drop trigger honk_audit_no_{act}")
            database.execute("update honk_audit set record = replace(record, 'honk', 'Eve') where sequence = 3")
            database.commit()
            edited = await audit.check()
            database.execute("delete from honk_audit where sequence = 2")
            database.commit()
            deleted = await audit.check()
    assert edited.wrong is not None
    assert (edited.wrong.sequence, edited.wrong.kind) == (3, Tampering.EDITED)
    assert deleted.wrong is not None
    assert (deleted.wrong.sequence, deleted.wrong.kind) == (2, Tampering.DELETED)


@pytest.mark.acceptance
async def test_administrators_read_and_verify_the_log_here_and_from_elsewhere(
    tmp_path: Path, home: Path, calc: Path
) -> None:
    anchor = tmp_path / "elsewhere.heads"
    mends = "command:sed -i s/a.-.b/a+b/ /workspace/calc.py"
    async with serving(home, {}, calc, HONK_AGENT=mends, HONK_AUDIT__ANCHOR=f"file:{anchor}") as server:
        task_id = await server.ask()
        await server.follow(task_id)
        far = {"HONK_SERVER": server.url, "HONK_TOKEN": (await server.honk("token", "new", "siem")).strip()}
        before = server.settings
        assert server.browser is not None
        async with server.browser.get(f"/tasks/{task_id}") as page:
            assert page.status == 200
        async with asyncio.TaskGroup() as group:  # beside the server, each a process of its own
            for number in range(4):
                group.create_task(server.honk("token", "new", f"ci-{number}"))
        assert (await server.honk("audit", "verify")).startswith("whole: ")
        listed = await server.honk("audit", "list", "--subject", f"task:{task_id}")
        assert [name for name in ("push", "give branch", "open pull request") if name not in listed] == []
        assert listed.count("  read  ") == 2, "its events over the API, and its page"
        near = await server.honk("audit", "export")
        server.settings = {**before, **far, "HONK_HOME": str(tmp_path / "nothing-here")}
        assert await server.honk("audit", "export") == near
        assert (await server.honk("audit", "verify")).startswith("whole: ")
        assert (await server.honk("audit", "verify", "--anchor", str(anchor))).startswith("whole: ")
        kept = tmp_path / "kept.heads"
        kept.write_text(await server.honk("audit", "head"))
        assert kept.read_text().split()[2] == "kept"
        assert (await server.honk("audit", "verify", "--anchor", str(kept))).startswith("whole: ")
        kept.write_text(f"2 {'0' * 64} kept\n")
        code, said = await server.refused("audit", "verify", "--anchor", str(kept))
        assert (code, "NOT WHOLE: edited at entry 2" in said) == (5, True), said
        server.settings = before
        await server.honk("people", "add", "eve@example.org", "--name", "Eve")
        token = (await server.honk("token", "new", "x", "--email", "eve@example.org")).strip()
        server.settings = {**before, **far, "HONK_TOKEN": token}
        code, said = await server.refused("audit", "list")
        assert (code, "for administrators" in said) == (2, True), said
        server.settings = before
    lines = [json.loads(line) for line in near.splitlines()]
    assert [one["sequence"] for one in lines] == list(range(1, len(lines) + 1))
    done = subprocess.run(
        ["sh", "-c", "jq -cSa 'del(.digest)' | while IFS= read -r one; do printf %s \"$one\" | sha256sum; done"],
        input=near, capture_output=True, text=True, check=True,
    )  # fmt: skip
    if shutil.which("jq"):
        assert done.stdout.split()[::2] == [one["digest"] for one in lines], "as the guide says, without Honk"


async def test_after_a_restore_the_log_says_what_it_lacks_and_goes_on(tmp_path: Path, calc: Path) -> None:
    home, archive = tmp_path / "home", io.BytesIO()
    elsewhere = f"file:{tmp_path / 'heads'}"
    async with open_desk(home, {}, audit={"anchor": elsewhere}) as desk:
        told = await desk.run(calc, agent=COMMAND)
        await desk.app.backup(archive)
        assert told.result.pull_request is not None
        await desk.app.close_pull_request(told.result.pull_request.number)
        before = await desk.app.audit.check()
    archive.seek(0)
    anchor = FileAnchor(tmp_path / "heads", is_later=True)
    await asyncio.to_thread(restore, home, archive, replace=True, elsewhere=anchor)
    async with open_desk(home, {}, audit={"anchor": elsewhere}) as desk:
        await desk.app.thaw()
        checked = await desk.app.audit.check()
        assert checked.wrong is None, checked
        assert f"to {before.head.sequence} of before are not in it" in checked.notes[0]
        assert [one.act for one in await entries(desk)][-3:] == ["restore", "thaw", "thaw"]
        older = sqlite3.connect(next(home.glob("replaced-*/honk.db")))
        with closing(older), closing(sqlite3.connect(home / "honk.db")) as newer:
            for act in ("update", "delete"):
                newer.execute(f"drop trigger honk_audit_no_{act}")
            newer.execute("delete from honk_audit")
            newer.executemany("insert into honk_audit values (?, ?, ?)", older.execute("select * from honk_audit"))
            newer.commit()
        checked = await desk.app.audit.check()
        assert checked.wrong is not None, "the log of before in the place of the one that goes on"


async def test_a_command_keeps_the_head_and_what_it_refuses_does_not_go_out(tmp_path: Path, calc: Path) -> None:
    keep = tmp_path / "keep"
    keep.write_text(f"#!/bin/sh\ntest ! -e {tmp_path}/broken && cat >> {tmp_path}/heads\n")
    keep.chmod(0o755)
    async with open_desk(tmp_path / "home", {}, audit={"anchor": f"command:{keep}"}) as desk:
        told = await desk.run(calc, agent=COMMAND)
        assert told.result.pull_request is not None
        number = told.result.pull_request.number
        assert (await desk.app.audit.check()).wrong is None
        lines = (tmp_path / "heads").read_text().splitlines()
        assert [line.split()[0] for line in lines] == [str(one.sequence) for one in await entries(desk)]
        (tmp_path / "broken").touch()
        with pytest.raises(StoreError, match=r"so it was not done\. Keeping its head by audit\.anchor failed"):
            await desk.app.close_pull_request(number)
        assert (await desk.app.pull_request(number)).state == "open"


@pytest.mark.acceptance
async def test_a_kill_in_an_act_shows_as_an_entry_without_an_end(tmp_path: Path, calc: Path) -> None:
    async with ScriptedModel({"judge": judge()}) as model:
        honk = Honk(tmp_path / "home", calc, model)
        died = await honk.run("--agent", COMMAND, program=(*DYING, "forge.push@after"))
        assert died.code == -signal.SIGKILL
        shown = await honk("audit", "verify")
        assert (shown.code, "without an end (under way, or a crash stood between): 1" in shown.errors) == (0, True)
        ended = await honk.resume()
        assert ended.code == 0, ended.errors
        listed = await honk("audit", "list", "--act", "push")
        assert [line.split()[-1] for line in listed.errors.splitlines()] == ["…", "…", "2"], "begun, begun again, done"
        before = await honk.run("--agent", ELSE, program=(*DYING, "audit.write:merge@before"))
        assert before.code == 0, before.errors
        cut = await honk("pr", "merge", "2", "--yes", program=(*DYING, "forge.merge@before"))
        assert cut.code == -signal.SIGKILL
        shown = await honk("audit", "verify")
        assert shown.code == 0, shown.errors
        assert shown.errors.startswith("whole: ")
