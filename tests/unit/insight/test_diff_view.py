"""A diff for people, whatever somebody wrote into it."""

from hypothesis import given
from hypothesis import strategies as st

from honk.domain.evidence import Finding, Severity
from honk.insight.diff_view import FOLDED_LINES, MOST_LINES, diff_view

DIFF = b"""\
diff --git a/calc.py b/calc.py
index 1..2 100644
--- a/calc.py
+++ b/calc.py
@@ -1,3 +1,3 @@ def f():
 one
-two
+TWO
 three
diff --git a/old.txt b/new.txt
similarity index 90%
rename from old.txt
rename to new.txt
diff --git "a/caf\\303\\251.py" "b/caf\\303\\251.py"
new file mode 100644
--- /dev/null
+++ "b/caf\\303\\251.py"
@@ -0,0 +1 @@
+x
\\ No newline at end of file
diff --git a/gone.py b/gone.py
deleted file mode 100644
--- a/gone.py
+++ /dev/null
@@ -1 +0,0 @@
---- not a header
diff --git a/image.png b/image.png
index 1..2 100644
Binary files a/image.png and b/image.png differ
"""


def test_files_lines_and_numbers_are_read() -> None:
    files = {file.path: file for file in diff_view(DIFF).files}
    assert list(files) == ["calc.py", "new.txt", "café.py", "gone.py", "image.png"]
    rows = [(row.sign, row.old, row.new, row.text) for row in files["calc.py"].rows[1:]]
    assert rows == [(" ", 1, 1, "one"), ("-", 2, None, "two"), ("+", None, 2, "TWO"), (" ", 3, 3, "three")]
    assert (files["new.txt"].edit, files["new.txt"].old_path, files["new.txt"].rows) == ("renamed", "old.txt", ())
    assert (files["café.py"].edit, files["café.py"].added) == ("added", 1)
    assert (files["gone.py"].edit, files["gone.py"].rows[1].text) == ("deleted", "--- not a header")
    assert files["image.png"].is_binary


def test_findings_stand_at_their_lines_and_their_files_come_first() -> None:
    note = Finding(rule="n", severity=Severity.NOTE, message="", path="gone.py", line=1)
    veto = Finding(rule="v", severity=Severity.VETO, message="", path="café.py", line=1)
    wide = Finding(rule="w", severity=Severity.NEEDS_HUMAN, message="", path="calc.py")
    lost = Finding(rule="l", severity=Severity.VETO, message="", path="elsewhere", line=3)
    view = diff_view(DIFF, [note, wide, veto, lost])
    assert [file.path for file in view.files][:3] == ["café.py", "calc.py", "gone.py"]
    assert view.files[0].rows[1].findings == (veto,)
    assert view.files[1].findings == (wide,)
    assert view.files[2].findings == (note,), "a deleted line has no place on the new side"
    assert view.findings == (lost,)


def test_a_long_file_is_folded_and_a_flood_is_cut_and_counted() -> None:
    def file(name: str, lines: int) -> bytes:
        head = f"diff --git a/{name} b/{name}\n--- a/{name}\n+++ b/{name}\n@@ -0,0 +1,{lines} @@\n"
        return head.encode() + b"+x\n" * lines

    finding = Finding(rule="r", severity=Severity.VETO, message="", path="last", line=5)
    view = diff_view(file("long", FOLDED_LINES + 1) + file("flood", MOST_LINES) + file("last", 9), [finding])
    last, long, flood = view.files
    assert (long.is_folded, long.left_out) == (True, 0)
    assert (last.left_out, last.findings) == (10, (finding,)), "its line is not shown, so the file carries it"
    assert flood.left_out == FOLDED_LINES + 3
    assert (flood.added, view.added) == (MOST_LINES, MOST_LINES + FOLDED_LINES + 10)


@given(st.binary(max_size=400))
def test_nothing_that_is_no_diff_breaks_it(junk: bytes) -> None:
    diff_view(junk)
    diff_view(b"diff --git " + junk)
    diff_view(DIFF + junk)
