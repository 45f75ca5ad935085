"""Tests that pass and fail with one and the same tree, by the real runners: told by name, and never green by luck.

Each die counts its throws in a directory beside the rooms, so that every throw is decided here.
"""

import shutil
import sys
from collections.abc import Callable, Collection
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from needs import needed

from honk.domain.evidence import Examination, Verification, verification
from honk.testing.gate_cases import Memory, gate_of
from honk.testing.rooms import DirectoryRooms, Files, FilesTree, change_between
from honk.workspace import Environment

pytestmark = [pytest.mark.anyio, pytest.mark.slow]

PY_CODE = "SIDE, FAILS = {side!r}, {fails!r}\n\n\ndef add(a, b):\n    return a + b\n"
PY_THROW = (
    "import os\n\nimport calc\n\n\ndef throw(name):\n    number = 0\n    while True:\n        try:\n"
    "            os.mkdir(os.path.join({dice!r}, f'{{calc.SIDE}}-{{name}}-{{number}}'))\n            return number\n"
    "        except FileExistsError:\n            number += 1\n"
)
PY_TEST = (
    "import calc\nfrom dice import throw\n\n\ndef test_add():\n    assert calc.add(1, 2) == 3\n\n\n"
    "def test_die():\n    assert throw('die') not in calc.FAILS\n"
)
UNITTEST = (
    "import unittest\n\nimport calc\nfrom dice import throw\n\n\nclass DieTest(unittest.TestCase):\n"
    "    def test_add(self):\n        self.assertEqual(calc.add(1, 2), 3)\n\n"
    "    def test_die(self):\n        self.assertNotIn(throw('die'), calc.FAILS)\n"
)
NODE_TEST = """const {{ test }} = require('node:test');
const assert = require('node:assert');
const fs = require('node:fs');
const {{ SIDE, FAILS, add }} = require('../calc.js');
function toss() {{
  for (let number = 0; ; number++) {{
    try {{ fs.mkdirSync(`{dice}/${{SIDE}}-die-${{number}}`); return number; }} catch (taken) {{ continue; }}
  }}
}}
test('adds', () => {{ assert.strictEqual(add(1, 2), 3); }});
test('die', () => {{ assert.ok(!FAILS.includes(toss())); }});
"""
GO_TEST = """package calc

import (
	"fmt"
	"os"
	"testing"
)

func toss() int {{
	for number := 0; ; number++ {{
		if os.Mkdir(fmt.Sprintf("{dice}/%s-die-%d", Side, number), 0o755) == nil {{
			return number
		}}
	}}
}}

func TestAdd(t *testing.T) {{
	if Add(1, 2) != 3 {{
		t.Fatal("no")
	}}
}}

func TestDie(t *testing.T) {{
	if Fails[toss()] {{
		t.Fatal("a bad throw")
	}}
}}
"""
GO_CODE = """package calc

const Side = "{side}"

var Fails = map[int]bool{{{fails}}}

func Add(a, b int) int {{ return a + b }}
"""


def pytest_files(dice: Path, side: str, fails: Collection[int]) -> Files:
    code = PY_CODE.format(side=side, fails=sorted(fails))
    return {"calc.py": code, "dice.py": PY_THROW.format(dice=str(dice)), "test_calc.py": PY_TEST}


def unittest_files(dice: Path, side: str, fails: Collection[int]) -> Files:
    return {**pytest_files(dice, side, fails), "test_calc.py": UNITTEST}


def node_files(dice: Path, side: str, fails: Collection[int]) -> Files:
    code = f"exports.SIDE = '{side}'; exports.FAILS = {sorted(fails)};\nexports.add = (a, b) => a + b;\n"
    manifest = '{"name": "calc", "version": "1.0.0", "scripts": {"test": "node --test"}}'
    return {"package.json": manifest, "calc.js": code, "test/calc.test.js": NODE_TEST.format(dice=dice)}


