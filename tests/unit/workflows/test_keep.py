"""How a run ends that was stopped in the middle of an outward act."""

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from honk.domain.conversation import TakenUp
from honk.domain.task import OutcomeName
from honk.forge import Proposal
from honk.testing.audit import FakeAudit
from honk.testing.forge import FakeForge
from honk.testing.store import FakeStore
from honk.testing.store_rules import CHANGE, a_run, a_task, accept
from honk.workflows.house import House
from honk.workflows.keep import finish_stopped

pytestmark = pytest.mark.anyio
BEFORE = replace(CHANGE, head_sha="e" * 40, files=())
NOW = replace(CHANGE, parent_sha=BEFORE.head_sha, files=())


async def pack(*_: object) -> None: ...


async def read(*_: object) -> bytes:
    return b""


@pytest.mark.parametrize(
    ("is_pushed", "outcome", "reason"),
    [
        (True, OutcomeName.OPENED, "Pull request 1 had the new commit already when a person stopped the task."),
        (False, OutcomeName.CANCELLED, f"The agent's work is kept as commit {'a' * 12} (0 files)."),
    ],
)
async def test_a_commit_that_went_onto_an_open_pull_request_is_told_as_that(
    tmp_path: Path, is_pushed: bool, outcome: OutcomeName, reason: str
) -> None:
    store, forge, task = FakeStore(), FakeForge(), replace(a_task("t2"), follows="t1")
    proposal = Proposal(
        key="t1-1", task_id="t1", title="Add", body="Old words", branch="honk/t1-add", base_branch="main",
        base_sha=CHANGE.base_sha, head_sha=BEFORE.head_sha, is_draft=False, reviewers=(),
    )  # fmt: skip
    await forge.push(task.repository, tmp_path, proposal.branch, BEFORE.head_sha, expect=None)
    await forge.open_pull_request(task.repository, proposal)
    run = replace(a_run("t2-1", "t2"), takes_up=TakenUp(change=BEFORE, pull_request=1), change=NOW)
    await accept(store, task, run)
    advanced: list[str] = []

    async def advance(_root: Path, branch: str, *_: object) -> Any:
        advanced.append(branch)
        return SimpleNamespace(has_moved=True, advice="")

    house = cast(House, SimpleNamespace(
        tasks=store.tasks, runs=store.runs, events=store.events, messages=store.messages, ledger=store.ledger,
        board=store.board, audit=FakeAudit(), forge=forge, home=tmp_path, pauses={},
        source=SimpleNamespace(advance=advance),
        workspaces=SimpleNamespace(tree=lambda *_: SimpleNamespace(read=read), pack=pack, mirror=lambda *_: tmp_path),
    ))  # fmt: skip
    if is_pushed:  # and stopped before anything else was done
        await forge.push(task.repository, tmp_path, proposal.branch, NOW.head_sha, expect=BEFORE.head_sha)
    await finish_stopped(house, "t2-1")
    ended = (await store.tasks.task("t2")).outcome
    assert ended is not None
    assert (ended.name, reason in ended.reason) == (outcome, True), ended.reason
    assert (await forge.pull_request(1)).head_sha == (NOW if is_pushed else BEFORE).head_sha
    assert advanced == ([proposal.branch] if is_pushed else [])
