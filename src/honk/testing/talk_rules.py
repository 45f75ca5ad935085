"""What every store must do with people's words and with runs that wait. A rule takes a fresh store."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import replace
from datetime import timedelta
from typing import cast

from honk.domain.conversation import Leg, Parked, ParkKind, Question, TakenUp
from honk.domain.task import Outcome, OutcomeName, Status
from honk.store import Message
from honk.store.conversation import Fact
from honk.testing.store_rules import ADA, CHANGE, NOON, Store, StoreRule, a_run, a_task, accept

QUESTION = Question(question_id="q1", text="Which page?", choices=("both", "one"), recommended="both")
PARKED = Parked(
    run_id="run1", task_id="t1", kind=ParkKind.QUESTION, attempt=1, question=QUESTION, words="Which page?", since=NOON,
    until=NOON + timedelta(hours=2),
)  # fmt: skip
ASKED = Fact("asked", {"text": "Which page?"}, "run1:asked")
WORDS = Message(message_id="m1", task_id="t1", person=ADA, text="rename it", at=NOON)


def nothing(_connection: object) -> None:
    """Enlists nothing."""


async def kinds(store: Store) -> list[str]:
    return [event.kind for event in await store.events.read("t1")]


async def a_message_is_told_of_once(store: Store) -> None:
    await accept(store, a_task(), a_run())
    fact = Fact("message", {"text": "rename it"}, "message:m1")
    assert await store.messages.append(WORDS, fact)
    assert not await store.messages.append(WORDS, fact)
    assert await kinds(store) == ["message"]
    assert await store.messages.get("m1") == WORDS
    assert await store.messages.get("m2") is None


async def used_words_wait_no_more(store: Store) -> None:
    await accept(store, a_task(), a_run())
    later = replace(WORDS, message_id="m2", at=NOON + timedelta(seconds=1))
    await store.messages.append(later)
    await store.messages.append(WORDS)
    assert await store.messages.waiting("t1") == [WORDS, later]
    await store.messages.use(["m1"], NOON)
    await store.messages.use(["m1"], NOON + timedelta(hours=1))
    assert await store.messages.waiting("t1") == [later]
    assert (await store.messages.of("t1"))[0].used_at == NOON


async def who_follows_words_sees_what_waits_and_what_comes(store: Store) -> None:
    await accept(store, a_task(), a_run())
    await store.messages.append(WORDS)
    async with asyncio.timeout(5), aclosing(store.messages.follow("t1")) as following:
        assert await anext(following) == [WORDS]
        await store.messages.use(["m1"], NOON)
        later = replace(WORDS, message_id="m2")
        await store.messages.append(later)
        assert await anext(following) == [later]


async def words_for_an_ended_task_are_left_over_unless_it_was_stopped(store: Store) -> None:
    await accept(store, a_task(), a_run())
    await store.messages.append(WORDS)
    assert await store.messages.left_over() == []
    await store.tasks.set_status("t1", Status.FINISHED, Outcome(name=OutcomeName.OPENED, reason="."))
    assert await store.messages.left_over() == [WORDS]
    await store.tasks.set_status("t1", Status.FINISHED, Outcome(name=OutcomeName.CANCELLED, reason="."))
    assert await store.messages.left_over() == []


async def a_run_is_parked_once_behind_its_newest_leg(store: Store) -> None:
    await accept(store, a_task(), a_run())
    assert not await store.parking.park(replace(PARKED, leg=2), ASKED)
    assert await store.parking.park(PARKED, ASKED)
    assert not await store.parking.park(PARKED, ASKED)
    assert await store.parking.of("t1") == PARKED
    assert (await store.tasks.task("t1")).status is Status.WAITING
    assert await kinds(store) == ["asked"]


async def of_two_who_let_a_run_go_one_does(store: Store) -> None:
    await accept(store, a_task(), a_run())
    await store.parking.park(PARKED, ASKED)
    run = replace(a_run(), leg=Leg(number=2, words="both"))
    enlisted: list[object] = []
    late = replace(WORDS, message_id="m2")
    async with asyncio.TaskGroup() as group:
        first = group.create_task(
            store.parking.go_on(PARKED, run, (Fact("answered_by", {}, "a"),), enlisted.append, WORDS)
        )
        second = group.create_task(
            store.parking.go_on(PARKED, run, (Fact("answered_by", {}, "b"),), enlisted.append, late)
        )
    assert (first.result(), second.result()) == (True, False)
    assert len(enlisted) == 1
    assert await store.parking.of("t1") is None
    assert [one.message_id for one in await store.messages.of("t1")] == ["m1"]
    assert (await store.runs.run("run1")).leg == run.leg
    assert (await store.tasks.task("t1")).status is Status.QUEUED
    assert await kinds(store) == ["asked", "answered_by"]
    assert not await store.parking.park(PARKED, ASKED), "the leg that asked is over"


async def words_by_the_id_of_others_let_nothing_go_on(store: Store) -> None:
    await accept(store, a_task(), a_run())
    await store.parking.park(PARKED, ASKED)
    await store.messages.append(replace(WORDS, text="be careful", question_id=None, used_at=None))
    run, enlisted = replace(a_run(), leg=Leg(number=2, words="no")), list[object]()
    assert not await store.parking.go_on(PARKED, run, (), enlisted.append, WORDS)
    assert (enlisted, await store.parking.of("t1")) == ([], PARKED)
    assert [one.text for one in await store.messages.of("t1")] == ["be careful"]


async def a_parked_run_ends_only_while_it_waits(store: Store) -> None:
    await accept(store, a_task(), a_run())
    await store.parking.park(PARKED, ASKED)
    assert await store.parking.due(NOON) == []
    assert await store.parking.due(NOON + timedelta(hours=2)) == [PARKED]
    outcome, fact = Outcome(name=OutcomeName.NEEDS_HUMAN, reason="Which page?"), Fact("outcome", {}, "run1:outcome")
    assert await store.parking.end(PARKED, a_run(), outcome, fact)
    assert not await store.parking.end(PARKED, a_run(), outcome, fact)
    assert not await store.parking.go_on(PARKED, a_run(), (), nothing)
    assert (await store.tasks.task("t1")).outcome == outcome
    assert await kinds(store) == ["asked", "outcome"]


async def a_task_that_has_ended_waits_for_nothing(store: Store) -> None:
    await accept(store, a_task(), a_run())
    await store.parking.park(PARKED, ASKED)
    await store.tasks.set_status("t1", Status.FINISHED, Outcome(name=OutcomeName.FAILED, reason="."))
    assert await store.parking.of("t1") is None
    assert not await store.parking.park(PARKED, ASKED)


async def a_linked_task_is_found_by_what_it_follows(store: Store) -> None:
    await accept(store, a_task(), a_run())
    task = replace(a_task(), task_id="t2", follows="t1")
    run = replace(a_run(), run_id="t2-1", task_id="t2", takes_up=TakenUp(change=CHANGE, pull_request=3))
    await accept(store, task, run, "d2")
    assert [one.task_id for one in await store.tasks.followers("t1")] == ["t2"]
    assert await store.runs.run("t2-1") == run


async def who_watches_for_a_kind_hears_of_it_alone(store: Store) -> None:
    await accept(store, a_task(), a_run())
    await accept(store, a_task("t2"), a_run("run2", "t2"), "d2")
    watching = cast(AsyncGenerator[frozenset[str], None], store.events.watch(frozenset({"asked", "answered_by"})))
    async with aclosing(watching) as grown:
        assert await anext(grown) == frozenset()
        await store.messages.append(replace(WORDS, task_id="t2"), Fact("message", {}, "message:m1"))
        await store.parking.park(PARKED, ASKED)
        assert await anext(grown) == {"t1"}
        fact = Fact("answered_by", {}, "answered:q1")
        await store.parking.go_on(PARKED, replace(a_run(), leg=Leg(number=2)), (fact,), nothing)
        assert await anext(grown) == {"t1"}


TALK_RULES: tuple[StoreRule, ...] = (
    a_message_is_told_of_once,
    used_words_wait_no_more,
    who_follows_words_sees_what_waits_and_what_comes,
    words_for_an_ended_task_are_left_over_unless_it_was_stopped,
    a_run_is_parked_once_behind_its_newest_leg,
    of_two_who_let_a_run_go_one_does,
    words_by_the_id_of_others_let_nothing_go_on,
    a_parked_run_ends_only_while_it_waits,
    a_task_that_has_ended_waits_for_nothing,
    a_linked_task_is_found_by_what_it_follows,
    who_watches_for_a_kind_hears_of_it_alone,
)