def go_files(dice: Path, side: str, fails: Collection[int]) -> Files:
    code = GO_CODE.format(side=side, fails=", ".join(f"{number}: true" for number in sorted(fails)))
    return {"go.mod": "module calc\n\ngo 1.18\n", "calc.go": code, "calc_test.go": GO_TEST.format(dice=dice)}


@dataclass(frozen=True, slots=True)
class Table:
    """One runner, its dice and the rooms that were opened."""

    dice: Path
    files: Callable[[Path, str, Collection[int]], Files]
    memory: Memory
    opened: list[str]

    async def examine(self, base: Collection[int], change: Collection[int], more: Files | None = None) -> Examination:
        """The base and the change, each failing at these throws of its own."""
        shutil.rmtree(self.dice, ignore_errors=True)
        self.dice.mkdir()
        before = self.files(self.dice, "base", base)
        after = {**self.files(self.dice, "change", change), **(more or {})}
        tools = {name: path for name in ("node", "go") if (path := shutil.which(name))}
        gate = gate_of(self.memory)
        plan = await gate.plan(FilesTree(before), Environment(key="e", python=sys.executable, tools=tools))
        plan = replace(plan, commands=plan.commands[:1])
        self.opened.clear()
        caches = {"GOCACHE": f"{Path.home()}/.cache/go-build", "GOPATH": f"{Path.home()}/go"}
        path = {"PATH": f"{Path(tools['go']).parent}:/usr/bin:/bin"} if "go" in tools else {}
        rooms = DirectoryRooms(before, after, self.opened, caches | path)
        return await gate.examine(plan, FilesTree(before), FilesTree(after), change_between(before, after), rooms)


def table_of(files: Callable[[Path, str, Collection[int]], Files], tmp_path: Path) -> Table:
    return Table(tmp_path / "dice", files, Memory(), [])


@pytest.fixture
def die(tmp_path: Path) -> Table:
    return table_of(unittest_files, tmp_path)


def told(done: Examination) -> tuple[Verification, tuple[str, ...], tuple[str, ...]]:
    tests = done.reports[0].tests
    assert tests is not None, done
    return verification(done.reports), tests.flaky, tests.flaky_on_base


DIE = "test_calc.py::DieTest::test_die"


async def test_what_fails_and_passes_with_the_change_alone_is_not_green_and_told_by_name(die: Table) -> None:
    done = await die.examine(base=(), change={0})
    assert told(done) == (Verification.UNVERIFIED, (DIE,), ())
    assert f"FLAKY {DIE} at test_calc.py:12" in done.reports[0].summary
    assert "a person must look" in done.reports[0].summary


async def test_what_is_flaky_on_the_base_is_told_and_not_held_against_the_change(die: Table) -> None:
    done = await die.examine(base={2}, change={0})
    assert told(done) == (Verification.PASSED, (), (DIE,))
    assert f"flaky on the base as well: {DIE}" in done.reports[0].summary
    await die.examine(base={2}, change={0})
    assert die.opened.count("base") == 0, "what the base was seen to do is remembered"


async def test_what_fails_again_is_red_after_a_second_look_at_it_alone(die: Table) -> None:
    done = await die.examine(base=(), change={0, 1})
    assert verification(done.reports) is Verification.FAILED
    assert die.opened == ["base", "change", "change"]


async def test_what_fails_whenever_all_run_is_red_however_it_does_alone(die: Table) -> None:
    done = await die.examine(base=(), change={0, 2})
    assert verification(done.reports) is Verification.FAILED
    assert "passed when run alone, and fail again in the company of the others" in done.reports[0].summary


async def test_a_test_that_the_change_leaves_alone_is_green_only_if_it_passes_twice(die: Table) -> None:
    """Code that works every second time."""
    assert told(await die.examine(base=(), change={1}))[0] is Verification.UNVERIFIED
    assert told(await die.examine(base=(), change={0, 2, 4}))[0] is not Verification.PASSED


