"""What a diff does not show as it runs."""

import pytest

from honk.domain.change import ChangedFile, Edit
from honk.domain.evidence import Severity
from honk.verifier.guard import Changed
from honk.verifier.honk_toml import HonkToml
from honk.verifier.rules import findings


def said(
    path: str, after: bytes | None, before: bytes | None = b"", mode: str = "100644"
) -> list[tuple[str, Severity]]:
    file = ChangedFile(path=path, edit=Edit.MODIFIED, old_mode=mode, new_mode=mode)
    found = findings([Changed(file=file, before=before, after=after)], HonkToml())
    return [(finding.rule, finding.severity) for finding in found]


@pytest.mark.parametrize(
    ("path", "line", "is_held"),
    [
        ("a_test.go", 'fmt.Print("\\x16--- PASS: TestAdd (0.00s)\\n")', True),
        ("a.go", "//go:linkname runTests testing.runTests", True),
        ("a.go", 'os.OpenFile("/proc/self/fd/1", 1, 0)', True),
        ("a.go", "// passes", False),
        ("a.js", "process.reallyExit(0)", True),
        ("a.mjs", "import { Session } from 'node:inspector'", True),
        ("a.test.ts", "delete process.env.NODE_TEST_CONTEXT", True),
        ("a.js", "require('mocha/lib/runner')", True),
        ("a.js", "process.exit(0)", False),
        ("src/test/java/a/Quiet.java", "package org.junit.jupiter.api;", True),
        ("src/test/kotlin/Quiet.kt", "package\n  kotlin.test", True),
        ("src/test/java/a/Quiet.java", "package org.junitish.api;", False),
        ("a.test.js", "delete require.cache[file]", False),
    ],
)
def test_t35_other_languages_reach_for_their_runners_too(path: str, line: str, is_held: bool) -> None:
    assert said(path, f"{line}\n".encode()) == (REACHES if is_held else [])


REACHES = [("reaches for the runner", Severity.NEEDS_HUMAN)]
TROJAN = [("trojan source", Severity.VETO)]


@pytest.mark.parametrize(
    "line",
    [
        'json.loads(sys.modules["honk_channel"].OPTIONS)',
        "for found in gc.get_objects():",
        "frame = sys._getframe(9)",
        "frame.f_back.f_locals",
        'for fd in os.listdir("/proc/self/fd"):',
        "import _pytest.runner as quiet",
        "from _pytest.reports import TestReport",
        "unittest.TestCase.run = green",
        "pytest.Function.runtest = green",
        'pytest_plugins = ["green"]',
        "request.config.pluginmanager.register(green)",
        "def pytest_runtest_makereport(item, call):",
        "exec(b64decode(words))",
    ],
)
def test_t35_code_that_reaches_for_its_own_runner_waits_for_a_person(line: str) -> None:
    assert said("app.py", f"{line}\n".encode()) == REACHES
    assert said("app.py", f"{line}\n".encode(), f"a = 1\n{line}\n".encode()) == []


def test_t35_a_plug_in_that_installs_itself_waits_for_a_person() -> None:
    plain = b'[project]\nname = "app"\n'
    assert said("pyproject.toml", plain + b'[project.entry-points.pytest11]\ngreen = "green"\n', plain) == REACHES
    assert said("setup.cfg", b"[options.entry_points]\npytest11 =\n  green = green\n", b"") == REACHES


@pytest.mark.parametrize(
    "line",
    ["from _pytest.monkeypatch import MonkeyPatch", "case = unittest.TestCase", "model.eval()", "import pytest"],
)
def test_ordinary_tests_reach_for_nothing(line: str) -> None:
    assert said("tests/test_new.py", f"{line}\n".encode()) == []


def test_t38_a_return_alone_ends_a_line_that_no_diff_shows() -> None:
    assert said("a.py", b"a = 1  # fine\rimport os\n") == TROJAN
    assert said("a.py", b"a = 1\r\nb = 2\r\n") == []
    assert said("old.py", b"a = 1\rb = 3\r", b"a = 1\rb = 2\r") == []


def test_t38_an_encoding_cannot_hide_code_in_a_comment() -> None:
    assert said("a.py", b"# coding: utf-7\n# fine +AAo-import os\n") == TROJAN
    assert said("a.py", b"# coding: raw_unicode_escape\n# fine \\u000aimport os\n") == TROJAN
    assert said("a.py", b"# -*- coding: latin-1 -*-\nname = 'Gr\xf6\xdfe'\n") == []
    assert said("a.py", b"# coding: no-such\n# +AAo-\n") == []


def test_t36_code_that_nobody_reads_waits_for_a_person() -> None:
    unread = [("unread file", Severity.NEEDS_HUMAN)]
    assert said("big.py", None) == unread
    assert said("a.js", b"a = 1\0") == unread
    assert said("photo.jpg", None) == []
    assert said("link.py", None, mode="120000") == [("link", Severity.NEEDS_HUMAN)]


def test_t20_a_symbolic_link_that_is_turned_elsewhere_waits_for_a_person() -> None:
    assert said("tests", None, None, mode="120000") == [("link", Severity.NEEDS_HUMAN)]
