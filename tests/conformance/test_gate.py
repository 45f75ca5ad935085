"""The gate on small real repositories, in the real sandbox with the real pytest: what is green, and ways to cheat."""

import os
import subprocess
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from honk.domain.change import Change
from honk.domain.evidence import Examination, Severity, Verification, verification
from honk.sandbox import Sandbox, SandboxLost
from honk.sandbox.bubblewrap import BubblewrapBackend
from honk.testing import gate_cases
from honk.testing.agent_rules import running
from honk.testing.gate_cases import BROKEN, SOUND, Memory, gate_of, plan_of, python_mounts
from honk.testing.rooms import DirectoryRooms, DirectorySandbox, Files, SandboxRooms, write_files
from honk.verifier import Rooms

pytestmark = [pytest.mark.anyio, pytest.mark.slow]

CALC, TESTS = SOUND["calc.py"], SOUND["tests/test_calc.py"]
NEW_TEST = TESTS + "\n\ndef test_double():\n    from calc import double\n\n    assert double(2) == 4\n"
WITH_DOUBLE = CALC + "\n\ndef double(a):\n    return 2 * a\n"
OLD = "def test_old():\n    assert 0\n"
GREEN_HOOK = (
    "import pytest\n\n\n@pytest.hookimpl(hookwrapper=True)\ndef pytest_runtest_makereport(item, call):\n"
    "    outcome = yield\n    report = outcome.get_result()\n    report.outcome = 'passed'\n"
)


ONE_MEMORY = Memory()
"""Every test here stands on the same few bases."""


async def examine(base: Files, head: Files, *, memory: Memory = ONE_MEMORY) -> Examination:
    with tempfile.TemporaryDirectory(prefix="rooms-") as state:
        backend, mounts = BubblewrapBackend(), python_mounts()
        return await gate_cases.examine(
            base, head, memory=memory, rooms=lambda a, b: SandboxRooms(a, b, backend, Path(state), mounts)
        )


def result_of(examination: Examination) -> Verification:
    return verification(examination.reports)


def is_held(examination: Examination) -> bool:
    """Whether the change cannot be published as green."""
    vetoes = any(finding.severity is Severity.VETO for finding in examination.findings)
    return vetoes or result_of(examination) is not Verification.PASSED


def rules_of(examination: Examination) -> set[str]:
    return {finding.rule for finding in examination.findings}


async def test_a_sound_change_passes_in_one_line() -> None:
    done = await examine(SOUND, {**SOUND, "calc.py": CALC + "\n\nPI = 3\n"})
    assert result_of(done) is Verification.PASSED
    assert done.findings == ()
    assert done.reports[0].summary.startswith("4 passed in ")
    assert "\n" not in done.reports[0].summary


async def test_a_broken_change_fails_and_names_test_and_line() -> None:
    done = await examine(SOUND, {**SOUND, "calc.py": BROKEN})
    assert result_of(done) is Verification.FAILED
    assert (
        "FAILED tests/test_calc.py::test_add[1] at tests/test_calc.py:7: assert 0 == (1 + 1)" in done.reports[0].summary
    )
    assert len(done.reports[0].summary.encode()) <= 4096


async def test_a_new_test_is_seen_red_on_the_base_first() -> None:
    done = await examine(SOUND, {**SOUND, "calc.py": WITH_DOUBLE, "tests/test_calc.py": NEW_TEST})
    assert result_of(done) is Verification.PASSED
    assert done.reports[0].tests is not None
    (new,) = done.reports[0].tests.new
    assert (new.test_id, new.fails_on_base, new.passes_on_change) == ("tests/test_calc.py::test_double", True, True)


async def test_a_new_test_that_passes_on_the_base_proves_nothing_and_says_so() -> None:
    head = {**SOUND, "tests/test_more.py": "from calc import add\n\n\ndef test_two():\n    assert add(1, 1) == 2\n"}
    done = await examine(SOUND, head)
    assert done.reports[0].tests is not None
    assert [test.fails_on_base for test in done.reports[0].tests.new] == [False]
    assert "0 of 1 new tests fail on the base" in done.reports[0].summary


