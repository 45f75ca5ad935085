"""The agent's `verify` where a whole run takes long: the tests nearest to its work first, by a real runner."""

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from honk.domain.evidence import Verification, verification
from honk.testing.gate_cases import Memory, gate_of
from honk.testing.rooms import DirectorySandbox, FilesTree, write_files
from honk.verifier import results
from honk.verifier.bench import base_key
from honk.verifier.room import run_tests
from honk.workspace import Environment

pytestmark = [pytest.mark.anyio, pytest.mark.slow]

TEST = (
    "import unittest\n\nimport {name}\n\n\nclass Case(unittest.TestCase):\n"
    "    def test_two(self):\n        self.assertEqual({name}.TWO, 2)\n"
)
FILES = {
    **{f"{name}.py": "TWO = 2\n" for name in ("pages", "web", "cart", "menu", "zoom")},
    **{f"test_{name}.py": TEST.format(name=name) for name in ("pages", "web", "cart", "menu")},
    "test_large.py": TEST.format(name="zoom"),
}


@pytest.mark.parametrize(("changed", "near"), [("pages", "test_pages.py"), ("zoom", "test_large.py")])
async def test_red_comes_from_the_nearest_tests_and_green_from_all(tmp_path: Path, changed: str, near: str) -> None:
    write_files(tmp_path, FILES)
    for argv in (["init", "-q"], ["add", "-A"], ["-c", "user.name=a", "-c", "user.email=a@b", "commit", "-qm", "x"]):
        subprocess.run(["git", *argv], cwd=tmp_path, check=True)
    memory, sandbox = Memory(), DirectorySandbox(tmp_path)
    gate = gate_of(memory)
    plan = replace(await gate.plan(FilesTree(FILES), Environment(key="e", python=sys.executable)), base_sha="HEAD")
    base = await run_tests(sandbox, plan.commands[0], memory.put)
    memory.runs[base_key(plan, plan.commands[0])] = results.dump(replace(base, seconds=60.0))
    (tmp_path / f"{changed}.py").write_text("TWO = 3\n")
    first = (await gate.check(plan, sandbox)).reports[0]
    assert first.summary.startswith("1 failed, of the tests nearest to the change")
    assert verification((first,)) is Verification.FAILED
    again = (await gate.check(plan, sandbox)).reports[0]
    assert "nearest" not in again.summary, "the same is not said twice: all were run"
    assert near in again.summary
    write_files(tmp_path, FILES)
    (tmp_path / f"{changed}.py").write_text("TWO = 2  # mended\n")
    green = (await gate.check(plan, sandbox)).reports[0]
    assert (green.result, green.summary.split(" in ")[0]) == (Verification.PASSED, "5 passed")
