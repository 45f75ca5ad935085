"""Every outward act stands in a log before it is done, and who changes the log is found."""

import json
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from desk import COMMAND, RIGHT, Desk, git, open_desk

from honk.domain.audit import DONE, AuditEntry, Tampering
from honk.domain.task import OutcomeName
from honk.store import StoreBusy

pytestmark = pytest.mark.anyio
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
        names = ["push", "give branch", "open pull request", "merge"]
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
