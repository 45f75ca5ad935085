"""Honk as a process of its own, killed at moments chosen exactly, and what must be true when it was run again."""

import asyncio
import contextlib
import json
import os
import signal
import sqlite3
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from desk import CALC, OLD, REPEATING_VARIABLES, RIGHT, git

from honk.base.ids import derived_uuid
from honk.testing import scripts
from honk.testing.replies import Ask, Json, Line, Reply, is_plain, say, use
from honk.testing.scripted_model import ScriptedModel

CALC_PY = "/workspace/calc.py"
NEW_TEST = "\n    def test_add(self) -> None:\n        self.assertEqual(calc.add(2, 2), 4)\n"
SIX_TURNS: tuple[Reply, ...] = (
    use("Read", file_path=CALC_PY),
    use("Edit", file_path=CALC_PY, old_string=OLD, new_string=RIGHT),
    use(
        "Bash",
        command=f"grep -q test_add test_calc.py || printf {NEW_TEST!r} >> test_calc.py; echo three > notes.txt; "
        "setsid nohup sleep 86400 >/dev/null 2>&1 & echo written",
        description="a test, a note, and something that goes on",
    ),
    use("Edit", file_path=CALC_PY, old_string="return a * 2", new_string="return 2 * a"),
    use(scripts.VERIFY),
    say("add() adds."),
)
WRITTEN = {
    "calc.py": CALC["calc.py"].replace(OLD, RIGHT).replace("return a * 2", "return 2 * a"),
    "notes.txt": "three\n",
    "test_calc.py": CALC["test_calc.py"] + NEW_TEST,
}
"""Every file as the six turns leave it."""
DYING = (sys.executable, str(Path(__file__).with_name("dying.py")))
"""Before its words stands the point at which it kills itself."""
HONK = str(Path(sys.executable).with_name("honk"))
KEY = "made-up"


@dataclass(frozen=True, slots=True)
class Ended:
    """How one command of Honk ended."""

    code: int
    lines: list[Json]
    """What `--json` printed: events, and last the result."""
    errors: str

    @property
    def result(self) -> Json:
        assert self.lines, self.errors
        return self.lines[-1]

    def of(self, kind: str) -> list[Json]:
        return [line["body"] for line in self.lines if line.get("kind") == kind]


