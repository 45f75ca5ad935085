"""The month's money on the real database: who spent, what is reserved, and that two at once cannot overshoot."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from honk.base.clock import now
from honk.base.ids import new_id
from honk.domain.expectation import Past
from honk.domain.limits import Limits, Spent
from honk.domain.listing import Listing
from honk.domain.money import ModelCall
from honk.domain.quota import Allowances, month_of
from honk.domain.standing import INSTALLATION
from honk.domain.task import Brief, Outcome, OutcomeName, Person, Status
from honk.store import Delivery, Run
from honk.store.sql import SqlStore, open_store
from honk.testing.store_rules import a_task
from honk.workflows.quota import OverQuota, Purse

pytestmark = pytest.mark.anyio
ADA, BOB = "ada@example.test", "bob@example.test"
ALLOWANCES = Allowances(month_usd=100.0, person_usd=20.0, teams={"web": (25.0, frozenset({ADA, BOB}))})


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[SqlStore]:
    store = await open_store(tmp_path)
    yield store
    await store.close()


def purse_of(store: SqlStore, allowances: Allowances = ALLOWANCES) -> Purse:
    return Purse(quotas=store.quotas, events=store.events, allowances=allowances)


async def asked(store: SqlStore, purse: Purse, email: str = ADA, cap_usd: float = 5.0) -> str:
    """A task that was accepted within the quotas; its id."""
    task = replace(a_task(new_id(6)), asker=Person(name="A", email=email), created_at=now())
    run = Run(
        run_id=f"{task.task_id}-1", task_id=task.task_id, limits=Limits(cost_usd=cap_usd), started_at=task.created_at
    )
    delivery = Delivery(delivery_id=task.task_id, door="api", received_at=task.created_at, body="")
    enlist = purse.within(email, cap_usd, lambda _: None)
    assert await store.tasks.accept(delivery, task, Brief(version=1, goal="x"), run, enlist)
    return task.task_id


async def spend(store: SqlStore, run_id: str, usd: float, purpose: str = "agent", at: datetime | None = None) -> None:
    call = ModelCall(
        call_id=new_id(8), run_id=run_id, purpose=purpose, model="m", reserved_usd=usd, cost_usd=None,
        asked_at=at or now(),
    )  # fmt: skip
    assert await store.ledger.reserve(call, 1000.0)
    await store.ledger.settle(replace(call, cost_usd=usd, status=200))


async def end(store: SqlStore, task_id: str, name: OutcomeName = OutcomeName.MERGED, usd: float = 0.0) -> None:
    run = await store.runs.latest_run(task_id)
    seconds = {"agent": 60.0, "verify": 30.0, "total": 4000.0}
    await store.runs.save_run(replace(run, finished_at=now(), seconds=seconds, spent=Spent(cost_usd=usd)))
    await store.tasks.set_status(task_id, Status.FINISHED, Outcome(name=name, reason=""))


async def test_two_at_once_cannot_pass_a_quota_together(store: SqlStore) -> None:
    purse = purse_of(store)

    async def is_accepted() -> bool:
        try:
            await asked(store, purse)
        except OverQuota:
            return False
        return True

    async with asyncio.TaskGroup() as group:
        asking = [group.create_task(is_accepted()) for _ in range(10)]
    assert sum(one.result() for one in asking) == 4
    assert len(await store.tasks.find(Listing())) == 4


async def test_what_a_task_did_not_use_comes_back_at_its_end(store: SqlStore) -> None:
    purse = purse_of(store)
    (first, *_) = [await asked(store, purse) for _ in range(4)]
    await spend(store, f"{first}-1", 2.0)
    with pytest.raises(OverQuota, match=r"\$2\.00 is spent, \$18\.00 is reserved"):
        await asked(store, purse)
    await end(store, first)
    await asked(store, purse, cap_usd=3.0)


async def test_intake_and_judge_count_as_well_and_another_month_does_not(store: SqlStore) -> None:
    purse = purse_of(store)
    run_id = f"{await asked(store, purse)}-1"
    await spend(store, run_id, 1.0, "judge")
    await spend(store, run_id, 2.0, "intake")
    await spend(store, run_id, 4.0, at=month_of(now()) - timedelta(seconds=1))
    await spend(store, "of-no-task", 0.5, "probe")
    month = month_of(now())
    assert (await store.quotas.used(frozenset({ADA}), month)).used_usd == 3.0
    assert (await store.quotas.used(None, month)).used_usd == 3.5
    assert await store.quotas.spenders(month) == [ADA]


async def test_a_team_shares_what_it_has(store: SqlStore) -> None:
    purse = purse_of(store)
    for _ in range(4):
        await asked(store, purse, ADA.upper())
    await asked(store, purse, BOB)
    with pytest.raises(OverQuota, match=r"The quota of team web"):
        await asked(store, purse, BOB)
    await asked(store, purse, "eve@example.test")


async def test_each_alert_is_told_once(store: SqlStore) -> None:
    purse = purse_of(store)
    run_id = f"{await asked(store, purse)}-1"
    await spend(store, run_id, 17.0)
    for _ in range(2):
        await purse.tell_alerts()
    told = [(one.body["quota"], one.body["per_cent"]) for one in await store.events.read(INSTALLATION)]
    assert told == [(f"person:{ADA}", 50), (f"person:{ADA}", 80), ("team:web", 50)]


async def test_the_past_of_a_repository_is_its_ended_tasks(store: SqlStore) -> None:
    purse = purse_of(store, Allowances(month_usd=100.0, person_usd=100.0))
    merged, _ = await asked(store, purse), await asked(store, purse)
    await end(store, merged, usd=1.5)
    repository_id = (await store.tasks.task(merged)).repository.repository_id
    assert await store.quotas.past(repository_id, 50) == [Past(outcome=OutcomeName.MERGED, seconds=90.0, usd=1.5)]
    assert await store.quotas.past("another", 50) == []
