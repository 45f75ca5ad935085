"""Diffs are readable, and byte for byte where a program reads them."""

import os
import subprocess
import sys

import pytest

from honk.cli.diff_text import diff_lines, file_stats, stat_lines
from honk.cli.facts import Tone
from honk.cli.pager import show_diff

DIFF = b"""\
diff --git a/a.py b/a.py
index 1..2 100644
--- a/a.py
+++ b/a.py
@@ -1,2 +1,3 @@
 same
-old
--- not a header
+new
+++ neither
+\x1b[2Jwipe\xff
diff --git a/logo.png b/logo.png
index 3..4 100644
GIT binary patch
literal 3
Kc-abc
"""


def test_a_file_s_lines_are_counted_and_binaries_named() -> None:
    assert [(one.path, one.added, one.deleted, one.is_binary) for one in file_stats(DIFF)] == [
        ("a.py", 3, 2, False),
        ("logo.png", 0, 0, True),
    ]
    assert [line.text for line in stat_lines(DIFF)] == ["  a.py  +3 −2", "  logo.png  binary"]


def test_a_shown_diff_is_coloured_and_cannot_steer_the_terminal() -> None:
    told = diff_lines(DIFF)
    assert all(line.text.isprintable() for line in told)
    assert {line.text: line.tone for line in told}["+new"] is Tone.GOOD
    assert {line.text: line.tone for line in told}["-old"] is Tone.BAD


def test_an_empty_diff_is_nothing() -> None:
    assert diff_lines(b"") == []
    assert file_stats(b"") == []


def test_a_piped_diff_is_byte_for_byte(capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    show_diff(DIFF)
    assert capfdbinary.readouterr().out == DIFF


@pytest.mark.slow
def test_a_reader_that_goes_away_is_no_fault_and_no_success() -> None:
    code = "import sys; from honk.cli import main, version; sys.argv = ['honk', 'version'];"
    code += "import honk.cli.version as v; v.sys.stdout.write = lambda text: (_ for _ in ()).throw(BrokenPipeError())"
    done = subprocess.run([sys.executable, "-c", f"{code}; sys.exit(main.main())"], capture_output=True, timeout=30)
    assert (done.returncode, done.stderr) == (141, b"")


@pytest.mark.slow
def test_closed_streams_are_no_fault() -> None:
    call = f'"{sys.executable}" -c "import sys; from honk.cli import main; sys.exit(main.main())" version'
    assert subprocess.run(["sh", "-c", f"{call} >&- 2>&-"], timeout=30).returncode == 0


@pytest.mark.slow
@pytest.mark.parametrize("arguments", ["version", "run --help", "verify --help"])
def test_a_reader_that_was_never_there_has_the_same_exit_code(arguments: str) -> None:
    """The words fit into a buffer: nobody notices before it is flushed."""
    reading, writing = os.pipe()
    os.close(reading)
    code = f"import sys; from honk.cli import main; sys.argv = ['honk', *{arguments.split()}]; sys.exit(main.main())"
    done = subprocess.run([sys.executable, "-c", code], stdout=writing, stderr=subprocess.PIPE, timeout=30)
    os.close(writing)
    assert (done.returncode, done.stderr) == (141, b"")
