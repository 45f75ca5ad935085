"""Before the act an entry, and behind it what came of it."""

import asyncio

import pytest

from honk.base.errors import HonkError, UsageError
from honk.domain.audit import HONK
from honk.store import StoreBusy
from honk.testing.audit import FakeAudit
from honk.workflows.audited import audited

pytestmark = pytest.mark.anyio


async def test_an_act_stands_in_the_log_before_it_is_done() -> None:
    audit = FakeAudit()
    async with audited(audit, "push", who=HONK, subject="task:x", body={"head_sha": "a"}) as found:
        assert [(one.act, one.came_of, one.body) for one in audit.entries] == [("push", "", {"head_sha": "a"})]
        found["merged_sha"] = "b"
    assert [(one.ends, one.came_of, one.body) for one in audit.entries[1:]] == [(1, "done", {"merged_sha": "b"})]


@pytest.mark.parametrize(
    ("error", "came_of"),
    [
        (UsageError("It is red.\nLook."), "refused: It is red."),
        (HonkError("The forge is down."), "failed: The forge is down."),
        (KeyError("secret"), "failed: KeyError"),
    ],
)
async def test_what_came_of_it_is_told(error: Exception, came_of: str) -> None:
    audit = FakeAudit()
    with pytest.raises(type(error)):
        async with audited(audit, "merge", who=HONK, subject="pull_request:1"):
            raise error
    assert audit.entries[-1].came_of == came_of


async def test_an_act_that_was_cut_off_has_no_end() -> None:
    audit = FakeAudit()
    with pytest.raises(asyncio.CancelledError):
        async with audited(audit, "merge", who=HONK, subject="pull_request:1"):
            raise asyncio.CancelledError
    assert [one.came_of for one in audit.entries] == [""]


async def test_what_cannot_be_written_down_is_not_done() -> None:
    audit = FakeAudit(broken=StoreBusy("locked"))
    with pytest.raises(StoreBusy):
        async with audited(audit, "merge", who=HONK, subject="pull_request:1"):
            raise AssertionError("it was done")
