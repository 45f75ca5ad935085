"""Requests and repositories as people really have them: each gets its words and its exit code, and nothing is lost."""

import shlex
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from desk import CALC, OLD, RIGHT, Told, git, make_repository, open_desk

from honk.cli.machine_lines import event_line, result_line
from honk.cli.main import _run
from honk.cli.summary import summary
from honk.domain.evidence import Verification
from honk.domain.task import OutcomeName

pytestmark = [pytest.mark.slow]

FIX = f"sed -i 's/{OLD}/{RIGHT}/' calc.py"
POINTER = f"version https://git-lfs.github.com/spec/v1\noid sha256:{'a' * 64}\nsize 12\n"


def agent(script: str) -> str:
    """The agent that is this shell script."""
    return f"command:sh -c {shlex.quote(f'cat >/dev/null; {script}')}"


def assert_opened(told: Told) -> None:
    result = told.result
    assert (result.outcome, result.verification) == (OutcomeName.OPENED, Verification.PASSED), result.reason


def _nothing(path: Path) -> Path:
    return path


def _empty(path: Path) -> Path:
    (path / "empty").mkdir()
    git(path / "empty", "init", "-q")
    return path / "empty"


def _calc(path: Path) -> Path:
    return make_repository(path / "calc", CALC)


def _partial(path: Path) -> Path:
    calc = _calc(path)
    git(calc, "config", "uploadpack.allowFilter", "true")
    git(path, "clone", "-q", "--filter=blob:none", "--no-checkout", f"file://{calc}", "partial")
    return path / "partial"


def _sha256(path: Path) -> Path:
    path.joinpath("new").mkdir()
    git(path / "new", "init", "-q", "--object-format=sha256")
    git(path / "new", "commit", "-q", "--allow-empty", "-m", "x")
    return path / "new"


