"""A disk that gets full at any stage ends no task: it halts with a clear reason, and goes on once there is room."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = [pytest.mark.slow]

HERE = Path(__file__).parent
EVERY = (
    "tasks.accept",
    "workspaces.template",
    "workspaces.environment",
    "events.append:agent:1:started",
    "events.append:collect:1:started",
    "blobs.put",
    "gate.examine",
    "runs.save_attempt",
    "forge.push",
    "source.import_branch",
    "rows.insert",
    "tasks.set_status:finished",
)


def assert_goes_on(folder: Path, script: str, *points: str) -> None:
    assert os.geteuid() != 0
    done = subprocess.run(
        [
            *(sys.executable, HERE / "small_disk.py", folder, "200"),
            *(sys.executable, HERE / script, folder, *points),
        ],
        capture_output=True,
        text=True,
        timeout=400,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr[-6000:]


@pytest.mark.acceptance
def test_a_disk_full_at_every_stage_halts_a_run_that_then_goes_on(tmp_path: Path) -> None:
    assert_goes_on(tmp_path, "full_disk.py", *EVERY)


@pytest.mark.acceptance
def test_a_server_whose_disk_is_full_shows_its_pages_refuses_and_goes_on_by_itself(tmp_path: Path) -> None:
    assert_goes_on(tmp_path, "full_disk_server.py")
