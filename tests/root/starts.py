"""Starts of Honk by root, and repositories for them."""

import os
import subprocess
import sys
from pathlib import Path

OWNER = 64222
"""Somebody who is neither root nor Honk."""
PARENT = """\
import sys
from pathlib import Path
from honk.workspace.porter import enter_service
home, child, *words = sys.argv[1:]
sys.exit(enter_service(words, home=Path(home), program=(sys.executable, "-P", "-c", child)))
"""


def git(repository: Path, *args: str) -> str:
    who = ("-c", "user.name=Ada", "-c", "user.email=ada@example.org", "-c", "safe.directory=*")
    done = subprocess.run(["git", *who, "-C", str(repository), *args], check=True, capture_output=True, text=True)
    return done.stdout.strip()


def repository(path: Path, owner: int = 0) -> Path:
    path.mkdir()
    git(path, "init", "-q")
    git(path, "config", "user.name", "Ada")
    (path / "README.md").write_text("hello\n")
    git(path, "add", "-A")
    git(path, "commit", "-q", "-m", "Begin")
    for directory, names, files in os.walk(path):
        for name in (".", *names, *files):
            os.chown(os.path.join(directory, name), owner, owner)
    return path


def start(home: Path, child: str, *words: str) -> subprocess.Popen[str]:  # noqa: TID251 - signals are the subject
    env = {**os.environ, "ANTHROPIC_API_KEY": "made-up", "HONK_SOMETHING": "1", "SECRET_TOKEN": "x"}
    return subprocess.Popen(  # noqa: TID251
        [sys.executable, "-c", PARENT, str(home), child, *words], env=env, cwd="/", text=True, stdout=subprocess.PIPE
    )


def run(home: Path, child: str, *words: str) -> tuple[int, str]:
    parent = start(home, child, *words)
    out, _ = parent.communicate(timeout=60)
    return parent.returncode, out