async def test_a_room_that_dies_under_the_new_tests_is_known_by_its_own_error() -> None:
    """Whoever asked makes the rooms once more for that error alone."""
    head = {**SOUND, "calc.py": WITH_DOUBLE, "tests/test_calc.py": NEW_TEST}
    await examine(SOUND, SOUND)  # the base's run is remembered, so its next room is that of the new tests

    def rooms(base: Files, head: Files) -> Rooms:
        @asynccontextmanager
        async def room(of: Change | None) -> AsyncIterator[Sandbox]:
            if of is None:
                raise SandboxLost("the room died")
            async with DirectoryRooms(base, head)(of) as sandbox:
                yield sandbox

        return room

    with pytest.raises(SandboxLost, match="the room died"):
        await gate_cases.examine(SOUND, head, memory=ONE_MEMORY, rooms=rooms)


async def test_no_tests_are_unverified_never_green() -> None:
    base = {"calc.py": CALC, "README.md": "hello"}
    done = await examine(base, {**base, "calc.py": BROKEN})
    assert (result_of(done), done.reason) == (Verification.UNVERIFIED, "no tests were found")
    configured = {**base, "pytest.ini": "[pytest]\n"}
    assert result_of(await examine(configured, {**configured, "calc.py": BROKEN})) is Verification.UNVERIFIED


async def test_a_base_that_cannot_start_is_unverified_never_red() -> None:
    base = {**SOUND, "tests/conftest.py": "import a_package_that_nobody_has\n"}
    done = await examine(base, {**base, "calc.py": BROKEN})
    assert result_of(done) is Verification.UNVERIFIED


@pytest.mark.acceptance
async def test_options_of_a_plug_in_that_is_not_there_are_left_out() -> None:
    base = {**SOUND, "pyproject.toml": SOUND["pyproject.toml"].replace("-ra", "--no-such-plugin=1")}
    done = await examine(base, {**base, "calc.py": CALC + "\nPI = 3\n"})
    assert result_of(done) is Verification.PASSED
    assert "options left out" in done.reports[0].summary


async def test_a_test_that_is_red_on_the_base_is_told_and_not_held_against_the_change() -> None:
    base = {
        **SOUND,
        "tests/test_red.py": "import nothing_here\n",
        "tests/test_old.py": "def test_old():\n    assert 0\n",
    }
    done = await examine(base, {**base, "calc.py": CALC + "\nPI = 3\n"})
    assert result_of(done) is Verification.PASSED
    assert done.reports[0].tests is not None
    assert set(done.reports[0].tests.failed_on_base) == {"tests/test_red.py", "tests/test_old.py::test_old"}
    assert result_of(await examine(base, {**base, "calc.py": BROKEN})) is Verification.FAILED


async def test_unittest_is_run_by_a_runner_of_ours() -> None:
    tests = (
        "import unittest\nfrom calc import add\n\n\nclass AddTest(unittest.TestCase):\n"
        "    def test_add(self):\n        self.assertEqual(add(1, 2), 3)\n\n"
        "    def test_sub(self):\n        for a in (1, 2):\n            with self.subTest(a=a):\n"
        "                self.assertEqual(add(a, 0), a)\n"
    )
    base = {"calc.py": CALC, "tests/test_calc.py": tests}
    green = await examine(base, {**base, "calc.py": CALC + "\nPI = 3\n"})
    assert (green.reports[0].verifier, result_of(green)) == ("unittest", Verification.PASSED)
    red = await examine(base, {**base, "calc.py": BROKEN})
    assert red.reports[0].tests is not None
    assert red.reports[0].tests.failed == ("tests/test_calc.py::AddTest::test_add",)
    assert result_of(await examine(base, {**base, "calc.py": "import os\nos._exit(0)\n"})) is Verification.FAILED


async def test_make_test_counts_its_tests() -> None:
    base = {"calc.py": CALC, "Makefile": "test:\n\t@echo '3 passed'\n"}
    assert result_of(await examine(base, {**base, "calc.py": BROKEN})) is Verification.PASSED
    silent = {**base, "Makefile": "test:\n\t@true\n"}
    assert result_of(await examine(silent, {**silent, "calc.py": BROKEN})) is Verification.UNVERIFIED
    changed = await examine(base, {**base, "Makefile": "test:\n\t@echo '99 passed'\n"})
    assert "3 tests" in changed.reports[0].summary


