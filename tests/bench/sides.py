"""Both sides of a pair: `honk run` as a cold command, and the same by hand, a shell script with no safety."""

import asyncio
import contextlib
import json
import os
import re
import resource
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from repositories import Measured, git, package_settings, remove

from honk.agent.claude_program import installed
from honk.sandbox import WORKSPACE
from honk.testing.replies import Ask, Block, Reply, Script, ToolUse
from honk.testing.sample.script import JUDGE, PROMPT, WORK
from honk.testing.scripted_model import ScriptedModel
from honk.testing.scripts import VERIFY

HONK = Path(sys.executable).with_name("honk")
_AGENT = 'claude -p "$PROMPT" --permission-mode bypassPermissions --output-format json >"$PLACE/said.json"'
_CLONE = """set -e
git clone -q "file://$ORIGIN" "$PLACE/clone"
cd "$PLACE/clone"
"""
_BY_HAND = """git config user.name hand; git config user.email hand@example.org; git switch -q -c "$BRANCH"
%s
%s
%s >"$PLACE/tests.log" 2>&1
git add -A; git commit -qm "$PROMPT"; git push -q origin "$BRANCH"
"""


@dataclass(frozen=True, slots=True)
class Took:
    """What one side of a round took."""

    seconds: float
    cpu_seconds: float
    """Of all its processes: tells the same on a busy machine."""


@dataclass(frozen=True, slots=True)
class Run(Took):
    """One `honk run` by the clock outside, and where its time went."""

    parts: Mapping[str, float]
    first_request_seconds: float
    """From the command to the first request that reached the model."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sides:
    """One place for the pairs, one state folder for Honk, one model for both."""

    place: Path
    model: ScriptedModel
    used: list[Path] = field(default_factory=list)
    """Clones by hand. They go when a row is over: deleting a large tree slows down the clone that follows."""

    @property
    def honk_home(self) -> Path:
        return self.place / "honk"

    def honk_env(self) -> dict[str, str]:
        return {
            "HOME": str(self.place), "HONK_HOME": str(self.honk_home), "PATH": "/usr/local/bin:/usr/bin:/bin",
            "HONK_MODEL__BASE_URL": self.model.url, "ANTHROPIC_API_KEY": "made-up", "LANG": "C.UTF-8",
            "HONK_PULL_REQUESTS__HOLD_REPEATS": "false", "HONK_PULL_REQUESTS__MOST_OPEN": "100000",
            **package_settings(),
        }  # fmt: skip

    async def by_hand(self, repository: Measured, number: str) -> Took:
        """The whole script."""
        script = _CLONE + _BY_HAND % (repository.install, _AGENT, repository.tests)
        took = await self._script(script, repository, number)
        git(repository.bare, "update-ref", "-d", f"refs/heads/{_branch(number)}")  # the next clone finds the same
        return took

    async def clone_and_install(self, repository: Measured, number: str) -> Took:
        """Until the agent could begin."""
        return await self._script(_CLONE + repository.install, repository, number)

    async def _script(self, script: str, repository: Measured, number: str) -> Took:
        place = self.place / f"hand-{repository.name}-{number}"
        home = place / "home"
        home.mkdir(parents=True)
        self.used.append(place)
        env = {
            "HOME": str(home), "ORIGIN": str(repository.bare), "PLACE": str(place), "PROMPT": PROMPT,
            "BRANCH": _branch(number), "PATH": f"{installed().parent}:/usr/local/bin:/usr/bin:/bin", "IS_SANDBOX": "1",
            "CLAUDE_CONFIG_DIR": str(home / ".claude"), "ANTHROPIC_BASE_URL": self.model.url,
            "ANTHROPIC_API_KEY": "made-up", "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1", "DISABLE_TELEMETRY": "1",
            "DISABLE_AUTOUPDATER": "1", "DISABLE_ERROR_REPORTING": "1", "LANG": "C.UTF-8",
            "PIP_DISABLE_PIP_VERSION_CHECK": "1",
            **package_settings(),
        }  # fmt: skip
        begun, cpu = time.perf_counter(), cpu_seconds()
        await call(["bash", "-c", script], env)
        return Took(time.perf_counter() - begun, cpu_seconds() - cpu)

    async def by_honk(self, repository: Measured, command: Sequence[str] | None = None) -> Run:
        """`honk run` from the command to its end; it must have been verified."""
        self.model.requests.clear()
        argv = [*(command or [str(HONK)]), "run", PROMPT, "--repo", str(repository.person), "--json"]
        began_at, begun, cpu = time.time(), time.perf_counter(), cpu_seconds()
        out = await call(argv, self.honk_env())
        seconds, cpu = time.perf_counter() - begun, cpu_seconds() - cpu
        *events, result = [json.loads(line) for line in out.splitlines()]
        if result["outcome"] != "opened" or result["verification"] != "passed":
            raise RuntimeError(f"The run came to {result['outcome']}, {result['verification']}: {result['reason']}")
        parts = _parts(events, result["seconds"], began_at, seconds)
        return Run(seconds, cpu, parts, self.first_request_at() - began_at)

    @asynccontextmanager
    async def begun_by_honk(self, argv: Sequence[str]) -> AsyncIterator[asyncio.subprocess.Process]:
        """A run in a process group of its own, as a terminal starts one; ended if need be."""
        process = await asyncio.create_subprocess_exec(
            *argv, env=self.honk_env(), cwd="/", start_new_session=True, stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )  # fmt: skip
        try:
            yield process
        finally:
            if process.returncode is None:
                with contextlib.suppress(ProcessLookupError):
                    process.kill()
            await process.wait()

    def first_request_at(self) -> float:
        """By the clock, when a model was first asked since the requests were cleared; 0 where none was."""
        asked = (got.at for got in self.model.requests if got.path.split("?")[0].endswith("/messages"))
        return next(asked, 0.0)

    async def tidy(self) -> None:
        """Delete what is used up, and let the disk come to rest, before the next row begins."""
        await asyncio.to_thread(remove, list(self.used))
        self.used.clear()
        await asyncio.to_thread(os.sync)


def cpu_seconds() -> float:
    """Of everything that this process has started and that has ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _branch(number: str) -> str:
    return f"change-{number}"


