"""What the board and the scorecard may expect of a store."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import aclosing
from dataclasses import replace
from datetime import timedelta
from typing import Any, Protocol, cast

from honk.domain.board import Filters, Lane, Watcher
from honk.domain.deployment import DeploymentState
from honk.domain.limits import Spent
from honk.domain.task import Outcome, OutcomeName, Repository, Status, Task, Trouble
from honk.store import Approval, Board
from honk.testing.production_rules import a_deployment
from honk.testing.store_rules import ADA, NOON, Store, a_pull_request, a_run, a_task, accept


class BoardStore(Store, Protocol):
    """A store with the board's questions."""

    @property
    def board(self) -> Board: ...


BoardRule = Callable[[BoardStore], Awaitable[None]]
EVERYTHING = Watcher(person_id="ada")
OTHER = Repository(repository_id="r2", name="search", location="/repositories/search")


async def _asked(store: BoardStore, task_id: str, minute: int = 0, **fields: Any) -> Task:
    task = replace(a_task(task_id, NOON + timedelta(minutes=minute)), **fields)
    assert await accept(store, task, a_run(f"run-{task_id}", task_id, task.created_at), f"d-{task_id}")
    return task


async def _ids(store: BoardStore, lane: Lane, watcher: Watcher = EVERYTHING, **filters: str) -> list[str]:
    found = await store.board.page(watcher, Filters(**filters), lane)
    assert all(one.lane is lane for one in found)
    return [one.task.task_id for one in found]


async def each_task_is_in_one_lane(store: BoardStore) -> None:
    await _asked(store, "queued", 1, person_id="bob")
    await _asked(store, "running", 2, person_id="ada")
    for number, person_id in enumerate(("ada", "bob", None)):
        await _asked(store, f"waiting-{person_id}", 3 + number, person_id=person_id)
        await store.tasks.set_status(f"waiting-{person_id}", Status.WAITING)
    await store.tasks.set_status("running", Status.RUNNING)
    await _asked(store, "opened", 8, person_id="ada")
    await store.tasks.set_status("opened", Status.FINISHED, Outcome(name=OutcomeName.OPENED, reason=""))
    await store.pull_requests.insert("k", replace(a_pull_request(), task_id="opened"))
    await _asked(store, "ended", 9)
    await store.tasks.set_status("ended", Status.FINISHED, Outcome(name=OutcomeName.NO_CHANGE, reason=""))
    assert await _ids(store, Lane.RUNS) == ["running", "queued"]
    assert await _ids(store, Lane.MINE) == ["opened", "waiting-ada"]
    assert await _ids(store, Lane.OTHERS) == ["waiting-None", "waiting-bob"]
    owner = replace(EVERYTHING, has_unsigned=True)
    assert await _ids(store, Lane.MINE, owner) == ["opened", "waiting-None", "waiting-ada"]
    assert await _ids(store, Lane.OTHERS, owner) == ["waiting-bob"]
    assert await _ids(store, Lane.ENDED) == ["ended"]
    assert await store.board.counts(EVERYTHING, Filters()) == {
        Lane.RUNS: 2, Lane.MINE: 2, Lane.OTHERS: 2, Lane.ENDED: 1,
    }  # fmt: skip


async def nobody_sees_what_they_may_not(store: BoardStore) -> None:
    await _asked(store, "t1", person_id="ada")
    await _asked(store, "t2", 1, repository=OTHER, person_id="ada")
    guest = replace(EVERYTHING, sees=frozenset({"r2"}))
    assert await _ids(store, Lane.RUNS, guest) == ["t2"]
    assert (await store.board.counts(guest, Filters()))[Lane.RUNS] == 1
    (found,) = await store.board.listed(guest, {"t1", "t2", "t3"})
    assert (found.task.repository, found.lane, found.pull_request) == (OTHER, Lane.RUNS, None)
    nobody = replace(EVERYTHING, sees=frozenset())
    assert await _ids(store, Lane.RUNS, nobody) == []
    assert await store.board.asked(nobody, 10) == []
    assert await store.board.people(nobody) == {}
    assert await store.board.scores(nobody, None) == []


async def filters_are_all_heeded(store: BoardStore) -> None:
    await _asked(store, "t1", prompt="Fix the CRASH on 100% empty titles", person_id="ada")
    await _asked(store, "t2", 1, prompt="fix titles_of", person_id="bob")
    await _asked(store, "t3", 2, prompt="crash", repository=OTHER)
    assert await _ids(store, Lane.RUNS, words="crash fix") == ["t1"]
    assert await _ids(store, Lane.RUNS, words="100%") == ["t1"]
    assert await _ids(store, Lane.RUNS, words="titles_") == ["t2"]
    assert await _ids(store, Lane.RUNS, words="t3") == ["t3"]
    assert await _ids(store, Lane.RUNS, repository_id="r2") == ["t3"]
    assert await _ids(store, Lane.RUNS, person_id="bob") == ["t2"]
    await store.tasks.set_status("t2", Status.FINISHED, Outcome(name=OutcomeName.FAILED, reason=""))
    assert await _ids(store, Lane.ENDED, outcome="failed") == ["t2"]
    assert await _ids(store, Lane.ENDED, outcome="vetoed") == []
    assert await store.board.people(EVERYTHING) == {"ada": "Ada", "bob": "Ada"}
    assert await store.board.asked(EVERYTHING, 2) == [("r2", "crash"), ("r1", "fix titles_of")]