async def test_a_hanging_verifier_is_ended() -> None:
    toml = "[verify]\ncommands = [{run = ['sh', 'wait.sh'], name = 'wait', timeout_seconds = 1}]\n"
    base = {"calc.py": CALC, ".honk.toml": toml, "wait.sh": ". ./code\n", "code": "exit 0\n"}
    done = await examine(base, {**base, "code": "sleep 60\n"})
    assert done.reports[0].result is Verification.FAILED
    assert "timed out after 1 s" in done.reports[0].summary


@pytest.mark.parametrize(
    "code", ["exec yes\n", "head -c 100000000 /dev/zero | tr '\\0' x\n"], ids=["endless", "100 MB"]
)
async def test_a_flood_is_cut(code: str) -> None:
    toml = "[verify]\ncommands = [{run = ['sh', 'flood.sh'], name = 'flood'}]\n"
    base = {"calc.py": CALC, ".honk.toml": toml, "flood.sh": ". ./code\n", "code": "exit 0\n"}
    done = await examine(base, {**base, "code": code})
    assert done.reports[0].result is Verification.FAILED
    assert "wrote more than is kept" in done.reports[0].summary


async def test_what_a_check_leaves_running_ends_with_it() -> None:
    mark = f"86400.{os.getpid()}"
    toml = "[verify]\ncommands = [{run = ['sh', 'check.sh'], name = 'check'}]\n"
    base = {"calc.py": CALC, ".honk.toml": toml, "check.sh": ". ./code\n", "code": "exit 0\n"}
    leave = f"setsid nohup sleep {mark} >/dev/null 2>&1 &\n"
    done = await examine(base, {**base, "code": leave})
    assert done.reports[0].result is Verification.PASSED, done.reports[0].summary
    assert running(mark) == []


@pytest.mark.parametrize(
    ("code", "words"), [("read answer </dev/tty\n", "/dev/tty"), ("exec python3 -c 'input()'\n", "EOFError")]
)
async def test_a_check_that_needs_a_terminal_is_red_at_once_and_shows_its_words(code: str, words: str) -> None:
    toml = "[verify]\ncommands = [{run = ['sh', 'ask.sh'], name = 'ask'}]\n"
    base = {"calc.py": CALC, ".honk.toml": toml, "ask.sh": ". ./code\n", "code": "exit 0\n"}
    done = await examine(base, {**base, "code": code})
    assert done.reports[0].result is Verification.FAILED
    assert words in done.reports[0].summary


async def test_a_changed_interface_with_its_tests_is_a_note_about_the_tests_as_they_were() -> None:
    head = {
        **SOUND,
        "calc.py": CALC.replace("a / 2", "a // 2 + 0.5"),
        "tests/test_calc.py": TESTS.replace("half(4) == 2", "half(4) == 2.5"),
    }
    done = await examine(SOUND, head)
    assert result_of(done) is Verification.PASSED
    assert [(f.rule, f.severity) for f in done.findings] == [("edited test", Severity.NOTE)]


async def test_the_run_on_the_base_is_remembered() -> None:
    memory = Memory()
    await examine(SOUND, {**SOUND, "calc.py": BROKEN}, memory=memory)
    (key,) = memory.runs
    memory.runs[key] = memory.runs[key].replace('"passed"', '"failed"')
    again = await examine(SOUND, {**SOUND, "calc.py": BROKEN}, memory=memory)
    assert again.reports[0].result is Verification.UNVERIFIED, "the remembered run was used"


async def test_a_look_at_the_agents_work_leaves_nothing_that_the_tests_wrote(tmp_path: Path) -> None:
    writing = (
        TESTS + "\n\ndef test_report():\n    import pathlib\n\n    pathlib.Path('report.xml').write_text('green')\n"
    )
    write_files(tmp_path, {**SOUND, "tests/test_calc.py": writing})
    subprocess.run(["git", "init", "-q"], cwd=tmp_path, check=True)
    (tmp_path / "notes.txt").write_text("the agent's")
    gate = gate_cases.gate_of(Memory())
    done = await gate.check(await plan_of(gate, SOUND), DirectorySandbox(tmp_path))
    assert result_of(done) is Verification.PASSED
    assert not (tmp_path / "report.xml").exists()
    assert (tmp_path / "notes.txt").read_text() == "the agent's"