@dataclass
class Honk:
    """Somebody who starts Honk in a repository, and the scripted model that it asks."""

    home: Path
    repo: Path
    model: ScriptedModel
    settings: Mapping[str, str] = field(default_factory=dict)
    process: asyncio.subprocess.Process | None = None
    doomed: set[tuple[int, str]] = field(default_factory=set)
    """All that lived below Honk when something was killed."""
    struck: asyncio.Event = field(default_factory=asyncio.Event)
    outward: list[str] = field(default_factory=list)
    """What the world could see at those moments."""

    async def __call__(
        self, *words: str, program: Sequence[str] = (HONK,), hears: Callable[[str], None] = lambda line: None
    ) -> Ended:
        """`honk WORDS` to its end, however that comes; `hears` is told each line of its standard output at once."""
        self.process = await asyncio.create_subprocess_exec(
            *program, *words, cwd=self.repo, env=self._environment(),
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, limit=16 << 20,
        )  # fmt: skip
        try:
            async with asyncio.timeout(240):
                out, err = await _all_output(self.process, hears)
        finally:
            if self.process.returncode is None:
                self.process.kill()
        assert self.process.returncode is not None
        lines = [json.loads(line) for line in out.decode().splitlines()] if "--json" in words else []
        return Ended(self.process.returncode, lines, err.decode() + ("" if "--json" in words else out.decode()))

    async def run(self, *words: str, **settings: Any) -> Ended:
        return await self("run", "Make add() add", "--json", *words, **settings)

    async def resume(self, **settings: Any) -> Ended:
        return await self("task", "resume", "--json", **settings)

    def _environment(self) -> dict[str, str]:
        kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
        model = {"HONK_MODEL__BASE_URL": self.model.url, "ANTHROPIC_API_KEY": KEY}
        return {
            **kept,
            "HONK_HOME": str(self.home),
            **model,
            "PYTHONDONTWRITEBYTECODE": "1",
            **REPEATING_VARIABLES,
            **self.settings,
        }

    def kill(self, victim: str, number: signal.Signals = signal.SIGKILL) -> None:
        """Kill one of us, now."""
        assert self.process is not None
        below = descendants(self.process.pid)
        self.doomed |= {(pid, born) for pid in below if (born := birth(pid))}
        self.outward += [*self.branches(), *self.forge_branches(), *map(str, self.rows("honk_pull_request"))]
        os.kill(_FINDERS[victim](self.process.pid, below), number)
        self.struck.set()

    async def nobody_is_left(self) -> None:
        """What was below the killed ends by itself, at once, and so does all that belongs to the state folder."""
        sessions = {session_of(run) for run in self.runs}
        async with asyncio.timeout(10):
            while left := {pid for pid, born in self.doomed if birth(pid) == born} | {
                pid for mark in (str(self.home), *sessions) for pid in pids_with(mark)
            }:
                assert left
                await asyncio.sleep(0.01)

    def branches(self) -> list[str]:
        """Those of ours in the person's repository."""
        return git(self.repo, "branch", "--list", "honk/*", "--format=%(refname:short)").split()

    def forge_branches(self) -> list[str]:
        """Those of ours on the built-in forge."""
        found = self.home.glob("forge/*.git/refs/heads/honk/*")
        return sorted(f"honk/{path.name}" for path in found)

    def rows(self, table: str) -> list[tuple[Any, ...]]:
        """What Honk wrote down, read past it."""
        address = f"file:{self.home / 'honk.db'}?mode=ro"
        with as_owner(self.home), contextlib.closing(sqlite3.connect(address, uri=True)) as database:
            return database.execute(f"select * from {table}").fetchall()

    @property
    def conversations(self) -> list[Json]:
        """What the model was asked by the agent, without the judge's questions."""
        return [asked for asked in self.model.generations if not is_plain(asked)]

    @property
    def runs(self) -> list[str]:
        folder = self.home / "workspaces"
        return sorted(path.name for path in folder.iterdir()) if folder.exists() else []


async def _all_output(process: asyncio.subprocess.Process, hears: Callable[[str], None]) -> tuple[bytes, bytes]:
    assert process.stdout is not None
    assert process.stderr is not None
    told = b""
    async with asyncio.TaskGroup() as group:
        complaints = group.create_task(process.stderr.read())
        async for line in process.stdout:
            hears(line.decode())
            told += line
        await process.wait()
    return told, complaints.result()


@contextlib.contextmanager
def as_owner(path: Path) -> Iterator[None]:
    """Root looks as the path's owner, so that nothing of root's is left there; anybody else is the owner."""
    own = os.geteuid()
    os.seteuid(path.stat().st_uid)
    try:
        yield
    finally:
        os.seteuid(own)


def session_of(run_id: str, attempt: int = 1) -> str:
    """The agent's session of an attempt."""
    return derived_uuid("session", run_id, str(attempt))


