"""What every store must do with deployments and undos. A rule takes a fresh store."""

from dataclasses import replace
from datetime import timedelta
from itertools import count

from honk.domain.deployment import Deployment, DeploymentState, Undo, UndoState
from honk.domain.task import Brief
from honk.store import Delivery, Enlist, NotFound
from honk.store.conversation import Fact
from honk.testing.refusal import refusal
from honk.testing.store_rules import ADA, NOON, Store, StoreRule, a_run, a_task

S, U = DeploymentState, UndoState
_ARRIVALS = count()


def a_deployment(number: int, repository_id: str = "r1") -> Deployment:
    """As it is made, with no place yet."""
    return Deployment(
        deployment_id=f"d{number}", repository_id=repository_id, task_id="t1", number=number,
        merged_sha=f"{number:040x}", place=0, who=ADA, created_at=NOON + timedelta(minutes=number),
    )  # fmt: skip


def an_undo(number: int) -> Undo:
    """As it is asked for."""
    return Undo(
        undo_id=f"u{number}", repository_id="r1", task_id="t1", number=number, merged_sha=f"{number:040x}", who=ADA,
        created_at=NOON,
    )  # fmt: skip


def fact(words: str) -> Fact:
    return Fact("deployment", {"text": words}, f"deployment:{words}")


class Enlisted:
    """What was enqueued."""

    def __init__(self) -> None:
        self.ids: list[str] = []

    def one(self, workflow_id: str) -> Enlist:
        return lambda _connection: self.ids.append(workflow_id)

    def wake(self, one: Deployment | Undo) -> Enlist:
        return self.one(one.workflow_id)


async def merge(store: Store, deployment: Deployment, enlist: Enlist, *facts: Fact) -> None:
    """A transaction of somebody else's, which it joins."""
    name = f"{deployment.deployment_id}-{next(_ARRIVALS)}"
    task = a_task(f"of-{name}")
    delivery = Delivery(delivery_id=name, door="cli", received_at=NOON, body="")
    join = store.deployments.joining(deployment, facts, enlist)
    run = a_run(f"run-{name}", task.task_id)
    assert await store.tasks.accept(delivery, task, Brief(version=1, goal="merge"), run, join)


async def placed(store: Store, *numbers: int) -> list[Deployment]:
    enlisted = Enlisted()
    for number in numbers:
        await merge(store, a_deployment(number), enlisted.one(f"d{number}:1"))
    return [await store.deployments.deployment(f"d{number}") for number in numbers]


async def a_deployment_joins_the_merge_once(store: Store) -> None:
    enlisted = Enlisted()
    await merge(store, a_deployment(7), enlisted.one("d7:1"), fact("waits"))
    await merge(store, a_deployment(7), enlisted.one("d7:1"), fact("again"))
    assert enlisted.ids == ["d7:1"]
    found = await store.deployments.deployment("d7")
    assert found == replace(a_deployment(7), place=1)
    assert await store.deployments.of("r1") == [found]
    assert await store.deployments.of_task("t1") == ([found], [])
    assert await store.deployments.unended() == [found]
    await refusal(NotFound, store.deployments.deployment("d8"))


async def a_deployment_is_added_by_itself(store: Store) -> None:
    enlisted = Enlisted()
    for _ in range(2):
        await store.deployments.add(a_deployment(7), [fact("waits")], enlisted.one("d7:1"))
    assert enlisted.ids == ["d7:1"]
    assert (await store.deployments.deployment("d7")).place == 1
    assert [one.body["text"] for one in await store.events.read("t1")] == ["waits"]


async def places_count_by_repository(store: Store) -> None:
    enlisted = Enlisted()
    for number, place in ((9, "r1"), (8, "r2"), (7, "r1")):
        await merge(store, a_deployment(number, place), enlisted.one(f"d{number}:1"))
    assert [one.number for one in await store.deployments.of("r1")] == [9, 7]
    assert [one.place for one in await store.deployments.of("r1")] == [1, 2]
    assert [one.place for one in await store.deployments.of("r2")] == [1]
    assert [one.number for one in await store.deployments.recent(2)] == [9, 8]


async def one_begins_at_a_time_and_in_order(store: Store) -> None:
    first, second = await placed(store, 1, 2)
    begin = store.deployments.begin
    assert not await begin(second, replace(second, state=S.RUNNING))
    assert await begin(first, replace(first, state=S.RUNNING), [fact("begins")])
    assert await begin(first, replace(first, state=S.RUNNING), [fact("begins twice")]), "the same leg, after a crash"
    assert not await begin(second, replace(second, state=S.RUNNING))
    assert [one.body["text"] for one in await store.events.read("t1") if one.kind == "deployment"] == ["begins"]


async def who_ends_lets_the_next_one_go_on(store: Store) -> None:
    enlisted = Enlisted()
    first, second = await placed(store, 1, 2)
    running = replace(first, state=S.RUNNING)
    assert await store.deployments.begin(first, running)
    done = replace(running, state=S.DEPLOYED, ended_at=NOON)
    assert await store.deployments.turn(running, done, [fact("done")], enlisted.wake)
    assert not await store.deployments.turn(running, done, [fact("done twice")], enlisted.wake)
    assert enlisted.ids == ["d2:2"]
    assert not await store.deployments.begin(second, replace(second, state=S.RUNNING)), "its leg is an old one"
    onward = await store.deployments.deployment("d2")
    assert await store.deployments.begin(onward, replace(onward, state=S.RUNNING))
    assert [one.body["text"] for one in await store.events.read("t1") if one.kind == "deployment"] == ["done"]


async def an_undo_is_asked_for_once(store: Store) -> None:
    enlisted = Enlisted()
    assert await store.deployments.ask(an_undo(1), [fact("undo")], enlisted.one("u1:1"))
    assert not await store.deployments.ask(an_undo(1), [fact("undo again")], enlisted.one("u1:1"))
    assert enlisted.ids == ["u1:1"]
    assert await store.deployments.undos("r1") == [an_undo(1)]
    assert await store.deployments.undo("u1") == an_undo(1)
    await refusal(NotFound, store.deployments.undo("u2"))


async def an_undo_waits_for_what_is_at_work_and_then_goes_first(store: Store) -> None:
    enlisted = Enlisted()
    first, _ = await placed(store, 1, 2)
    running = replace(first, state=S.RUNNING)
    assert await store.deployments.begin(first, running)
    assert await store.deployments.ask(an_undo(1), [], enlisted.one("u1:1"))
    assert not await store.deployments.begin(an_undo(1), replace(an_undo(1), state=U.ROLLING_BACK))
    await store.deployments.turn(running, replace(running, state=S.FAILED), (), enlisted.wake)
    assert enlisted.ids == ["u1:1", "u1:2"]
    onward = await store.deployments.undo("u1")
    assert await store.deployments.begin(onward, replace(onward, state=U.ROLLING_BACK))
    assert (await store.deployments.of_task("t1"))[1][0].state is U.ROLLING_BACK


PRODUCTION_RULES: tuple[StoreRule, ...] = (
    a_deployment_joins_the_merge_once,
    a_deployment_is_added_by_itself,
    places_count_by_repository,
    one_begins_at_a_time_and_in_order,
    who_ends_lets_the_next_one_go_on,
    an_undo_is_asked_for_once,
    an_undo_waits_for_what_is_at_work_and_then_goes_first,
)