async def test_the_quick_look_is_in_the_agent_s_own_sandbox(tmp_path: Path) -> None:
    write_files(tmp_path, {**SOUND, "calc.py": BROKEN})
    gate = gate_of()
    done = await gate.check(await plan_of(gate, SOUND), DirectorySandbox(tmp_path))
    assert "FAILED tests/test_calc.py::test_add[1]" in done.reports[0].summary
    write_files(tmp_path, SOUND)
    done = await gate.check(await plan_of(gate, SOUND), DirectorySandbox(tmp_path))
    assert done.reports[0].result is Verification.PASSED


WRITER = f"import time\nwhile True:\n    open('calc.py', 'w').write({CALC!r})\n    time.sleep(.01)\n"
BACKGROUND = f"\nimport subprocess, sys\nsubprocess.Popen([sys.executable, '-c', {WRITER!r}], start_new_session=True)\n"
FORGERY = """
import os
for fd in range(3, 30):
    try:
        os.write(fd, b'{"kind": "end", "exit_code": 0}\\n')
    except OSError:
        pass
os._exit(0)
"""
FORGED_BY_NAME = """
import json, os, sys
told = [{"kind": "test", "id": f"tests/test_calc.py::test_add[{a}]", "outcome": "passed"} for a in (1, 2, 3)]
told.append({"kind": "test", "id": "tests/test_calc.py::test_half", "outcome": "passed"})
flock = {"must-fail": "failed", "must-pass": "passed", "must-fail-function": "failed"}
told += [{"kind": "canary", "name": name, "outcome": outcome} for name, outcome in flock.items()]
told.append({"kind": "end", "exit_code": 0})
for sent in (MODULES):
    nonce = json.loads(sent)["nonce"]
    for fd in range(3, 30):
        try:
            os.write(fd, "".join(f"{nonce} {json.dumps(one)}\\n" for one in told).encode())
        except OSError:
            pass
    os._exit(0)
"""
BY_MODULE = "getattr(sys.modules.get('honk_channel'), 'OPTIONS', ''),"
BY_MAIN = "getattr(sys.modules['__main__'], 'sent', {}).get('options', ''),"
CHEATS = {
    "exit at import": {"calc.py": BROKEN + "\nimport os\nos._exit(0)\n"},
    "exit at the end of the import of tests": {
        "calc.py": BROKEN,
        "tests/test_calc.py": TESTS + "\n\nimport os\n\nos._exit(0)\n",
    },
    "system exit": {"calc.py": BROKEN + "\nraise SystemExit(0)\n"},
    "conftest": {"calc.py": BROKEN, "conftest.py": GREEN_HOOK},
    "conftest below": {"calc.py": BROKEN, "tests/conftest.py": GREEN_HOOK},
    "patched runner": {
        "calc.py": BROKEN + "\nimport _pytest.runner\n\n"
        "def runtest(item):\n    return None\n\n_pytest.runner.pytest_runtest_call = runtest\n"
        "import _pytest.python\n_pytest.python.Function.runtest = runtest\n"
        "import _pytest.reports\nmake = _pytest.reports.TestReport.from_item_and_call.__func__\n"
        "def green(cls, item, call):\n    report = make(cls, item, call)\n"
        "    report.outcome = 'passed'\n    return report\n"
        "_pytest.reports.TestReport.from_item_and_call = classmethod(green)\n"
    },
    "patched functions": {
        "calc.py": BROKEN + "\nimport _pytest.python\n_pytest.python.Function.runtest = lambda self: None\n"
    },
    "patched call": {
        "calc.py": BROKEN + "\nimport _pytest.python\n_pytest.python.Function.setup = lambda self: None\n"
        "_pytest.python.Function.obj = property(lambda self: lambda **named: None)\n"
    },
    "PATH shim": {"calc.py": BROKEN, "bin/pytest": "#!/bin/sh\nexit 0\n", "pytest": "#!/bin/sh\nexit 0\n"},
    "module in the runner's place": {"calc.py": BROKEN, "pytest.py": "def main(*a, **k):\n    return 0\n"},
    "sitecustomize": {"calc.py": BROKEN, "sitecustomize.py": "import os\nos._exit(0)\n"},
    "edited runner configuration": {
        "calc.py": BROKEN,
        "pyproject.toml": SOUND["pyproject.toml"].replace("-ra", "-k test_half"),
    },
    "added runner configuration": {
        "calc.py": BROKEN,
        "pytest.ini": "[pytest]\naddopts = --deselect tests/test_calc.py\n",
    },
    "added options in tox.ini": {"calc.py": BROKEN, "tox.ini": "[pytest]\ntestpaths = nowhere\n"},
    "skipped": {"calc.py": BROKEN, "tests/test_calc.py": TESTS.replace("@pytest", "@pytest.mark.skip\n@pytest")},
    "expected to fail": {
        "calc.py": BROKEN,
        "tests/test_calc.py": TESTS.replace("@pytest", "@pytest.mark.xfail\n@pytest"),
    },
    "emptied": {"calc.py": BROKEN, "tests/test_calc.py": TESTS.replace("assert add(a, 1) == a + 1", "add(a, 1)")},
    "fewer cases": {"calc.py": BROKEN, "tests/test_calc.py": TESTS.replace("[1, 2, 3]", "[]")},
    "skipped from the code": {"calc.py": "import pytest\npytest.skip('no', allow_module_level=True)\n"},
    "stray site-packages": {
        "calc.py": BROKEN,
        ".venv/lib/python3.11/site-packages/pytest/__init__.py": "def main(*a, **k):\n    return 0\n",
    },
    "entry point": {
        "calc.py": BROKEN,
        "green-1.dist-info/entry_points.txt": "[pytest11]\ngreen = green\n",
        "green-1.dist-info/METADATA": "Metadata-Version: 2.1\nName: green\nVersion: 1\n",
        "green.py": GREEN_HOOK,
    },
    "background writer": {"calc.py": BROKEN + BACKGROUND},
    "forged results": {"calc.py": BROKEN + FORGERY},
    "forged with the nonce of the runner's module": {"calc.py": BROKEN + FORGED_BY_NAME.replace("MODULES", BY_MODULE)},
    "forged with the nonce of the main module": {"calc.py": BROKEN + FORGED_BY_NAME.replace("MODULES", BY_MAIN)},
}


