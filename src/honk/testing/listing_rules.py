"""What every store must do when tasks are looked for. A rule takes a fresh store."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import timedelta

from honk.domain.listing import Listing, Place
from honk.domain.task import Outcome, OutcomeName, Status
from honk.testing.store_rules import NOON, Store, a_run, a_task, accept

ListingRule = Callable[[Store], Awaitable[None]]


async def three(store: Store) -> None:
    """Of one instant the first two, and the third is younger."""
    for number, minutes in ((1, 0), (2, 0), (3, 5)):
        task = a_task(f"t{number}", NOON + timedelta(minutes=minutes))
        task = replace(task, prompt=f"Mend 100% of number {number}", person_id=f"p{number}")
        await accept(store, task, a_run(f"run{number}", task.task_id), f"d{number}")


async def listed(store: Store, listing: Listing) -> list[str]:
    """The ids of what is found."""
    return [one.task_id for one in await store.tasks.find(listing)]


async def a_list_goes_on_where_it_was(store: Store) -> None:
    await three(store)
    assert await listed(store, Listing(limit=2)) == ["t3", "t2"]
    assert await listed(store, Listing(behind=Place(created_at=NOON, task_id="t2"))) == ["t1"]
    assert await listed(store, Listing(behind=Place(created_at=NOON, task_id="t1"))) == []


async def a_list_is_narrowed_by_each_wish(store: Store) -> None:
    await three(store)
    await store.tasks.set_status("t2", Status.FINISHED, Outcome(name=OutcomeName.OPENED, reason="opened"))
    assert await listed(store, Listing(status=Status.QUEUED)) == ["t3", "t1"]
    assert await listed(store, Listing(outcome=OutcomeName.OPENED)) == ["t2"]
    assert await listed(store, Listing(outcome=OutcomeName.FAILED)) == []
    assert await listed(store, Listing(person_id="p1")) == ["t1"]
    assert await listed(store, Listing(words="MEND 100% OF NUMBER 3")) == ["t3"]
    assert await listed(store, Listing(words="number 3 mend")) == ["t3"], "in any order, as on the board"
    assert await listed(store, Listing(words="T2")) == ["t2"], "by its id"
    assert await listed(store, Listing(words="1%2")) == []
    assert await listed(store, Listing(repository_ids=frozenset({"r1"}))) == ["t3", "t2", "t1"]
    assert await listed(store, Listing(repository_ids=frozenset())) == []


async def tasks_are_counted_by_kind(store: Store) -> None:
    await three(store)
    await store.tasks.set_status("t2", Status.FINISHED, Outcome(name=OutcomeName.OPENED, reason="opened"))
    assert await store.tasks.counts() == {
        (Status.QUEUED, None): 2,
        (Status.FINISHED, OutcomeName.OPENED): 1,
    }


async def an_arrival_leads_to_what_it_became(store: Store) -> None:
    assert await store.tasks.delivered("d1") is None
    await three(store)
    found = await store.tasks.delivered("d2")
    assert found is not None
    assert found.task_id == "t2"


LISTING_RULES: tuple[ListingRule, ...] = (
    a_list_goes_on_where_it_was,
    a_list_is_narrowed_by_each_wish,
    tasks_are_counted_by_kind,
    an_arrival_leads_to_what_it_became,
)
