"""`make bench`: what Honk costs beside doing the same by hand. Paired rounds, medians; nothing here is asserted.

By hand is a shell script with no safety: clone, the agent's program on the clone, the tests once, commit, push. Both
sides clone over file:// and use the same scripted model, which answers without delay. The null row compares by hand
with itself: a ratio within it is noise.
"""

import argparse
import asyncio
import json
import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from honk.agent.claude_program import installed
from honk.sandbox import SandboxSpec
from honk.sandbox.bubblewrap import BubblewrapBackend
from honk.testing.replies import Ask, Block, Line, Reply, Script, ToolUse
from honk.testing.sample.repository import create_sample
from honk.testing.sample.script import AGENT, JUDGE, PROMPT
from honk.testing.scripted_model import ScriptedModel

HONK = Path(sys.executable).with_name("honk")
WORKSPACE = "/workspace"
BY_HAND = r"""set -e
git clone -q "file://$ORIGIN" "$PLACE/clone"
cd "$PLACE/clone"
git config user.name hand; git config user.email hand@example.org; git switch -q -c change
claude -p "$PROMPT" --permission-mode bypassPermissions --output-format json >"$PLACE/said.json"
python3 -m unittest -q >"$PLACE/tests.log" 2>&1
git add -A; git commit -qm "$PROMPT"; git push -q origin change
"""