async def pages_follow_each_other_without_gap_or_double(store: BoardStore) -> None:
    for number in range(7):
        await _asked(store, f"t{number}", number // 3)  # some of the same moment
    seen: list[str] = []
    while page := await store.board.page(EVERYTHING, Filters(), Lane.RUNS, before=seen[-1] if seen else None, limit=2):
        seen += [one.task.task_id for one in page]
    assert seen == ["t6", "t5", "t4", "t3", "t2", "t1", "t0"]


async def a_score_has_what_it_cost_and_when_it_was_merged(store: BoardStore) -> None:
    await _asked(store, "t1", person_id="ada")
    ended, merged = NOON + timedelta(minutes=5), NOON + timedelta(minutes=50)
    run = replace(a_run("run-t1", "t1"), spent=Spent(cost_usd=1.5), finished_at=ended)
    await store.runs.save_run(run)
    await store.runs.save_run(replace(run, run_id="again", started_at=NOON + timedelta(minutes=2)))
    pull_request = await store.pull_requests.insert("k", a_pull_request())
    (before,) = await store.board.scores(EVERYTHING, None)
    assert (before.outcome, before.cost_usd, before.ended_at, before.merged_at) == (None, 3.0, ended, None)
    await store.approvals.record(
        Approval(approval_id="a", number=1, person=ADA, head_sha="a" * 40, sentence="", at=merged)
    )
    await store.pull_requests.update(replace(pull_request, state="merged"), expect_state="open")
    await store.tasks.set_status("t1", Status.FINISHED, Outcome(name=OutcomeName.MERGED, reason=""))
    await _asked(store, "replay", 1, replay_of="t1")
    await _asked(store, "later", 9)
    after, later = await store.board.scores(EVERYTHING, None)
    assert (after.task_id, after.outcome, after.merged_at) == ("t1", OutcomeName.MERGED, merged)
    assert await store.board.scores(EVERYTHING, NOON + timedelta(minutes=8)) == [later]
    assert [one.number for one in await store.board.pull_requests("t1")] == [1]


async def a_watcher_hears_which_tasks_grew_by_what_it_waits_for(store: BoardStore) -> None:
    await store.events.append("before", "stage", {})
    async with (
        asyncio.timeout(5),
        aclosing(cast(Any, store.events.watch(frozenset({"outcome", "stage"})))) as grown,
    ):
        assert await anext(grown) == frozenset(), "at once"
        await store.events.append("t1", "stage", {})
        await store.events.append("t3", "said", {})
        await store.events.append("t2", "outcome", {})
        heard = await anext(grown)
        while heard != {"t1", "t2"}:
            heard |= await anext(grown)


async def what_failed_in_production_waits_for_who_may_approve_there(store: BoardStore) -> None:
    await _asked(store, "t1", person_id="ada")
    await store.tasks.set_status("t1", Status.FINISHED, Outcome(name=OutcomeName.MERGED, reason=""))
    bob = replace(EVERYTHING, person_id="bob", approves=frozenset({"r1"}))
    everywhere = replace(bob, approves=None)

    async def seen() -> tuple[Trouble | None, list[Lane]]:
        lanes = []
        for watcher in (EVERYTHING, bob, everywhere):
            (listed,) = await store.board.listed(watcher, {"t1"})
            assert await _ids(store, listed.lane, watcher) == ["t1"]
            assert (await store.board.counts(watcher, Filters()))[listed.lane] == 1
            lanes.append(listed.lane)
        return (await store.tasks.task("t1")).trouble, lanes

    async def deployed(number: int, state: DeploymentState, task_id: str = "t1") -> None:
        one = replace(a_deployment(number), task_id=task_id, state=state)
        await store.deployments.add(one, (), lambda _connection: None)

    quiet = (None, [Lane.ENDED] * 3)
    await deployed(1, DeploymentState.DEPLOYED)
    assert await seen() == quiet
    await deployed(2, DeploymentState.FAILED)
    loud = [Lane.OTHERS, Lane.MINE, Lane.MINE]
    assert await seen() == (Trouble.FAILED, loud)
    await deployed(3, DeploymentState.INTERRUPTED)
    assert await seen() == (Trouble.INTERRUPTED, loud)
    await deployed(4, DeploymentState.FAILED, "t2")
    assert await seen() == (Trouble.INTERRUPTED, loud), "one that is no better mends nothing"
    again = replace(await store.deployments.deployment("d3"), deployment_id="again", place=0)
    again = replace(again, state=DeploymentState.WAITING)
    await store.deployments.add(again, (), lambda _connection: None)
    assert await seen() == quiet, "it is on its way again"
    last = await store.deployments.deployment("again")
    await store.deployments.turn(last, replace(last, state=DeploymentState.ROLLED_BACK))
    assert await seen() == quiet
    await deployed(5, DeploymentState.FAILED)
    await deployed(7, DeploymentState.SUPERSEDED)
    assert await seen() == (Trouble.FAILED, loud), "what was never run mends nothing"
    await deployed(6, DeploymentState.DEPLOYED, "t2")
    assert await seen() == quiet, "a newer one is well"


BOARD_RULES: tuple[BoardRule, ...] = (
    each_task_is_in_one_lane,
    nobody_sees_what_they_may_not,
    filters_are_all_heeded,
    pages_follow_each_other_without_gap_or_double,
    a_score_has_what_it_cost_and_when_it_was_merged,
    a_watcher_hears_which_tasks_grew_by_what_it_waits_for,
    what_failed_in_production_waits_for_who_may_approve_there,
)
