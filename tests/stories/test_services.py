"""Tests that talk to a database: it is there for the agent and for the gate, and what lacks is said by name."""

import shutil
from pathlib import Path

import pytest
from desk import make_repository, open_desk
from needs import needed_server

from honk.domain.evidence import Verification
from honk.domain.task import OutcomeName
from honk.testing import scripts
from honk.testing.replies import say, use

pytestmark = [pytest.mark.anyio, pytest.mark.slow]

TEST = (
    "import os\nimport subprocess\nimport unittest\n\nimport table\n\n\nclass Table(unittest.TestCase):\n"
    "    def test_rows(self) -> None:\n"
    '        sql = "create table t (x int); insert into t values (3);" + table.QUERY\n'
    '        done = subprocess.run(["psql", "-qAt", os.environ["DATABASE_URL"], "-c", sql], capture_output=True)\n'
    '        self.assertEqual(done.stdout, b"3\\n", done.stderr)\n'
)
FILES = {
    ".honk.toml": '[environment]\nservices = ["postgresql"]\n',
    "table.py": 'QUERY = "select x from t"\n',
    "test_table.py": TEST,
}
RIGHT = 'QUERY = "select x from t order by x"'
PASSING = (
    "import unittest\n\n\nclass One(unittest.TestCase):\n    def test_one(self) -> None:\n        self.assertTrue(1)\n"
)
OLD = 'QUERY = "select x from t"'


@pytest.mark.claude
async def test_agent_and_gate_each_have_a_database_of_their_own(home: Path, tmp_path: Path) -> None:
    needed_server("postgresql")
    repo = make_repository(tmp_path / "table", FILES)
    fix = [*scripts.edit("/workspace/table.py", OLD, RIGHT), use(scripts.VERIFY), say("Sorted.")]
    async with open_desk(home, {"default": fix}) as desk:
        told = await desk.run(repo, "Sort the rows")
        result = told.result
        assert (result.outcome, result.verification) == (OutcomeName.OPENED, Verification.PASSED), result.reason
        [health] = told.of("environment")
        assert "services: postgresql 1" in str(health["line"])
        assert result.environment is not None
        assert result.environment.services[0].startswith("postgresql ")
        assert result.pull_request is not None
        assert "services: postgresql" in result.pull_request.body
        assert not any(body["is_error"] for body in told.of("tool_result")), "green in the agent's own check as well"
        (repo / "table.py").write_text('QUERY = "select y from t"\n')
        red = await desk.app.verify(repo, worktree=True, plan_only=False)
        assert red.verification is Verification.FAILED


async def test_a_service_or_a_package_that_is_not_there_makes_it_unverified_by_name(home: Path, tmp_path: Path) -> None:
    asks = '[environment]\nservices = ["mongodb"]\npackages = ["sh", "honk-has-no-such-package"]\n'
    compose = "services:\n  cache:\n    image: redis:7\n"
    files = {".honk.toml": asks, "a.py": "A = 1\n", "test_a.py": PASSING, "docker-compose.yml": compose}
    repo = make_repository(tmp_path / "lacking", files)
    async with open_desk(home, {}) as desk:
        told = await desk.run(repo, "Make it two", agent="command:sed -i s/1/2/ a.py")
        result = told.result
        assert (result.outcome, result.verification) == (OutcomeName.OPENED, Verification.UNVERIFIED)
        assert result.pull_request is not None
        assert result.pull_request.is_draft
        assert result.environment is not None
        assert result.environment.packages == ("sh",)
        missing = " ".join(result.environment.missing)
        for words in ("'mongodb'", "lacks honk-has-no-such-package", "sudo apt-get install honk-has-no-such-package"):
            assert words in missing
        assert "mongodb" in result.pull_request.body
        assert "docker-compose.yml names redis" in result.environment.hints[0]
        verified = await desk.app.verify(repo, worktree=False, plan_only=False)
        assert verified.verification is Verification.UNVERIFIED
        assert verified.environment.missing == result.environment.missing


async def test_a_service_that_dies_at_its_start_in_a_room_is_no_red_and_no_green(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It started when it was prepared; then, say, its program was taken from the machine."""
    prefix = tmp_path / "redis-1"
    (prefix / "bin").mkdir(parents=True)
    listens = "import socket, time\ns = socket.create_server(('127.0.0.1', 6379))\ntime.sleep(600)\n"
    version = "import sys\nif '--version' in sys.argv:\n    print('Redis server v=9.9.9')\n    sys.exit()\n"
    asks = "import socket\nsocket.create_connection(('127.0.0.1', 6379), 1)\n"
    for name, text in {"redis-server": version + listens, "redis-cli": asks}.items():
        (prefix / "bin" / name).write_text(f"#!/usr/bin/python3\n{text}")
        (prefix / "bin" / name).chmod(0o755)
    monkeypatch.setenv("PATH", f"{prefix}/bin:/usr/bin:/bin")
    files = {".honk.toml": '[environment]\nservices = ["redis"]\n', "a.py": "A = 1\n", "test_a.py": PASSING}
    repo = make_repository(tmp_path / "dying", files)
    async with open_desk(home, {}) as desk:
        assert (await desk.app.verify(repo, worktree=False, plan_only=False)).verification is Verification.PASSED
        (prefix / "bin/redis-server").write_text("#!/bin/sh\necho gone >&2\nexit 1\n")
        (repo / "a.py").write_text("A = 2\n")
        (repo / ".honk.toml").write_text(files[".honk.toml"] + "# mine\n")
        for worktree in (False, True):
            told = await desk.app.verify(repo, worktree=worktree, plan_only=False)
            assert told.verification is Verification.UNVERIFIED
            assert told.examination is not None
            assert "redis 9.9.9 did not start" in told.examination.reason
            assert "gone" in told.examination.reason
            rules = {finding.rule for finding in told.examination.findings}
            assert ("Honk's own configuration" in rules) is worktree, "the rules have their say all the same"
    shutil.rmtree(prefix)
