"""The tests of every honest change are green, before and after: in two runs of pytest over all of them."""

import subprocess
import sys
from pathlib import Path

import pytest

from honk.testing.labelled.case import Files
from honk.testing.labelled.honest import honest_changes


def write(root: Path, number: str, files: Files) -> None:
    """Packages have names of their own and can lie side by side; tests get a directory for each change."""
    for path, text in files.items():
        if not path.endswith(".py"):
            continue
        target = root / path.replace("tests/", f"tests_{number}/")
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(text.encode() if isinstance(text, str) else text)


@pytest.mark.slow
@pytest.mark.parametrize("side", ["base", "head"])
def test_all_tests_are_green(side: str, tmp_path: Path) -> None:
    for one in honest_changes():
        write(tmp_path, one.name[:3], getattr(one, side))
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "pytest",
            "-q",
            "-p",
            "no:cacheprovider",
            "--import-mode=importlib",
            "--rootdir",
            ".",
            ".",
        ],
        cwd=tmp_path,
        env={"PYTHONPATH": ".", "PYTHONDONTWRITEBYTECODE": "1", "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stdout[-2000:]
    assert " passed" in done.stdout