ALWAYS = ("conftest", "skipped", "PATH shim", "stray site-packages", "forged results", "background writer")
"""Tried with every run of the tests; the others with `make acceptance`."""


@pytest.mark.parametrize(
    "name", [name if name in ALWAYS else pytest.param(name, marks=pytest.mark.acceptance) for name in CHEATS]
)
async def test_no_cheat_is_green(name: str) -> None:
    done = await examine(SOUND, {**SOUND, **CHEATS[name]})
    assert is_held(done), done


async def test_a_conftest_that_alone_makes_it_green_is_unverified_with_the_reason() -> None:
    done = await examine(SOUND, {**SOUND, **CHEATS["conftest"]})
    assert result_of(done) in (Verification.UNVERIFIED, Verification.FAILED)
    honest = {
        **SOUND,
        "tests/conftest.py": "import pytest\n\n\n@pytest.fixture\ndef two():\n    return 2\n",
        "tests/test_two.py": "def test_two(two):\n    assert two == 2\n",
    }
    done = await examine(SOUND, honest)
    assert result_of(done) is Verification.UNVERIFIED
    assert "tests/conftest.py" in done.reports[0].summary


async def test_ignored_files_and_lock_swaps_do_not_reach_the_room() -> None:
    done = await examine({**SOUND, "uv.lock": "a"}, {**SOUND, "uv.lock": "b", "calc.py": BROKEN})
    assert is_held(done)
    assert "lock file alone" in rules_of(done)


COVERED = {
    **SOUND,
    "pyproject.toml": SOUND["pyproject.toml"].replace('"-ra"', '"--cov=calc"'),
}
UNCOVERED = (
    COVERED["calc.py"]
    + "\n\ndef unused(a):\n"
    + "".join(f"    a += {number}\n" for number in range(9))
    + "    return a\n"
)


@pytest.mark.acceptance
async def test_a_change_that_costs_coverage_waits_for_a_person() -> None:
    found = await examine(COVERED, {**COVERED, "calc.py": UNCOVERED})
    assert verification(found.reports) is Verification.PASSED
    assert [one.rule for one in found.findings if one.severity is Severity.NEEDS_HUMAN] == ["coverage drop"]
