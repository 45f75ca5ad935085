"""What a dead process left is removed, but never what a task goes on with."""

from pathlib import Path

import pytest

from honk.workspace.sweep import sweep

pytestmark = pytest.mark.anyio


async def test_rooms_and_quarantines_go_and_workspaces_stay(tmp_path: Path) -> None:
    left = [tmp_path / "rooms" / "room-a" / "state" / "u", tmp_path / "mirrors" / "m" / "quarantine-x" / "objects"]
    kept = [tmp_path / "workspaces" / "run-1" / "state" / "u", tmp_path / "mirrors" / "m" / "work.git"]
    for folder in (*left, *kept):
        folder.mkdir(parents=True)
        (folder / "file").touch()
    left[0].chmod(0)
    await sweep(tmp_path)
    assert list((tmp_path / "rooms").iterdir()) == []
    assert [path.name for path in (tmp_path / "mirrors" / "m").iterdir()] == ["work.git"]
    assert all((folder / "file").exists() for folder in kept)


async def test_a_new_state_folder_needs_no_sweeping(tmp_path: Path) -> None:
    await sweep(tmp_path)
    assert list(tmp_path.iterdir()) == []
