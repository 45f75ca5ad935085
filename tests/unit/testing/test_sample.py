"""The demo's repository and the scripted model's lines fit each other."""

import subprocess
import sys
from pathlib import Path

import pytest

from honk.base.git import Git
from honk.sandbox import WORKSPACE
from honk.testing.replies import Reply, ToolUse
from honk.testing.sample import script
from honk.testing.sample.repository import create_sample, take_merge
from honk.testing.scripts import VERIFY

pytestmark = [pytest.mark.anyio, pytest.mark.slow]
HEAD_SHA = "010e17ffe528bdc0b380706ba5193107614e37a7"


def is_green(sample: Path) -> bool:
    return (
        subprocess.run([sys.executable, "-B", "-m", "unittest", "-q"], cwd=sample, capture_output=True).returncode == 0
    )


def apply(sample: Path, used: ToolUse) -> None:
    path = sample / str(used.input["file_path"]).removeprefix(f"{WORKSPACE}/")
    before = path.read_text()
    assert before.count(used.input["old_string"]) == 1
    path.write_text(before.replace(used.input["old_string"], used.input["new_string"]))


async def test_the_history_is_the_same_on_every_machine(tmp_path: Path) -> None:
    await create_sample(tmp_path / "sample")
    git = Git(tmp_path / "sample" / ".git", env={"GIT_WORK_TREE": str(tmp_path / "sample")})
    assert await git.line("rev-parse", "main") == HEAD_SHA
    assert await git.line("rev-list", "--count", "main") == "6"
    assert await git.line("status", "--porcelain") == ""


async def test_a_folder_that_holds_something_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "mine").write_text("mine")
    with pytest.raises(FileExistsError):
        await create_sample(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["mine"]


async def test_the_scripted_model_is_red_first_and_green_in_the_end(tmp_path: Path) -> None:
    sample = tmp_path / "sample"
    await create_sample(sample)
    assert is_green(sample), "the bug is one that the tests do not cover"
    seen = []
    for reply in (*script.WORK, *script.SECOND, *script.THIRD):
        assert isinstance(reply, Reply)
        for used in (block for block in reply.blocks if isinstance(block, ToolUse)):
            if used.tool == "Edit":
                apply(sample, used)
            elif used.tool == "Read":
                assert (sample / str(used.input["file_path"]).removeprefix(f"{WORKSPACE}/")).is_file()
            elif used.tool == VERIFY:
                seen.append(is_green(sample))
    assert seen == [False, True, True, True]


async def test_the_new_tests_fail_on_the_code_as_it_was(tmp_path: Path) -> None:
    sample = tmp_path / "sample"
    await create_sample(sample)
    for reply in script.WORK:
        for used in (block for block in reply.blocks if isinstance(block, ToolUse) and block.tool == "Edit"):
            if "/tests/" in str(used.input["file_path"]):
                apply(sample, used)
    assert not is_green(sample)


async def test_the_demo_s_checkout_takes_a_merge(tmp_path: Path) -> None:
    sample = tmp_path / "sample"
    await create_sample(sample)
    git = Git(sample / ".git", env={"GIT_WORK_TREE": str(sample)})
    tree = await git.line("rev-parse", "main~1^{tree}")
    someone = {f"GIT_{role}_{part}": "x" for role in ("AUTHOR", "COMMITTER") for part in ("NAME", "EMAIL")}
    sha = await git.line("commit-tree", tree, "-p", "main", "-m", "merge", env=someone)
    await take_merge(sample, sha)
    assert await git.line("rev-parse", "main") == sha
    assert await git.line("status", "--porcelain") == ""
