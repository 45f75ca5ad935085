"""One owner of the state folder, with real processes."""

import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from subprocess import PIPE, Popen  # noqa: TID251 - a process to be killed, with its output still open

import pytest

from honk.base.lock import HomeBusy, OwnerLock, read_owner

HOLDER = """
import subprocess, sys
from pathlib import Path
from honk.base.lock import OwnerLock
with OwnerLock(Path(sys.argv[1])):
    child = subprocess.Popen(["sleep", "60"], close_fds=False)
    print(child.pid, flush=True)
    sys.stdin.read()
    child.kill()
"""


@contextmanager
def holder(home: Path) -> Iterator[tuple[Popen[bytes], int]]:
    """A process that holds the lock until its input ends, and the pid of a program it started."""
    argv = [sys.executable, "-c", HOLDER, home]
    with Popen(argv, stdin=PIPE, stdout=PIPE) as process:
        assert process.stdout is not None
        yield process, int(process.stdout.readline())


@pytest.mark.slow
def test_a_second_process_is_told_who_has_the_folder(tmp_path: Path) -> None:
    with holder(tmp_path) as (process, _), pytest.raises(HomeBusy, match=rf"in use by process {process.pid} \(-c"):
        OwnerLock(tmp_path).__enter__()
    with OwnerLock(tmp_path):
        pass


@pytest.mark.slow
def test_kill_9_releases_it_although_a_program_it_started_lives_on(tmp_path: Path) -> None:
    with holder(tmp_path) as (process, child):
        process.kill()
        process.wait()
        with OwnerLock(tmp_path):
            pass
        os.kill(child, signal.SIGKILL)


def test_one_process_cannot_have_it_twice(tmp_path: Path) -> None:
    with OwnerLock(tmp_path), pytest.raises(HomeBusy):
        OwnerLock(tmp_path).__enter__()


def test_nobody_is_named_once_it_is_free(tmp_path: Path) -> None:
    assert read_owner(tmp_path) is None
    with OwnerLock(tmp_path / "new"):
        owner = read_owner(tmp_path / "new")
        assert owner is not None
        assert owner.boot_id
    assert read_owner(tmp_path / "new") is None


def test_a_damaged_note_does_not_open_the_lock(tmp_path: Path) -> None:
    with OwnerLock(tmp_path):
        (tmp_path / "owner.lock").write_text("{")
        with pytest.raises(HomeBusy, match="another process"):
            OwnerLock(tmp_path).__enter__()
