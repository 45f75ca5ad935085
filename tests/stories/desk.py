"""The whole house for stories: real git, SQLite, sandbox and Claude Code; only the model is scripted."""

import subprocess
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from honk.app import App, RunRequest, RunResult
from honk.bootstrap import open_app
from honk.config import Settings
from honk.domain.limits import Limits
from honk.gateway import Upstream
from honk.store import TaskEvent
from honk.testing.replies import Script
from honk.testing.scripted_model import ScriptedModel
from honk.testing.scripts import judge
from honk.workflows.claim import Claim
from honk.workflows.replay import ReplayRequest

CALC = {
    "README.md": "# calc\n",
    "calc.py": "def add(a: int, b: int) -> int:\n    return a - b\n\n\ndef double(a: int) -> int:\n    return a * 2\n",
    "test_calc.py": (
        "import unittest\n\nimport calc\n\n\nclass Calc(unittest.TestCase):\n"
        "    def test_double(self) -> None:\n        self.assertEqual(calc.double(2), 4)\n"
    ),
}
"""A repository with an open bug that its tests do not cover yet."""
OLD, WRONG, RIGHT = "return a - b", "return a * b", "return a + b"
REPEATING = {"pull_requests": {"hold_repeats": False, "most_open": 1000}}
"""Stories ask for the same change again and again; `test_provenance.py` tries what an installation does by itself."""
REPEATING_VARIABLES = {"HONK_PULL_REQUESTS__HOLD_REPEATS": "false", "HONK_PULL_REQUESTS__MOST_OPEN": "1000"}
COMMAND = f"command:sh -c \"cat >/dev/null; sed -i 's/{OLD}/{RIGHT}/' calc.py\""
"""An agent that mends it, without a model."""


def git(repo: Path, *args: str) -> str:
    """Run git as the person who owns the repository."""
    env = {
        "PATH": "/usr/bin:/bin", "HOME": str(repo.parent), "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_AUTHOR_NAME": "Ada", "GIT_AUTHOR_EMAIL": "ada@example.org",
        "GIT_COMMITTER_NAME": "Ada", "GIT_COMMITTER_EMAIL": "ada@example.org",
    }  # fmt: skip
    done = subprocess.run(["git", *args], cwd=repo, env=env, capture_output=True, text=True, check=True)
    return done.stdout.strip()


def make_repository(path: Path, files: Mapping[str, str]) -> Path:
    """A repository with one commit of the files, `main` checked out."""
    path.mkdir(parents=True)
    git(path, "init", "-q", "-b", "main")
    git(path, "config", "user.name", "Ada")
    git(path, "config", "user.email", "ada@example.org")
    for name, text in files.items():
        (path / name).parent.mkdir(parents=True, exist_ok=True)
        (path / name).write_text(text)
    git(path, "add", "-A")
    git(path, "commit", "-qm", "Begin")
    return path


@dataclass
class Told:
    """What a run came to, and everything that was told on the way."""

    result: RunResult
    events: list[TaskEvent] = field(default_factory=list)

    def of(self, kind: str) -> list[Mapping[str, object]]:
        return [event.body for event in self.events if event.kind == kind]


@dataclass
class Desk:
    """A person at the desk."""

    app: App
    model: ScriptedModel
    home: Path

    async def run(self, repo: Path, prompt: str = "Make add() add", *, agent: str = "claude", **limits: float) -> Told:
        task = await self.app.submit(
            RunRequest(
                prompt=prompt,
                repo=repo,
                agent=agent,
                model="sonnet",
                limits=replace(Limits(wall_seconds=60, idle_seconds=30), **limits),
            )
        )
        return await self.follow(task.task_id)

    async def replay(self, task_id: str, **wanted: Any) -> Told:
        return await self.follow((await self.app.replay(ReplayRequest(task_id=task_id, **wanted))).task_id)

    async def follow(self, task_id: str) -> Told:
        events = [event async for event in self.app.follow(task_id)]
        return Told(await self.app.result(task_id), events)


@asynccontextmanager
async def open_desk(
    home: Path, scripts: Mapping[str, Script], *, key: str = "scripted", claim: Claim = Claim.WORK, **settings: object
) -> AsyncIterator[Desk]:
    """The desk with a scripted model behind the gateway."""
    async with ScriptedModel({"judge": judge(), **scripts}, key=key) as model:
        upstream = Upstream(base_url=model.url, headers={"x-api-key": key})
        async with open_app(Settings(home=home, **{**REPEATING, **settings}), upstream=upstream, claim=claim) as app:  # type: ignore[arg-type]
            yield Desk(app, model, home)
