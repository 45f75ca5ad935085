"""A bug planted in real code of more than 5,000 files is repaired by `honk run`, judged by that code's own tests."""

import asyncio
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from desk import git
from third_party import Package, fetch

from honk.testing import scripts
from honk.testing.replies import say, use
from honk.testing.scripted_model import ScriptedModel

pytestmark = [pytest.mark.anyio, pytest.mark.acceptance, pytest.mark.large, pytest.mark.slow, pytest.mark.claude]

RDFLIB = Package(
    "rdflib==7.0.0",
    "rdflib/plugins/sparql/operators.py",
    "start = numeric(expr.start) - 1",
    "start = numeric(expr.start)",
)
HALF_MENDED = "start = max(numeric(expr.start) - 1, 1)"
"""Right for SUBSTR(x, 2), wrong for SUBSTR(x, 1): some of the tests stay red."""
PROMPT = "SPARQL's SUBSTR begins one character too late: SUBSTR('foobar', 4) must be 'bar'. Mend it."
SEES_THE_BUG = "substring"
"""In the ids of the W3C's own tests of SUBSTR, which rdflib runs."""
AT_LEAST = 5000
KEY = "made-up"
INDEX = (
    "PIP_INDEX_URL",
    "UV_DEFAULT_INDEX",
    "UV_INDEX_URL",
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
    "HTTPS_PROXY",
    "NO_PROXY",
)


@dataclass(frozen=True, slots=True)
class Ended:
    """How `honk run --json` ended."""

    code: int
    lines: list[Any]
    errors: str
    seconds: float

    @property
    def result(self) -> Any:
        assert self.lines, self.errors
        return self.lines[-1]

    def of(self, kind: str) -> list[Any]:
        return [line["body"] for line in self.lines if line.get("kind") == kind]


def cache() -> Path:
    """Where source distributions are kept between runs: ours alone, outside of the checkout."""
    place = Path(tempfile.gettempdir()) / f"honk-acceptance-{os.geteuid()}"
    place = Path(os.environ.get("HONK_ACCEPTANCE_CACHE") or place)
    place.mkdir(mode=0o700, parents=True, exist_ok=True)
    assert place.stat().st_uid == os.geteuid(), f"{place} is another user's; set HONK_ACCEPTANCE_CACHE"
    return place


@pytest.fixture
async def checkout(tmp_path: Path) -> Path:
    """Somebody's checkout of rdflib with the bug committed, and with uncommitted work in it."""
    shelf = cache()
    await asyncio.to_thread(fetch, (RDFLIB,), shelf)
    repo = tmp_path / "rdflib"
    shutil.copytree(shelf / RDFLIB.name, repo, symlinks=True)
    text = (repo / RDFLIB.file).read_text()
    assert text.count(RDFLIB.old) == 1
    (repo / RDFLIB.file).write_text(text.replace(RDFLIB.old, RDFLIB.bug))
    git(repo, "commit", "-qam", "Begin where the argument says")
    (repo / "README.md").write_text("mine\n")
    (repo / "draft.txt").write_text("mine\n")
    return repo


async def honk_run(home: Path, repo: Path, model: ScriptedModel) -> Ended:
    """The real program, in a clean environment; off a terminal."""
    env = {"PATH": os.environ["PATH"], "HOME": str(home.parent), "LANG": "C.UTF-8"}
    env |= {name: os.environ[name] for name in INDEX if name in os.environ}
    env |= {"HONK_HOME": str(home), "HONK_MODEL__BASE_URL": model.url, "ANTHROPIC_API_KEY": KEY}
    began = time.monotonic()
    process = await asyncio.create_subprocess_exec(
        str(Path(sys.executable).with_name("honk")), "run", "--json", PROMPT,
        cwd=repo, env=env, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip
    try:
        out, errors = await process.communicate()
    finally:
        if process.returncode is None:
            process.terminate()
            await process.wait()
    lines = [json.loads(line) for line in out.splitlines()]
    return Ended(process.returncode or 0, lines, errors.decode(), time.monotonic() - began)


def footprint(repo: Path) -> tuple[object, ...]:
    """What a person would notice: branch, commit, index and every file with its time."""
    names = git(repo, "ls-files", "-z", "--cached", "--others").split("\0")
    files = tuple((name, (repo / name).lstat().st_mtime_ns) for name in names if name)
    index = (repo / ".git" / "index").read_bytes()
    return git(repo, "branch", "--show-current"), git(repo, "rev-parse", "HEAD"), index, files


async def test_a_bug_in_8811_files_is_repaired_and_judged_by_the_tests_of_that_code(
    checkout: Path, tmp_path: Path
) -> None:
    assert len(git(checkout, "ls-files").splitlines()) >= AT_LEAST
    before = footprint(checkout)
    path = f"/workspace/{RDFLIB.file}"
    script = [
        *scripts.edit(path, RDFLIB.bug, HALF_MENDED),
        use(scripts.VERIFY),
        use("Edit", file_path=path, old_string=HALF_MENDED, new_string=RDFLIB.old),
        say("SUBSTR begins where it is told."),
    ]
    async with ScriptedModel({"default": script, "judge": scripts.judge()}, key=KEY) as model:
        ended = await honk_run(tmp_path / "home", checkout, model)
    tell(ended, len(before[3]))  # type: ignore[arg-type]
    result = ended.result
    assert (ended.code, result["outcome"], result["verification"]) == (0, "opened", "passed"), result["reason"]
    heard = str(model.generations)  # the agent's and the judge's
    assert f"manifest#{SEES_THE_BUG}" in heard, "verify showed the agent the test that sees the bug, among all red ones"
    [tests] = [report["tests"] for report in result["reports"] if report["verifier"] == "pytest"]
    assert tests["passed"] > 7000
    assert not tests["failed"]
    assert any(SEES_THE_BUG in test_id for test_id in tests["mended"]), "red on the base, green on the change"
    assert "on the base and pass" in result["pull_request"]["body"]
    assert git(checkout, "diff", f"HEAD~1..{result['branch']}", "--stat", "--", RDFLIB.file) == "", "as released again"
    assert git(checkout, "diff", "--name-only", f"HEAD..{result['branch']}") == RDFLIB.file
    assert footprint(checkout) == before


def tell(ended: Ended, files: int) -> None:
    """The figures, for whoever runs this."""
    print(f"\n{RDFLIB.requirement}: {files} files, {ended.seconds:.0f} s in all", flush=True)
    if ended.errors:
        print(ended.errors)
    for stage, seconds in ended.result.get("seconds", {}).items():
        print(f"  {stage:12} {seconds:7.1f} s")
    for report in ended.result.get("reports", ()):
        tests = report["tests"] or {}
        mended, red = len(tests.get("mended", ())), len(tests.get("failed_on_base", ()))
        print(f"  {report['verifier']:12} {report['seconds']:7.1f} s {report['result']}: {report['summary'][:300]}")
        print(f"  {'':12} {tests.get('passed', 0)} passed, {mended} mended, {red} red on the base too")