@dataclass
class Row:
    """One measure: seconds of both sides, round by round."""

    name: str
    ours: list[float] = field(default_factory=list)
    theirs: list[float] = field(default_factory=list)

    def line(self) -> str:
        """Medians, the median of the paired ratios, and how far the middle half of them spreads."""
        ours = statistics.median(self.ours)
        if not self.theirs:
            return f"{self.name:<58} {ours * 1000:9.1f} ms  (min {min(self.ours) * 1000:.1f}, n {len(self.ours)})"
        ratios = sorted(a / b for a, b in zip(self.ours, self.theirs, strict=True))
        low, high = ratios[len(ratios) // 4], ratios[(3 * len(ratios)) // 4]
        differences = statistics.median(a - b for a, b in zip(self.ours, self.theirs, strict=True))
        return (
            f"{self.name:<58} {ours:6.2f} s  against {statistics.median(self.theirs):6.2f} s   "
            f"x{statistics.median(ratios):.2f} (half of them {low:.2f} to {high:.2f})  "
            f"{differences:+.2f} s  n {len(ratios)}"
        )


async def timed(act: Callable[[], Awaitable[object]]) -> float:
    """Seconds that the act takes."""
    begun = time.perf_counter()
    await act()
    return time.perf_counter() - begun


async def sandboxes(place: Path, rounds: int) -> list[Row]:
    """A sandbox from nothing to ready, and a command in a ready one."""
    opening, command = Row("sandbox: open"), Row("sandbox: one command")
    backend = BubblewrapBackend()
    for number in range(rounds):
        begun = time.perf_counter()
        sandbox = await backend.open(SandboxSpec(name="bench", state=place / f"box-{number}"))
        opening.ours.append(time.perf_counter() - begun)
        for _ in range(3):
            begun = time.perf_counter()
            await sandbox.run(["/bin/true"], timeout_seconds=10)
            command.ours.append(time.perf_counter() - begun)
        await sandbox.close()
    return [opening, command]


@dataclass(frozen=True)
class Bench:
    """One place for the pairs."""

    place: Path
    model_url: str

    async def by_hand(self, origin: Path, number: str) -> float:
        """Seconds of the script without safety."""
        place = self.place / f"hand-{number}"
        home = place / "home"
        home.mkdir(parents=True)
        bare = place / "origin.git"
        await call(["git", "clone", "-q", "--bare", str(origin), str(bare)], {"HOME": str(home)})
        env = {
            "HOME": str(home), "ORIGIN": str(bare), "PLACE": str(place), "PROMPT": PROMPT, "IS_SANDBOX": "1",
            "PATH": f"{installed().parent}:/usr/local/bin:/usr/bin:/bin", "CLAUDE_CONFIG_DIR": str(home / ".claude"),
            "ANTHROPIC_BASE_URL": self.model_url, "ANTHROPIC_API_KEY": "made-up", "DISABLE_TELEMETRY": "1",
            "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1", "DISABLE_AUTOUPDATER": "1", "DISABLE_ERROR_REPORTING": "1",
        }  # fmt: skip
        script = BY_HAND.replace(WORKSPACE, f"{place}/clone")
        seconds = await timed(lambda: call(["bash", "-c", script], env))
        shutil.rmtree(place)
        return seconds

    async def by_honk(self, origin: Path) -> tuple[float, dict[str, float]]:
        """Seconds of `honk run` as a cold command, and its own account of them."""
        env = {
            "HOME": str(self.place), "HONK_HOME": str(self.place / "honk"), "PATH": "/usr/local/bin:/usr/bin:/bin",
            "HONK_MODEL__BASE_URL": self.model_url, "ANTHROPIC_API_KEY": "made-up", "LANG": "C.UTF-8",
        }  # fmt: skip
        begun = time.perf_counter()
        out = await call([str(HONK), "run", PROMPT, "--repo", str(origin), "--json"], env)
        seconds = time.perf_counter() - begun
        return seconds, json.loads(out.splitlines()[-1])["seconds"]


async def call(argv: Sequence[str], env: dict[str, str]) -> str:
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


async def runs(place: Path, rounds: int) -> list[Row]:
    """`honk run` beside the same by hand, on the sample repository."""
    whole = Row("honk run, whole, warm, against by hand")
    bare = Row("honk run without verification and judge, against by hand")
    null = Row("null: by hand against by hand")
    origin = place / "sample"
    await create_sample(origin)
    lines = AGENT
    assert not callable(lines)
    # By hand the agent's files lie elsewhere than in the sandbox; the script follows.
    scripts: dict[str, Script] = {"default": lambda ask: relocated(lines, ask), "judge": JUDGE}
    async with ScriptedModel(scripts) as model:
        bench = Bench(place, model.url)
        await bench.by_honk(origin)  # warms template and base run, as a second request on a repository finds them
        for number in range(rounds):
            hand = await bench.by_hand(origin, f"{number}a")
            seconds, own = await bench.by_honk(origin)
            again = await bench.by_hand(origin, f"{number}b")
            whole.ours.append(seconds)
            whole.theirs.append(hand)
            bare.ours.append(seconds - own.get("verify", 0.0) - own.get("judge", 0.0))
            bare.theirs.append(hand)
            null.ours.append(again)
            null.theirs.append(hand)
            print(f"round {number + 1} of {rounds}: by hand {hand:.2f} s, honk {seconds:.2f} s", file=sys.stderr)
    return [whole, bare, null]


def relocated(script: Sequence[Line], ask: Ask) -> Reply:
    """The script's reply, its paths moved to where this agent's work tree stands; `verify` is Honk's own tool."""
    line = script[min(ask.index, len(script) - 1)]
    reply = line(ask) if callable(line) else line
    found = re.search(r"orking directory: ([^\s\\]+)", json.dumps(ask.request))
    tree = found.group(1) if found else WORKSPACE
    if tree == WORKSPACE:
        return reply
    return replace(reply, blocks=tuple(_moved(block, tree) for block in reply.blocks))


def _moved(block: Block, tree: str) -> Block:
    if not isinstance(block, ToolUse):
        return block
    if block.tool.startswith("mcp__"):
        return ToolUse("Bash", {"command": "true", "description": "no such tool by hand"})
    moved = {
        name: value.replace(WORKSPACE, tree) if isinstance(value, str) else value for name, value in block.input.items()
    }
    return ToolUse(block.tool, moved)


async def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description="Honk beside doing it by hand; medians of paired rounds.")
    parser.add_argument("--rounds", type=int, default=15)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="honk-bench-", ignore_cleanup_errors=True) as name:
        rows = [*await sandboxes(Path(name), options.rounds), *await runs(Path(name), options.rounds)]
    print(f"load at the end: {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")
    for row in rows:
        print(row.line())


if __name__ == "__main__":
    asyncio.run(main())