def _parts(events: Sequence[Any], own: Mapping[str, float], began_at: float, seconds: float) -> dict[str, float]:
    """From the command to the task, the stages, from the outcome to the command's end; verify calls are the agent's."""
    accepted = next(_at(event) for event in events if event["kind"] == "accepted")
    outcome = next(_at(event) for event in events if event["kind"] == "outcome")
    stages = {name: spent for name, spent in own.items() if name != "total"}
    between = outcome - accepted - sum(stages.values())
    calls = _verify_calls(events)
    return {
        "start": accepted - began_at, **stages, "between": between, "end": began_at + seconds - outcome,
        "(verify calls)": calls,
    }  # fmt: skip


def _verify_calls(events: Sequence[Any]) -> float:
    called = {e["body"]["call_id"]: _at(e) for e in events if e["kind"] == "tool" and "verify" in e["body"]["tool"]}
    answered = {e["body"]["call_id"]: _at(e) for e in events if e["kind"] == "tool_result"}
    return sum(answered.get(call, at) - at for call, at in called.items())


def _at(event: Any) -> float:
    return datetime.fromisoformat(event["at"]).timestamp()


async def call(argv: Sequence[str], env: Mapping[str, str]) -> str:
    """What the program prints.

    Raises:
        RuntimeError: it failed.
    """
    process = await asyncio.create_subprocess_exec(
        *argv, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd="/"
    )
    out, err = await process.communicate()
    if process.returncode != 0:
        raise RuntimeError(f"{argv[0]} ended with {process.returncode}: {err.decode()[-800:]} {out.decode()[-800:]}")
    return out.decode()


def scripts() -> dict[str, Script]:
    """The demo's agent, which asks nothing here, and judge; by hand it finds its files where its clone is."""
    return {"default": lambda ask: relocated(WORK, ask), "judge": JUDGE}


def relocated(script: Sequence[Reply], ask: Ask) -> Reply:
    """The script's reply, its paths moved to where this agent's work tree stands; `verify` is Honk's own tool."""
    reply = script[min(ask.index, len(script) - 1)]
    found = re.search(r"orking directory: ([^\s\\]+)", json.dumps(ask.request))
    tree = found.group(1) if found else WORKSPACE
    if tree == WORKSPACE:
        return reply
    return replace(reply, blocks=tuple(_moved(block, tree) for block in reply.blocks))


def _moved(block: Block, tree: str) -> Block:
    if not isinstance(block, ToolUse):
        return block
    if block.tool == VERIFY:
        return ToolUse("Bash", {"command": "true", "description": "no such tool by hand"})
    moved = {
        name: value.replace(WORKSPACE, tree) if isinstance(value, str) else value for name, value in block.input.items()
    }
    return ToolUse(block.tool, moved)
