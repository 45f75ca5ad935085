"""What the Stop hook asks of the checks, which may take minutes."""

from pathlib import Path
from typing import Any

import pytest

from honk.agent import Job, ToolAnswer
from honk.agent.claude_tools import Desk

pytestmark = pytest.mark.anyio
EDIT = {"tool_name": "Edit", "tool_input": {"file_path": "/workspace/a.py"}}


class Checks:
    """Checks that are red, and count how often they run."""

    def __init__(self) -> None:
        self.runs = 0

    async def __call__(self) -> ToolAnswer:
        self.runs += 1
        return ToolAnswer(text="test_a failed", is_error=True)


async def broken(error: Exception) -> None:
    raise error


@pytest.fixture
def checks() -> Checks:
    return Checks()


@pytest.fixture
def desk(checks: Checks) -> Desk:
    fields: dict[str, Any] = dict.fromkeys(("session_id", "prompt", "guidance", "model", "token", "model_url"), "")
    job = Job(
        **fields, is_resumed=False, sandbox=None, turns=9, idle_seconds=9, output_bytes=9, config_dir=Path(),
        verify=checks,
    )  # type: ignore[arg-type]  # fmt: skip
    return Desk(job, on_broken=broken)


async def test_what_verify_said_holds_at_the_end_if_nothing_was_touched_since(desk: Desk, checks: Checks) -> None:
    await desk._verify_tool({})
    assert (await desk._stop({}, None, None))["decision"] == "block"
    assert checks.runs == 1


async def test_after_an_edit_the_checks_run_again_at_the_end(desk: Desk, checks: Checks) -> None:
    await desk._verify_tool({})
    assert await desk._guard(EDIT, None, None) == {}
    assert (await desk._stop({}, None, None))["decision"] == "block"
    assert checks.runs == 2


async def test_whoever_asks_gets_a_run_of_its_own(desk: Desk, checks: Checks) -> None:
    await desk._verify_tool({})
    await desk._verify_tool({})
    assert checks.runs == 2


async def test_the_hook_hears_of_every_tool_that_may_touch_the_tree(desk: Desk) -> None:
    [guard] = desk.hooks()["PreToolUse"]
    assert set((guard.matcher or "").split("|")) >= {"Bash", "Edit", "Write", "NotebookEdit"}