def birth(pid: int) -> str:
    """When the process began, in ticks; with its id it names one process for ever. Empty once it is gone."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return ""
    return "" if fields[0] in "ZX" else fields[19]


def argv_of(pid: int) -> list[str]:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().decode("utf-8", "replace").split("\0")
    except (FileNotFoundError, ProcessLookupError):
        return []


def pids_with(mark: str) -> set[int]:
    """The processes whose command line holds the mark; ourselves left out."""
    pids = {int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit()} - {os.getpid()}
    return {pid for pid in pids if any(mark in word for word in argv_of(pid)) and birth(pid)}


def descendants(pid: int) -> list[int]:
    """Every process below this one, the nearest first."""
    found, at = [pid], 0
    while at < len(found):
        for task in Path(f"/proc/{found[at]}/task").glob("*/children"):
            found += [int(word) for word in task.read_text().split()]
        at += 1
    return found[1:]


def _holder(pid: int, below: Sequence[int]) -> int:
    return next(one for one in below if _is_holder(one) and _namespace_ids(one) == 2)


def _stub(pid: int, below: Sequence[int]) -> int:
    return next(one for one in below if _is_holder(one) and _namespace_ids(one) == 1)


def _is_holder(pid: int) -> bool:
    return any("holder.main()" in word for word in argv_of(pid))


def _namespace_ids(pid: int) -> int:
    status = Path(f"/proc/{pid}/status").read_text().splitlines()
    return len(next(line for line in status if line.startswith("NSpid:")).split()) - 1


_FINDERS: Mapping[str, Callable[[int, Sequence[int]], int]] = {
    "honk": lambda pid, below: pid,
    "child": lambda pid, below: below[0],
    "holder": _holder,
    "stub": _stub,
    "claude": lambda pid, below: next(one for one in below if argv_of(one)[:1] == ["/opt/claude/claude"]),
}
"""Of root's Honk, "honk" is the side that keeps root's rights and "child" the one that gave them up."""


def killing(strike: Callable[[], None], turns: Sequence[int], lines: Sequence[Reply] = SIX_TURNS) -> list[Line]:
    """The script, with a strike when the model is first asked for the answers of these numbers, counted from 1."""

    def at(number: int, reply: Reply) -> Line:
        def answer(ask: Ask) -> Reply:
            if ask.earlier == 0:
                strike()
            return reply

        return answer if number in turns else reply

    return [at(number, reply) for number, reply in enumerate(lines, 1)]


@asynccontextmanager
async def honk_to_kill(
    home: Path, repo: Path, victim: str, turns: Sequence[int], *, settings: Mapping[str, str] | None = None
) -> AsyncIterator[Honk]:
    """A Honk whose victim dies at each of the turns."""
    here: list[Honk] = []
    script = killing(lambda: here[0].kill(victim), turns)
    async with ScriptedModel({"default": script, "judge": scripts.judge()}, key=KEY) as model:
        here.append(Honk(home, repo, model, settings or {}))
        yield here[0]


async def run_to_the_end(honk: Honk, deaths: int = 0) -> Ended:
    """Run, and run again after each of the command's own deaths; nobody may be left behind by any of them."""
    ended = await honk.run()
    for _ in range(deaths):
        assert ended.code in (-signal.SIGKILL, 128 + signal.SIGKILL), ended.errors
        await honk.nobody_is_left()
        ended = await honk.resume()
    await honk.nobody_is_left()
    return ended


def assert_one_conversation(honk: Honk) -> None:
    """The agent went on in its session: the model was asked for the task once, and remembers what it did."""
    [run] = honk.runs
    # A program that dies before it wrote its first line leaves a conversation that nobody can go on with: put aside.
    kept = [path.name for path in (honk.home / "agent" / run).glob("projects/*/*.jsonl*")]
    assert {name.removesuffix(".damaged") for name in kept} == {f"{session_of(run)}.jsonl"}
    assert f"{session_of(run)}.jsonl" in kept
    for asked in honk.conversations:
        assert str(asked["messages"]).count("Make add() add") == 1
        assert session_of(run) in str(asked["metadata"])
    used = [block["name"] for message in honk.conversations[-1]["messages"] for block in _tool_uses(message)]
    rest = iter(used)
    assert all(tool in rest for tool in ("Read", "Edit", "Bash", "Edit", scripts.VERIFY)), used


def _tool_uses(message: Json) -> list[Json]:
    content = message["content"]
    return [] if isinstance(content, str) else [block for block in content if block.get("type") == "tool_use"]


def assert_done_once(honk: Honk, ended: Ended, files: Mapping[str, str]) -> None:
    """One verified commit with every file, on one branch, in one pull request; and each told once."""
    result = ended.result
    assert (ended.code, result["outcome"], result["verification"]) == (0, "opened", "passed"), (result, ended.errors)
    assert result["attempts"] == 1
    assert honk.branches() == honk.forge_branches() == [result["branch"]]
    assert git(honk.repo, "rev-list", "--count", f"main..{result['branch']}") == "1"
    for name, text in files.items():
        assert git(honk.repo, "show", f"{result['branch']}:{name}") == text.strip()
    changed = git(honk.repo, "diff", "--name-only", "main", result["branch"]).split()
    assert changed == sorted(files), changed
    assert len(honk.rows("honk_pull_request")) == 1
    for kind in ("accepted", "pull_request", "outcome"):
        assert len(ended.of(kind)) == 1, kind
    assert not list((honk.home / "rooms").glob("*"))