@pytest.mark.parametrize(
    ("make", "words", "said"),
    [
        (_nothing, ["Fix it"], ["is not in a git repository", "git init"]),
        (_nothing, ["Fix it", "--repo", "missing"], ["missing does not exist"]),
        (_empty, ["Fix it"], ["has no commit yet", "Make a first one"]),
        (_calc, ["Fix it", "--base", "nope"], ["no branch or commit 'nope'", "Its branches: main"]),
        (_calc, ["Fix it", "--base", "--upload-pack=touch x"], ["no branch or commit"]),
        (_partial, ["Fix it"], ["is a partial clone", "git fetch --refetch --no-filter"]),
        (_sha256, ["Fix it"], ["SHA-256"]),
        (_calc, [""], ["The request is empty", 'honk run "']),
        (_calc, ["\x1b[31m\x07\x00\x1b]0;owned\x07"], ["The request is empty"]),
        (_calc, ["x" * 100_000], ["100,000 bytes long", "65,536", "file of the repository"]),
        (_calc, ["caf\udce9"], ["not UTF-8"]),
        (_calc, ["fix", "the", "user's bug"], ["in quotes", """honk run 'fix the user'"'"'s bug'"""]),
    ],
    ids=[
        "nothing",
        "missing",
        "no-commit",
        "base",
        "option",
        "partial",
        "sha256",
        "empty",
        "controls",
        "100KB",
        "latin1",
        "unquoted",
    ],
)
def test_what_cannot_be_carried_out_is_refused_before_anything_is_begun(
    make: Callable[[Path], Path],
    words: list[str],
    said: list[str],
    home: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("HONK_HOME", str(home))
    monkeypatch.chdir(make(tmp_path))
    code = _run(["run", "--agent", agent("true"), *words])
    told = capsys.readouterr().err
    assert code == 2, told
    assert all(one in told for one in said), told
    assert "othing was begun" in told
    if (home / "honk.db").exists():
        with closing(sqlite3.connect(home / "honk.db")) as database:
            assert database.execute("select count(*) from honk_task").fetchone() == (0,)


@pytest.mark.acceptance
@pytest.mark.anyio
async def test_a_bare_a_shallow_and_a_detached_repository_each_get_their_branch(home: Path, tmp_path: Path) -> None:
    calc = make_repository(tmp_path / "calc", CALC)
    git(calc, "commit", "-q", "--allow-empty", "-m", "Second")
    git(tmp_path, "clone", "-q", "--bare", str(calc), "bare.git")
    git(tmp_path, "clone", "-q", "--depth", "1", f"file://{calc}", "shallow")
    git(calc, "switch", "-q", "--detach")
    head = git(calc, "rev-parse", "HEAD")
    async with open_desk(home, {}) as desk:
        for name, note in (("bare.git", ""), ("shallow", "shallow clone"), ("calc", "HEAD is detached")):
            told = await desk.run(tmp_path / name, agent=agent(FIX))
            assert_opened(told)
            assert note in " ".join(told.result.notes), name
            assert git(tmp_path / name, "rev-parse", str(told.result.branch)) == told.result.head_sha
            assert git(tmp_path / name, "rev-parse", "HEAD", f"{told.result.branch}^") == f"{head}\n{head}"
    assert git(tmp_path / "shallow", "rev-parse", "--is-shallow-repository") == "true"
    assert git(calc, "status", "--porcelain", "--branch") == "## HEAD (no branch)"


@pytest.mark.anyio
async def test_submodules_and_lfs_pointers_are_said_and_kept(home: Path, calc: Path) -> None:
    sha = git(calc, "rev-parse", "HEAD")
    (calc / "module").mkdir()
    (calc / ".gitattributes").write_text("*.bin filter=lfs diff=lfs merge=lfs -text\n")
    (calc / "song.bin").write_text(POINTER)
    git(calc, "-c", "filter.lfs.clean=cat", "add", "-A")
    git(calc, "update-index", "--add", "--cacheinfo", f"160000,{sha},module")
    git(calc, "commit", "-qm", "A module and a song")
    async with open_desk(home, {}) as desk:
        told = await desk.run(calc, agent=agent(f'{FIX}; grep -q git-lfs song.bin && test -z "$(ls module)"'))
    assert_opened(told)
    notes = " ".join(told.result.notes)
    assert "1 submodule(s) stay empty" in notes
    assert "Git LFS stay pointers" in notes
    assert git(calc, "diff", "--name-only", "main", str(told.result.branch)) == "calc.py"
    assert git(calc, "ls-tree", str(told.result.branch), "module").startswith(f"160000 commit {sha}")
    assert git(calc, "show", f"{told.result.branch}:song.bin") == POINTER.strip()


NAMES = (b"with space", b"new\nline", b'"quoted"', b"-rf", b"caf\xe9", b"\x1b[31mred", b"*", b":(top)x",
         b".github/workflows/caf\xe9\x1b[31m.yml")  # fmt: skip
SHOWN = {"with space", r'"new\nline"', r'"\"quoted\""', "-rf", r'"caf\351"', r'"\033[31mred"', "*", ":(top)x",
         r'".github/workflows/caf\351\033[31m.yml"', r'"test_caf\351.py"', "calc.py"}  # fmt: skip
TEST = """
import unittest

import calc


class Odd(unittest.TestCase):
    def test_add(self):
        self.assertEqual(calc.add(2, 2), 4)
"""
WRITE = f"""
import os
os.makedirs(".github/workflows")
for name in {NAMES!r}:
    open(name, "w").write("x")
open(b"test_caf\\xe9.py", "w").write({TEST!r})
"""


@pytest.mark.anyio
async def test_any_file_name_goes_the_whole_way_and_is_shown_without_harm(home: Path, calc: Path) -> None:
    async with open_desk(home, {}) as desk:
        told = await desk.run(calc, agent=agent(f"{FIX}; python3 -c {shlex.quote(WRITE)}"))
        result = told.result
        assert_opened(told)
        assert "a person must look" in result.reason
        assert set(git(calc, "diff", "--name-only", "main", str(result.branch)).splitlines()) == SHOWN
        assert [new.fails_on_base for report in result.reports if report.tests for new in report.tests.new] == [True]
        assert result.diff_blob is not None
        assert b'"a/caf\\351"' in await desk.app.diff(result.diff_blob)
        assert result.pull_request is not None
        await desk.app.merge(result.pull_request.number, sentence="I looked.")
    shown = "\n".join([*(line.text for line in summary(result)), *map(event_line, told.events), result_line(result)])
    assert "\x1b" not in shown + result.pull_request.body
    assert (shown + result.pull_request.body).encode()
