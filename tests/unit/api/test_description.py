"""Every endpoint survives calls that are made of its own description, right and wrong ones, and answers as it says."""

import subprocess
import sys
from pathlib import Path

import httpx2
import pytest
from api_room import serving_api

pytestmark = pytest.mark.slow
PROGRAM = Path(sys.executable).with_name("schemathesis")
CALLS = 12
"""Made up for each endpoint, beside those at the bounds of each field."""


def test_no_call_that_can_be_described_breaks_anything(tmp_path: Path) -> None:
    with serving_api(tmp_path / "home") as room:
        me = {"authorization": "Bearer ada"}
        wanted = {"repository_id": "fake", "prompt": "Mend the titles"}
        task_id = httpx2.post(f"{room.url}/tasks", json=wanted, headers=me).json()["task_id"]
        settings = tmp_path / "schemathesis.toml"
        settings.write_text(
            f'base-url = "{room.url}"\nheaders = {{ Authorization = "Bearer ada" }}\n'
            f'[parameters]\n"path.task_id" = "{task_id}"\n'
        )
        chosen = ["--max-examples", str(CALLS), "--phases", "examples,coverage,fuzzing", "--continue-on-failure"]
        words = [str(PROGRAM), "--config-file", str(settings), "run", f"{room.url}/openapi.json", *chosen]
        done = subprocess.run(words, capture_output=True, text=True, cwd=tmp_path, timeout=120)
        assert done.returncode == 0, done.stdout[-8000:]
