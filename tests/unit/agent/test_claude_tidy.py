"""What Claude Code leaves when it is killed between writing a file and renaming it goes; everything else stays."""

import subprocess
from pathlib import Path

from honk.agent.claude import TIDY

HALF = "calc.py.tmp.2.de1e39aa7862"


def test_half_written_files_go_and_what_only_looks_like_them_stays(tmp_path: Path) -> None:
    kept = [
        "calc.py",
        "sub/it's ok.py",
        "notes.tmp.2.de1e39aa7862",
        "calc.py.tmp",
        "calc.py.tmp.2.short",
        f"sub/{HALF}",
    ]
    gone = [HALF, "sub/it's ok.py.tmp.41.0123456789ab"]
    for name in (*kept, *gone):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(name)
    (tmp_path / "sub/calc.py").write_text("")
    subprocess.run(["git", "init", "-q"], cwd=tmp_path, check=True)
    subprocess.run(["git", "add", f"sub/{HALF}"], cwd=tmp_path, check=True)
    subprocess.run(["sh", "-c", TIDY, "sh", str(tmp_path)], check=True)
    left = {
        str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*") if path.is_file() and ".git" not in path.parts
    }
    assert left == {*kept, "sub/calc.py"}
