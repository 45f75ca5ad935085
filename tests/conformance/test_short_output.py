"""Row 9: a log of 20,000 lines becomes at most 4 KB that name the failing test and its place, by every real runner."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from needs import needed

from honk.domain.evidence import Verification
from honk.testing.gate_cases import Memory, gate_of
from honk.testing.rooms import DirectoryRooms, Files, FilesTree, change_between
from honk.verifier.runners import SHELL, source
from honk.workspace import Environment

pytestmark = [pytest.mark.anyio, pytest.mark.slow]

PY = (
    "import calc\n\n\ndef test_noise():\n    for n in range(20_000):\n        print('noise', n)\n"
    "    assert calc.TWO == 2\n"
)
UNIT = (
    "import unittest\n\nimport calc\n\n\nclass Noise(unittest.TestCase):\n    def test_noise(self):\n"
    "        for n in range(20_000):\n            print('noise', n)\n        self.assertEqual(calc.TWO, 2)\n"
)
JS = (
    "const {test} = require('node:test');\nconst assert = require('node:assert');\n"
    "const {TWO} = require('./calc.js');\n"
    "test('noise', () => {\n  for (let n = 0; n < 20000; n++) console.log('noise', n);\n"
    "  assert.strictEqual(TWO, 2);\n});\n"
)
GO = (
    'package calc\n\nimport "testing"\n\nfunc TestNoise(t *testing.T) {\n\tfor n := 0; n < 20000; n++ {\n'
    '\t\tprintln("noise", n)\n\t}\n\tif Two != 2 {\n\t\tt.Error("no")\n\t}\n}\n'
)
MAKE = (
    "test:\n\t@seq 20000; grep -q 'TWO = 2' calc.py || { echo 'test_calc.py:7: error: not two'; exit 1; }; "
    "echo 1 passed\n"
)
NODE = {"package.json": '{"scripts": {"test": "node --test"}}', "calc.js": "exports.TWO = 2;\n", "calc.test.js": JS}


@pytest.mark.parametrize(
    ("tool", "base", "edit", "told"),
    [
        (sys.executable, {"calc.py": "TWO = 2\n", "test_calc.py": PY}, "calc.py", "::test_noise at test_calc.py:7"),
        (sys.executable, {"calc.py": "TWO = 2\n", "test_calc.py": UNIT}, "calc.py", "::test_noise at test_calc.py:10"),
        ("node", NODE, "calc.js", "calc.test.js::noise at calc.test.js:6"),
        (
            "go",
            {"go.mod": "module calc\n\ngo 1.18\n", "calc.go": "package calc\n\nconst Two = 2\n", "calc_test.go": GO},
            "calc.go",
            "calc_test.go::TestNoise at calc_test.go:10",
        ),
        ("make", {"calc.py": "TWO = 2\n", "Makefile": MAKE}, "calc.py", "test_calc.py:7: error: not two"),
    ],
    ids=["pytest", "unittest", "node:test", "go test", "make"],
)  # fmt: skip
async def test_a_long_log_becomes_short_and_names_test_and_place(tool: str, base: Files, edit: str, told: str) -> None:
    needed(tool)
    head = {**base, edit: base[edit].replace("= 2", "= 3")}
    tools = {name: path for name in ("node", "go") if (path := shutil.which(name))}
    memory = Memory()
    gate = gate_of(memory)
    plan = await gate.plan(FilesTree(base), Environment(key="e", python=sys.executable, tools=tools))
    folders = ":".join(dict.fromkeys(str(Path(path).parent) for path in (*tools.values(), "/usr/bin/x", "/bin/x")))
    env = {"GOCACHE": f"{Path.home()}/.cache/go-build", "GOPATH": f"{Path.home()}/go", "PATH": folders}
    rooms = DirectoryRooms(base, head, env=env)
    done = await gate.examine(plan, FilesTree(base), FilesTree(head), change_between(base, head), rooms)
    report = done.reports[0]
    assert report.result is Verification.FAILED, report
    assert len(report.summary.encode()) <= 4096
    assert told in report.summary
    assert report.log_blob is not None
    assert memory.blobs[report.log_blob].count(b"\n") >= 20_000, "the whole log is kept"


def test_what_waits_for_room_in_the_pipe_is_not_lost_when_a_runner_of_node_leaves() -> None:
    channel = source("node_channel.cjs")
    script = f"const OPTIONS = {{}};\n{channel}\nprocess.stderr.write('noise\\n'.repeat(100_000));\nfinish(0);\n"
    done = subprocess.run([*SHELL, needed("node"), "-"], input=script.encode(), capture_output=True, check=True)
    assert done.stderr.count(b"\n") == 100_000
