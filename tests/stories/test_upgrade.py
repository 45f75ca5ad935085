"""A run that was under way when Honk was replaced by the next one goes on in that one."""

import os
import signal
import sqlite3
import sys
from contextlib import closing
from pathlib import Path

import pytest
from crash import CALC, OLD, RIGHT, Honk, assert_done_once

from honk.testing import scripts
from honk.testing.scripted_model import ScriptedModel

pytestmark = [pytest.mark.anyio, pytest.mark.slow]

HERE = Path(__file__).parent
AGENT = f"command:sh -c \"cat >/dev/null; sed -i 's/{OLD}/{RIGHT}/' calc.py\""
DYING = (sys.executable, str(HERE / "dying.py"), "events.append:collect:1:started@after")
NEXT = (sys.executable, str(HERE / "upgraded.py"))


async def test_a_run_under_way_goes_on_after_an_upgrade_and_the_older_honk_then_refuses(
    tmp_path: Path, calc: Path
) -> None:
    assert os.geteuid() != 0
    home = tmp_path / "home"
    async with ScriptedModel({"judge": scripts.judge()}) as model:
        honk = Honk(home, calc, model)
        died = await honk("run", "Make add() add", "--json", "--agent", AGENT, program=DYING)
        assert died.code == -signal.SIGKILL, died.errors
        ended = await honk("task", "resume", "--json", program=NEXT)
        assert_done_once(honk, ended, {"calc.py": CALC["calc.py"].replace(OLD, RIGHT)})
        with closing(sqlite3.connect(home / "honk.db.before-9999")) as before:
            assert before.execute("select status from honk_task").fetchall() == [("running",)]
        older = await honk("task", "list")
        assert older.code == 2
        assert "schema 9999" in older.errors
        assert "Nothing was touched" in older.errors
