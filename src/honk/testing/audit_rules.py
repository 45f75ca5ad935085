"""What every audit log must do. A rule takes a fresh store."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Protocol

from honk.domain.audit import DONE, HONK, START, Who
from honk.store.audit import Audit

ADA = Who(person_id="p1", name="Ada", door="console")


class Audited(Protocol):
    """A store with the log."""

    @property
    def audit(self) -> Audit: ...


AuditRule = Callable[[Audited], Awaitable[None]]


async def an_act_is_announced_and_ended(store: Audited) -> None:
    audit = store.audit
    assert (await audit.head()).digest == START
    begun = await audit.write("merge", who=ADA, subject="pull_request:3", body={"head_sha": "a" * 40})
    ended = await audit.end(begun, DONE, {"merged_sha": "b" * 40})
    read = await audit.read()
    assert list(read) == [begun, ended]
    assert (begun.sequence, begun.came_of, begun.previous, begun.who) == (1, "", START, ADA)
    assert (ended.ends, ended.came_of, ended.previous) == (1, DONE, begun.digest)
    assert (ended.act, ended.who, ended.subject) == ("merge", ADA, "pull_request:3")
    checked = await audit.check()
    assert checked.wrong is None
    assert checked.unended == ()
    assert checked.head == await audit.head()


async def an_act_without_an_end_stands_out(store: Audited) -> None:
    await store.audit.write("read", who=ADA, subject="task:x", came_of=DONE)
    begun = await store.audit.write("push", who=HONK, subject="task:x")
    checked = await store.audit.check()
    assert checked.wrong is None
    assert checked.unended == (begun,)


async def entries_are_read_by_pages(store: Audited) -> None:
    for number in range(5):
        await store.audit.write("push", who=HONK, subject=f"task:{number}")
    assert [one.sequence for one in await store.audit.read(after=1, limit=2)] == [2, 3]
    assert [one.sequence for one in await store.audit.read(after=4)] == [5]


async def many_at_once_make_one_chain(store: Audited) -> None:
    async with asyncio.TaskGroup() as group:
        for number in range(20):
            group.create_task(store.audit.write("push", who=HONK, subject=f"task:{number}"))
    checked = await store.audit.check()
    assert checked.wrong is None
    assert checked.head.sequence == 20
    assert {one.subject for one in await store.audit.read()} == {f"task:{number}" for number in range(20)}


async def long_and_odd_words_are_kept_as_a_log_may_hold_them(store: Audited) -> None:
    odd = Who(person_id="p", name="Ünï\udce9 " + "x" * 400, door="api")
    await store.audit.write("push", who=odd, subject="task:x", body={"branches": ["a\nb", "c" * 999], "count": 3})
    [entry] = await store.audit.read()
    assert len(entry.who.name) == 300
    assert entry.body["branches"] == ["a", "c" * 299 + "…"]
    assert (await store.audit.check()).wrong is None


AUDIT_RULES: tuple[AuditRule, ...] = (
    an_act_is_announced_and_ended,
    an_act_without_an_end_stands_out,
    entries_are_read_by_pages,
    many_at_once_make_one_chain,
    long_and_odd_words_are_kept_as_a_log_may_hold_them,
)
