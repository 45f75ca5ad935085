"""What every store must do with what is on its way to be merged."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import timedelta
from typing import Protocol

from honk.domain.board import Filters, Lane, Watcher
from honk.domain.shipment import Approval, Shipment, ShipmentState
from honk.domain.task import Outcome, OutcomeName, Status
from honk.store import Board, NotFound
from honk.store.conversation import Fact
from honk.store.shipping import Along, Shipments
from honk.testing.refusal import refusal
from honk.testing.store_rules import ADA, NOON, Store, a_pull_request, a_run, a_task, accept

MERGED = Outcome(name=OutcomeName.MERGED, reason="Pull request 1 is merged.")


class ShippingStore(Store, Protocol):
    """With this port beside the others."""

    @property
    def board(self) -> Board: ...

    @property
    def shipments(self) -> Shipments: ...


def armed(shipment_id: str = "s1", number: int = 1) -> Shipment:
    """One that waits."""
    return Shipment(
        shipment_id=shipment_id, number=number, task_id="t1", repository_id="r", head_sha="a" * 40,
        state=ShipmentState.ARMED, person=ADA, person_id="ada", since=NOON, until=NOON + timedelta(hours=24),
        approvals=("a1",), asked=("bob",), words="Bob",
    )  # fmt: skip


def yes(approval_id: str = "a1") -> Approval:
    """Ada's."""
    return Approval(approval_id=approval_id, number=1, person=ADA, head_sha="a" * 40, sentence="", at=NOON,
                    person_id="ada", role="approver", door="console")  # fmt: skip


def _never(_connection: object) -> None:
    raise AssertionError("it was enlisted")


async def a_shipment_begins_with_its_approval_and_what_is_told(store: ShippingStore) -> None:
    await accept(store, a_task(), a_run())
    fact, enlisted = Fact("armed", {"number": 1}, "armed:s1"), list[object]()
    assert await store.shipments.turn(None, armed(), Along(approval=yes(), facts=(fact,), enlist=(enlisted.append,)))
    assert await store.shipments.newest(1) == await store.shipments.shipment("s1") == armed()
    assert await store.shipments.live() == [armed()]
    assert await store.approvals.list(1) == [yes()]
    assert [event.kind for event in await store.events.read("t1")][-1] == "armed"
    assert len(enlisted) == 1
    await refusal(NotFound, store.shipments.shipment("s2"))


async def a_pull_request_has_one_live_shipment(store: ShippingStore) -> None:
    await accept(store, a_task(), a_run())
    assert await store.shipments.turn(None, armed(), Along())
    assert not await store.shipments.turn(None, armed("s2"), Along(approval=yes()))
    assert await store.approvals.list(1) == [], "nothing of it is kept"
    assert await store.shipments.turn(None, armed("s3", 2), Along())
    ended = replace(armed(), state=ShipmentState.ENDED, words="closed")
    assert await store.shipments.turn(armed(), ended, Along())
    assert not await store.shipments.turn(None, armed(), Along()), "it is known"
    later = replace(armed("s2"), since=NOON + timedelta(hours=1))
    assert await store.shipments.turn(None, later, Along())
    assert await store.shipments.list(1) == [ended, later]
    assert await store.shipments.newest(1) == later


async def what_lives_is_the_newest_whatever_the_clock_did(store: ShippingStore) -> None:
    await accept(store, a_task(), a_run())
    ended = replace(armed(), state=ShipmentState.ENDED)
    await store.shipments.turn(None, ended, Along())
    back = replace(armed("s2"), since=NOON - timedelta(hours=1))
    assert await store.shipments.turn(None, back, Along())
    assert await store.shipments.newest(1) == back
    merged = replace(back, state=ShipmentState.MERGED)
    assert await store.shipments.turn(back, merged, Along())
    assert await store.shipments.newest(1) == merged


async def of_two_who_turn_one_one_does(store: ShippingStore) -> None:
    await accept(store, a_task(), a_run())
    await store.shipments.turn(None, armed(), Along())
    going = replace(armed(), state=ShipmentState.DELIVERING, approvals=("a1", "a2"))
    ended = replace(armed(), state=ShipmentState.ENDED)
    assert await store.shipments.turn(armed(), going, Along(approval=yes("a2")))
    told = Along(facts=(Fact("disarmed", {}, "disarmed"),), enlist=(_never,))
    assert not await store.shipments.turn(armed(), ended, told)
    assert await store.shipments.shipment("s1") == going
    assert "disarmed" not in [event.kind for event in await store.events.read("t1")]


async def a_merge_ends_its_tasks_in_the_same_turn(store: ShippingStore) -> None:
    await accept(store, a_task(), a_run())
    await store.shipments.turn(None, armed(), Along())
    done = replace(armed(), state=ShipmentState.MERGED, merged_sha="c" * 40)
    assert await store.shipments.turn(armed(), done, Along(outcome=MERGED, task_ids=("t1",)))
    task = await store.tasks.task("t1")
    assert (task.status, task.outcome) == (Status.FINISHED, MERGED)
    assert await store.shipments.live() == []


async def an_armed_merge_waits_on_the_board_of_whom_it_asks(store: ShippingStore) -> None:
    await accept(store, replace(a_task(), person_id="ada"), a_run())
    await store.tasks.set_status("t1", Status.FINISHED, Outcome(name=OutcomeName.OPENED, reason=""))
    await store.pull_requests.insert("k", a_pull_request())
    ada, bob, cy = (Watcher(person_id=name) for name in ("ada", "bob", "bo"))

    async def lanes() -> list[Lane]:
        found = []
        for watcher in (ada, bob, cy):
            (listed,) = await store.board.listed(watcher, {"t1"})
            page = await store.board.page(watcher, Filters(), listed.lane)
            assert [one.task.task_id for one in page] == ["t1"]
            assert (await store.board.counts(watcher, Filters()))[listed.lane] == 1
            found.append(listed.lane)
        return found

    assert await lanes() == [Lane.MINE, Lane.OTHERS, Lane.OTHERS]
    await store.shipments.turn(None, armed(), Along())
    assert await lanes() == [Lane.OTHERS, Lane.MINE, Lane.OTHERS]
    assert [one.waits_for for one in await store.board.listed(bob, {"t1"})] == ["Bob"]
    await store.shipments.turn(armed(), replace(armed(), state=ShipmentState.ENDED), Along())
    assert await lanes() == [Lane.MINE, Lane.OTHERS, Lane.OTHERS]


SHIPPING_RULES: tuple[Callable[[ShippingStore], Awaitable[None]], ...] = (
    a_shipment_begins_with_its_approval_and_what_is_told,
    a_pull_request_has_one_live_shipment,
    what_lives_is_the_newest_whatever_the_clock_did,
    of_two_who_turn_one_one_does,
    a_merge_ends_its_tasks_in_the_same_turn,
    an_armed_merge_waits_on_the_board_of_whom_it_asks,
)