@pytest.mark.parametrize("fails", [{0, 2, 4, 6}, {1, 3, 5, 7}, {2}], ids=["odd ones pass", "even ones pass", "once"])
async def test_a_test_of_the_change_that_passes_every_second_time_is_red(die: Table, fails: Collection[int]) -> None:
    code = f"        self.assertNotIn(throw('new'), {sorted(fails)})\n"
    done = await die.examine(
        base=(), change=(), more={"test_new.py": UNITTEST[: UNITTEST.index("        self")] + code}
    )
    assert verification(done.reports) is Verification.FAILED
    assert "test_new.py::DieTest::test_add" in done.reports[0].summary
    edited = {"test_calc.py": UNITTEST.replace("throw('die'), calc.FAILS", f"throw('die'), {sorted(fails)}")}
    assert verification((await die.examine(base={3}, change=(), more=edited)).reports) is Verification.FAILED


async def test_what_the_base_failed_by_chance_is_not_mended_by_the_change(die: Table) -> None:
    by_luck = await die.examine(base={0}, change=())
    assert by_luck.reports[0].tests is not None
    assert (by_luck.reports[0].tests.mended, told(by_luck)[2]) == ((), (DIE,))
    mended = await die.examine(base=range(9), change=())
    assert mended.reports[0].tests is not None
    assert (mended.reports[0].tests.mended, told(mended)[2]) == ((DIE,), ())


async def test_what_the_base_failed_by_chance_excuses_no_change_that_breaks_it_for_good(die: Table) -> None:
    broken = await die.examine(base={0}, change=range(9))
    assert verification(broken.reports) is Verification.FAILED
    assert f"FAILED {DIE}" in broken.reports[0].summary
    assert told(await die.examine(base={0, 3}, change={0})) == (Verification.PASSED, (), (DIE,))


async def test_what_the_base_fails_whenever_all_run_is_red_on_it_however_it_does_alone(die: Table) -> None:
    done = await die.examine(base={0, 2}, change=range(9))
    assert done.reports[0].tests is not None
    assert (verification(done.reports), done.reports[0].tests.failed_on_base) == (Verification.PASSED, (DIE,))


@pytest.mark.parametrize(
    ("files", "name", "tool"),
    [
        pytest.param(pytest_files, "test_calc.py::test_die", sys.executable, marks=pytest.mark.acceptance),
        (node_files, "test/calc.test.js::die", "node"),
        (go_files, "calc_test.go::TestDie", "go"),
    ],
    ids=["pytest", "node:test", "go test"],
)
async def test_other_runners_are_run_again_in_the_same_way(
    tmp_path: Path, files: Callable[[Path, str, Collection[int]], Files], name: str, tool: str
) -> None:
    needed(tool)
    table = table_of(files, tmp_path)
    assert told(await table.examine(base=(), change={0})) == (Verification.UNVERIFIED, (name,), ())
    assert told(await table.examine(base={1}, change={0})) == (Verification.PASSED, (), (name,))
    assert verification((await table.examine(base=(), change={0, 1})).reports) is Verification.FAILED


async def test_a_command_that_is_red_and_then_green_is_unverified(tmp_path: Path) -> None:
    makefile = f"test:\n\t@if [ -e die ]; then mkdir {tmp_path}/thrown 2> /dev/null && exit 1; fi; echo 3 passed\n"
    base: Files = {"calc.py": "", "Makefile": makefile}
    head = {**base, "die": ""}
    gate = gate_of(Memory())
    plan = await gate.plan(FilesTree(base), Environment(key="e"))
    done = await gate.examine(
        plan, FilesTree(base), FilesTree(head), change_between(base, head), DirectoryRooms(base, head)
    )
    assert verification(done.reports) is Verification.UNVERIFIED
    assert done.reports[0].summary.startswith(
        "make test is flaky with this change: exit code 2, and green when run again"
    )
