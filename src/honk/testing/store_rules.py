"""What every store must do. A rule takes a fresh store."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import aclosing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol, cast

from honk.domain.change import Change, ChangedFile, Edit, PullRequest
from honk.domain.evidence import Examination, Finding, NewTest, Report, Ruling, Severity, Tests, Verdict, Verification
from honk.domain.limits import Limits, Spent
from honk.domain.listing import Listing
from honk.domain.task import Brief, Outcome, OutcomeName, Person, Repository, Status, Task
from honk.store import (
    Approval,
    Approvals,
    Attempt,
    Blobs,
    Delivery,
    Events,
    Memo,
    Message,
    NotFound,
    PullRequests,
    Run,
    Runs,
    StoreError,
    Tasks,
)
from honk.store.conversation import Messages, Parking
from honk.store.production import Deployments
from honk.store.showing import Previews
from honk.testing.refusal import refusal

NOON = datetime(2026, 3, 4, 12, tzinfo=UTC)
ADA = Person(name="Ada", email="ada@example.test")
CHANGE = Change(
    base_sha="b" * 40,
    head_sha="a" * 40,
    tree_sha="c" * 40,
    files=(ChangedFile(path="caf\udce9.py", edit=Edit.ADDED, added_lines=3), ChangedFile(path="x", edit=Edit.DELETED)),
    diff_blob="diffs/a",
    diff_bytes=120,
)
EXAMINATION = Examination(
    reports=(
        Report(
            verifier="pytest",
            command="pytest -q",
            chosen_by="pyproject.toml",
            is_required=True,
            result=Verification.PASSED,
            summary="2 passed",
            seconds=0.5,
            ran_tests=True,
            tests=Tests(passed=2, new=(NewTest(test_id="t::a", fails_on_base=True, passes_on_change=True),)),
        ),
    ),
    findings=(Finding(rule="ci", severity=Severity.NEEDS_HUMAN, message="CI is changed", path="ci.yml", line=3),),
)
VERDICT = Verdict(ruling=Ruling.VETO, reasons=("too wide",), judge="model", prompt_version="1", seconds=1.25)


class Store(Protocol):
    """Every port of the room."""

    @property
    def tasks(self) -> Tasks: ...
    @property
    def runs(self) -> Runs: ...
    @property
    def events(self) -> Events: ...
    @property
    def pull_requests(self) -> PullRequests: ...
    @property
    def approvals(self) -> Approvals: ...
    @property
    def messages(self) -> Messages: ...
    @property
    def parking(self) -> Parking: ...
    @property
    def deployments(self) -> Deployments: ...
    @property
    def previews(self) -> Previews: ...
    @property
    def memo(self) -> Memo: ...
    @property
    def blobs(self) -> Blobs: ...


def a_task(task_id: str = "t1", created_at: datetime = NOON) -> Task:
    """A request as it arrives."""
    return Task(
        task_id=task_id,
        repository=Repository(repository_id="r1", name="playlist", location="/repositories/playlist"),
        base_branch="main",
        base_sha="b" * 40,
        prompt="Fix the crash on empty titles.",
        asker=ADA,
        agent="claude",
        model="a-model",
        created_at=created_at,
        notes=("uncommitted work was left out",),
    )


def a_run(run_id: str = "run1", task_id: str = "t1", started_at: datetime = NOON) -> Run:
    """A run as it begins."""
    return Run(run_id=run_id, task_id=task_id, limits=Limits(cost_usd=1.5), started_at=started_at)


def a_pull_request(number: int = 0, repository_id: str = "r1") -> PullRequest:
    """One as a forge asks for it: not numbered yet."""
    return PullRequest(
        pull_request_id=f"pr{number}",
        number=number,
        repository_id=repository_id,
        task_id="t1",
        title="Empty titles",
        body="They crash no more.",
        branch="honk/t1",
        base_branch="main",
        base_sha="b" * 40,
        head_sha="a" * 40,
        state="open",
        is_draft=False,
        url="",
    )


async def accept(
    store: Store, task: Task, run: Run, delivery_id: str = "d1", enlist: Callable[[object], None] = lambda _: None
) -> bool:
    """Accept the request as a door would."""
    delivery = Delivery(delivery_id=delivery_id, door="cli", received_at=NOON, body="{}")
    return await store.tasks.accept(delivery, task, Brief(version=1, goal=task.prompt), run, enlist)


async def what_was_accepted_is_read_back(store: Store) -> None:
    task, run = a_task(), a_run()
    assert await accept(store, task, run)
    assert await store.tasks.task("t1") == task
    assert await store.tasks.brief("t1") == Brief(version=1, goal=task.prompt)
    assert await store.runs.run("run1") == await store.runs.latest_run("t1") == run


async def a_replay_is_found_by_what_it_repeats(store: Store) -> None:
    again = replace(a_task("t2"), replay_of="t1", created_at=NOON + timedelta(minutes=1))
    third = replace(a_task("t3"), replay_of="t1", created_at=NOON + timedelta(minutes=2))
    assert await accept(store, a_task(), a_run())
    assert await accept(store, again, a_run("run2", "t2"), "d2")
    assert await accept(store, third, a_run("run3", "t3"), "d3")
    assert await store.tasks.task("t2") == again
    assert list(await store.tasks.replays("t1")) == [third, again]
    assert list(await store.tasks.replays("t2")) == []
    assert (await store.tasks.brief("t2", 1)).version == 1
    await refusal(NotFound, store.tasks.brief("t2", 2))


async def a_redelivery_changes_nothing(store: Store) -> None:
    enlisted: list[str] = []
    assert await accept(store, a_task(), a_run(), enlist=lambda _: enlisted.append("first"))
    assert not await accept(store, a_task("t2"), a_run("run2", "t2"), enlist=lambda _: enlisted.append("second"))
    assert enlisted == ["first"]
    assert [task.task_id for task in await store.tasks.find(Listing())] == ["t1"]


async def a_broken_enlistment_leaves_nothing(store: Store) -> None:
    def enlist(_connection: object) -> None:
        raise ZeroDivisionError

    await refusal(ZeroDivisionError, accept(store, a_task(), a_run(), enlist=enlist))
    await refusal(NotFound, store.tasks.task("t1"))
    assert await accept(store, a_task(), a_run())


async def a_task_is_found_by_a_beginning_that_is_its_own(store: Store) -> None:
    for task_id in ("abc", "abcd", "axe"):
        await accept(store, a_task(task_id), a_run(f"run-{task_id}", task_id), task_id)
    assert (await store.tasks.task("ax")).task_id == "axe"
    assert (await store.tasks.task("abc")).task_id == "abc"
    for beginning in ("a", "ab", "b", "", "%", "a_e"):
        await refusal(NotFound, store.tasks.task(beginning))


async def the_newest_tasks_come_first(store: Store) -> None:
    for day in range(4):
        task = a_task(f"t{day}", NOON + timedelta(days=day))
        await accept(store, task, a_run(f"run{day}", task.task_id), f"d{day}")
    await store.tasks.set_status("t2", Status.RUNNING)
    assert [task.task_id for task in await store.tasks.find(Listing(limit=3))] == ["t3", "t2", "t1"]
    assert [task.task_id for task in await store.tasks.find(Listing(status=Status.RUNNING))] == ["t2"]


async def a_status_and_its_outcome_are_kept(store: Store) -> None:
    await accept(store, a_task(), a_run())
    outcome = Outcome(name=OutcomeName.VETOED, reason="too wide")
    await store.tasks.set_status("t1", Status.FINISHED, outcome)
    assert await store.tasks.task("t1") == replace(a_task(), status=Status.FINISHED, outcome=outcome)
    await refusal(NotFound, store.tasks.set_status("t9", Status.RUNNING))


async def a_run_keeps_its_evidence(store: Store) -> None:
    await accept(store, a_task(), a_run())
    run = replace(
        a_run(),
        finished_at=NOON + timedelta(seconds=61.5),
        spent=Spent(turns=3, cost_usd=0.25),
        attempts=2,
        change=CHANGE,
        examination=EXAMINATION,
        verdict=VERDICT,
        seconds={"agent": 40.5, "total": 61.5},
    )
    await store.runs.save_run(run)
    assert await store.runs.run("run1") == run
    await store.runs.save_run(a_run("run2", started_at=NOON + timedelta(hours=1)))
    assert (await store.runs.latest_run("t1")).run_id == "run2"
    await refusal(NotFound, store.runs.run("run9"))
    await refusal(NotFound, store.runs.latest_run("t9"))


async def refused_attempts_are_kept_in_order(store: Store) -> None:
    await accept(store, a_task(), a_run())
    attempts = [
        Attempt(
            attempt_id=f"run1-{number}",
            run_id="run1",
            number=number,
            session_id="s",
            prompt="again",
            started_at=NOON,
            change=CHANGE,
            examination=EXAMINATION,
            verdict=VERDICT,
            decision="retry",
            feedback="still red",
        )
        for number in (2, 1)
    ]
    for attempt in attempts:
        await store.runs.save_attempt(attempt)
    await store.runs.save_attempt(replace(attempts[0], turns=7))
    assert await store.runs.attempts("run1") == [attempts[1], replace(attempts[0], turns=7)]
    assert await store.runs.all_attempts() == {"t1": [attempts[1], replace(attempts[0], turns=7)]}


async def events_are_numbered_without_gaps_side_by_side(store: Store) -> None:
    async with asyncio.TaskGroup() as group:
        for number in range(30):
            group.create_task(store.events.append(f"t{number % 2}", "stage", {"number": number}))
    for task_id in ("t0", "t1"):
        assert [event.sequence for event in await store.events.read(task_id)] == list(range(1, 16))
    assert [event.sequence for event in await store.events.read("t0", after=13)] == [14, 15]


async def an_event_with_a_key_is_told_once(store: Store) -> None:
    for task_id in ("t1", "t1", "t2"):
        await store.events.append(task_id, "stage", {"of": task_id, "deep": [1, None, {"a": "caf\udce9"}]}, "key")
    await store.events.append("t1", "stage", {})
    first, second = await store.events.read("t1")
    assert (first.kind, first.body) == ("stage", {"of": "t1", "deep": [1, None, {"a": "caf\udce9"}]})
    assert (second.sequence, second.body) == (2, {})
    assert first.at.utcoffset() == timedelta(0)
    assert await store.events.read("t2") == []


async def a_follower_sees_what_is_there_and_what_comes(store: Store) -> None:
    for number in range(3):
        await store.events.append("t1", "stage", {"number": number})
    seen: list[int] = []

    async def follow() -> None:
        # `follow` is a generator in every adapter; the port asks for less.
        async with aclosing(cast(Any, store.events.follow("t1", after=1))) as events:
            async for event in events:
                seen.append(event.sequence)
                if event.sequence == 10:
                    return

    async with asyncio.timeout(5), asyncio.TaskGroup() as group:
        for _ in range(2):
            group.create_task(follow())
        for number in range(3, 10):
            await store.events.append("t1", "stage", {"number": number})
            await store.events.append("t2", "stage", {})
    assert sorted(seen) == sorted(2 * list(range(2, 11)))


async def a_pull_request_of_a_known_key_is_the_first_one(store: Store) -> None:
    first = await store.pull_requests.insert("key1", a_pull_request())
    again = await store.pull_requests.insert("key1", replace(a_pull_request(), title="another"))
    second = await store.pull_requests.insert("key2", a_pull_request())
    assert (first.number, again, second.number) == (1, first, 2)
    assert await store.pull_requests.get(2) == second
    assert await store.pull_requests.get(3) is None


async def pull_requests_are_listed_by_number_and_repository(store: Store) -> None:
    for key, repository_id in (("a", "r1"), ("b", "r2"), ("c", "r1")):
        await store.pull_requests.insert(key, a_pull_request(repository_id=repository_id))
    assert [one.number for one in await store.pull_requests.list()] == [1, 2, 3]
    assert [one.number for one in await store.pull_requests.list("r1")] == [1, 3]
    [_, second, _] = await store.pull_requests.list()
    assert await store.pull_requests.update(replace(second, state="closed"), expect_state="open")
    assert await store.pull_requests.open_numbers() == {1, 3}


async def only_one_of_two_changes_a_state(store: Store) -> None:
    pull_request = await store.pull_requests.insert("key", a_pull_request())
    merged = replace(pull_request, state="merged", merged_sha="f" * 40)
    assert await store.pull_requests.update(merged, expect_state="open")
    assert not await store.pull_requests.update(replace(pull_request, state="closed"), expect_state="open")
    assert await store.pull_requests.get(1) == merged


async def an_approval_is_kept_once_and_for_ever(store: Store) -> None:
    first = Approval(approval_id="a", number=1, person=ADA, head_sha="a" * 40, sentence="I have read it.", at=NOON)
    second = replace(first, approval_id="b", sentence="", at=NOON + timedelta(seconds=1))
    assert await store.approvals.record(second)
    assert await store.approvals.record(first)
    assert not await store.approvals.record(replace(first, sentence="another"))
    assert await store.approvals.list(1) == [first, second]
    assert await store.approvals.list(2) == []


async def words_are_kept_verbatim_and_once(store: Store) -> None:
    await accept(store, a_task(), a_run())
    message = Message(message_id="m1", task_id="t1", person=ADA, text="rename it to “X” 🪿\n", at=NOON)
    assert await store.messages.append(message)
    assert not await store.messages.append(replace(message, text="no"))
    assert await store.messages.of("t1") == [message]


async def the_last_memo_stays(store: Store) -> None:
    assert await store.memo.load("base") is None
    await store.memo.save("base", "one")
    await store.memo.save("base", "two")
    assert await store.memo.load("base") == "two"


async def a_blob_comes_back_as_it_was(store: Store) -> None:
    data = bytes(range(256)) * 1024
    assert await store.blobs.put("logs/run1/1-a.log", data) == "logs/run1/1-a.log"
    assert await store.blobs.get("logs/run1/1-a.log") == data
    await store.blobs.put("logs/run1/1-a.log", b"")
    assert await store.blobs.get("logs/run1/1-a.log") == b""
    await refusal(NotFound, store.blobs.get("logs/run1/2.log"))


async def a_blob_s_key_cannot_leave_the_folder(store: Store) -> None:
    for key in ("../x", "/x", "a/../../x", ""):
        await refusal(StoreError, store.blobs.put(key, b"x"))


StoreRule = Callable[[Store], Awaitable[None]]
STORE_RULES: tuple[StoreRule, ...] = (
    what_was_accepted_is_read_back,
    a_replay_is_found_by_what_it_repeats,
    a_redelivery_changes_nothing,
    a_broken_enlistment_leaves_nothing,
    a_task_is_found_by_a_beginning_that_is_its_own,
    the_newest_tasks_come_first,
    a_status_and_its_outcome_are_kept,
    a_run_keeps_its_evidence,
    refused_attempts_are_kept_in_order,
    events_are_numbered_without_gaps_side_by_side,
    an_event_with_a_key_is_told_once,
    a_follower_sees_what_is_there_and_what_comes,
    a_pull_request_of_a_known_key_is_the_first_one,
    pull_requests_are_listed_by_number_and_repository,
    only_one_of_two_changes_a_state,
    an_approval_is_kept_once_and_for_ever,
    words_are_kept_verbatim_and_once,
    the_last_memo_stays,
    a_blob_comes_back_as_it_was,
    a_blob_s_key_cannot_leave_the_folder,
)
