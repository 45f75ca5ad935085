"""What people say to tasks: kept once, given to whom it is for, and of two who let a run go on one does."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from io import BytesIO
from types import SimpleNamespace
from typing import BinaryIO, cast

import pytest

from honk.base.errors import UsageError
from honk.domain.change import Change
from honk.domain.conversation import Parked, ParkKind, Question, TakenUp
from honk.domain.limits import LimitName, Limits
from honk.domain.task import Brief, Outcome, OutcomeName, Person, Status, Task
from honk.engine import Steps
from honk.store import Delivery, Enlist, Run
from honk.store.conversation import Fact
from honk.testing.engine import FakeEngine
from honk.testing.store import FakeStore
from honk.testing.store_rules import CHANGE, a_pull_request, a_run, a_task, accept
from honk.testing.workspace import FakeSource
from honk.workflows.handing import Handing
from honk.workflows.house import House
from honk.workflows.legs import Spoken
from honk.workflows.sights import TURNING
from honk.workflows.talk import Talk

pytestmark = pytest.mark.anyio
NOW = datetime(2026, 3, 4, 12, tzinfo=UTC)
QUESTION = Question(question_id="q1", text="Round it?", choices=("yes", "no"), recommended="no")
ASKED = Parked(
    run_id="run1", task_id="t1", kind=ParkKind.QUESTION, attempt=2, question=QUESTION,
    words="The agent asks: Round it?",
    feedback="red", uncounted=1, since=NOW, until=NOW + timedelta(hours=1),
)  # fmt: skip
AT_LIMIT = replace(ASKED, kind=ParkKind.LIMIT, question=None, limit=LimitName.TURNS, words="The turns limit.")
LIMITS = Limits(turns=7)


def by(name: str, text: str, message_id: str) -> Spoken:
    person = Person(name=name, email=f"{name}@example.org")
    return Spoken(person=person, person_id=name.lower(), text=text, message_id=message_id)


@dataclass
class Room:
    """A desk with one task, and everything that was enlisted."""

    store: FakeStore = field(default_factory=FakeStore)
    engine: FakeEngine = field(default_factory=FakeEngine)
    carried: list[str] = field(default_factory=list)
    granted: list[tuple[str, float]] = field(default_factory=list)
    has_left: bool = False
    adopts: asyncio.Event = field(default_factory=asyncio.Event)
    has_adopted: asyncio.Event = field(default_factory=asyncio.Event)

    def __post_init__(self) -> None:
        async def carry(_steps: Steps, workflow_id: str) -> None:
            self.carried.append(workflow_id)

        async def pull_requests(_repository: object) -> object:
            return await self.store.pull_requests.list()

        self.engine.register("task", carry)
        store = self.store
        house = SimpleNamespace(
            tasks=store.tasks, runs=store.runs, events=store.events, messages=store.messages, parking=store.parking,
            pull_requests=store.pull_requests, pauses={}, forge=SimpleNamespace(pull_requests=pull_requests),
            source=FakeSource(files={"a": "1\n"}, root=REPOSITORY_ROOT), ledger=store.ledger,
            workspaces=SimpleNamespace(template=self.template, adopt=self.adopt),
        )  # fmt: skip
        lock = asyncio.Lock()
        self.talk = Talk(
            house=cast(House, house),
            engine=self.engine,
            accept=self.accept,
            within=self.within,
            may_steer=self.may_steer,
            one_at_a_time=lock,
        )
        self.handing = Handing(house=cast(House, house), accept=self.accept, one_at_a_time=lock)

    async def template(self, _repository: object, _sha: str) -> str:
        return "a template"

    async def adopt(self, _template: str, _sha: str, _pack: BinaryIO) -> Change | None:
        self.adopts.set()
        await self.has_adopted.wait()
        return None

    async def may_steer(self, person_id: str | None, repository_id: str) -> bool:
        return not self.has_left

    def within(self, email: str, usd: float, enlist: Enlist) -> Enlist:
        self.granted.append((email, usd))
        return enlist

    async def accept(self, task: Task, brief: Brief, run: Run, delivery: Delivery) -> bool:
        return await self.store.tasks.accept(
            delivery, task, brief, run, self.engine.enlist("task", run.workflow_id, run.workflow_id)
        )

    async def park(self, parked: Parked = ASKED) -> None:
        assert await self.store.parking.park(parked, _fact(parked))

    async def end(self, name: OutcomeName = OutcomeName.OPENED, task_id: str = "t1") -> None:
        await self.store.tasks.set_status(task_id, Status.FINISHED, Outcome(name=name, reason="."))

    @property
    async def task(self) -> Task:
        return await self.store.tasks.task("t1")

    async def kinds(self) -> list[str]:
        return [event.kind for event in await self.store.events.read("t1")]


REPOSITORY_ROOT = FakeSource(files={}).root


def _fact(parked: Parked) -> Fact:
    return Fact("asked", {"question_id": "q1", "text": "Round it?"}, f"run1:{parked.leg}:parked")


@pytest.fixture
async def room() -> AsyncIterator[Room]:
    made = Room()
    await made.engine.start()
    task = a_task()
    await accept(made.store, replace(task, repository=replace(task.repository, location=str(REPOSITORY_ROOT))), a_run())
    yield made
    await made.engine.stop()


async def test_of_two_answers_the_first_one_lets_the_run_go_on_where_it_was(room: Room) -> None:
    await room.park()
    first = await room.talk.answer(await room.task, "q1", by("Ada", "no", "m1"))
    second = await room.talk.answer(await room.task, "q1", by("Bob", "yes", "m2"))
    again = await room.talk.answer(await room.task, "q1", by("Ada", "no", "m1"))
    await asyncio.sleep(0)
    assert (first.is_first, second.is_first, again.is_first) == (True, False, True)
    assert second.words == "Ada answered first: no"
    assert room.carried == ["run1:2"]
    leg = (await room.store.runs.run("run1")).leg
    assert (leg.number, leg.attempt, leg.feedback, leg.uncounted) == (2, 2, "red", 1)
    assert leg.words == "Ada answers 'Round it?': no"
    assert [one.message_id for one in await room.talk.conversation(await room.task)] == ["m1"]
    assert await room.kinds() == ["asked", "answered_by"]


async def test_what_was_never_asked_cannot_be_answered(room: Room) -> None:
    await room.park()
    with pytest.raises(UsageError, match="not waiting"):
        await room.talk.answer(await room.task, "q2", by("Ada", "no", "m1"))
    with pytest.raises(UsageError, match="not wait at a limit"):
        await room.talk.extend(await room.task, by("Ada", "", "m1"))


async def test_an_answer_under_the_id_of_other_words_is_refused_before_anything_goes_on(room: Room) -> None:
    await room.talk.say(await room.task, by("Ada", "be careful", "m1"), LIMITS)
    await room.park()
    with pytest.raises(UsageError, match="something else that was said"):
        await room.talk.answer(await room.task, "q1", by("Ada", "no", "m1"))
    assert (await room.talk.answer(await room.task, "q1", by("Ada", "no", "m2"))).is_first


async def test_words_and_an_answer_that_come_at_once_by_one_id_lose_nothing(room: Room) -> None:
    await room.park()
    task, get = await room.task, room.store.messages.get

    async def slowly(message_id: str) -> object:
        found = await get(message_id)
        await asyncio.sleep(0.01)
        return found

    room.store.messages.get = slowly  # type: ignore[method-assign,assignment]
    saying = asyncio.create_task(room.talk.say(task, by("Ada", "be careful", "m1"), LIMITS))
    answering = asyncio.create_task(room.talk.answer(task, "q1", by("Ada", "no", "m1")))
    await asyncio.wait({saying, answering})
    said = [one.text for one in await room.talk.conversation(task)]
    leg = (await room.store.runs.run("run1")).leg
    assert said == ["be careful"]
    assert leg.words.endswith("be careful"), "what goes on is what stands in the conversation"


async def test_a_limit_is_granted_as_much_again(room: Room) -> None:
    await room.park(AT_LIMIT)
    before = (await room.store.runs.run("run1")).limits.turns
    assert (await room.talk.extend(await room.task, by("Ada", "", "m1"))).is_first
    assert (await room.talk.extend(await room.task, by("Ada", "", "m1"))).is_first, "a redelivery"
    with pytest.raises(UsageError, match="not wait at a limit"):
        await room.talk.extend(await room.task, by("Bob", "", "m2"))
    run = await room.store.runs.run("run1")
    assert (run.limits.turns, run.leg.is_extended, run.leg.number) == (2 * before, True, 2)


async def test_the_board_hears_at_once_of_what_waits_no_more(room: Room) -> None:
    await room.park()
    await room.talk.answer(await room.task, "q1", by("Ada", "yes", "m1"))
    assert TURNING & set((await room.kinds())[1:])
    await room.park(replace(AT_LIMIT, leg=2))
    before = len(await room.kinds())
    await room.talk.extend(await room.task, by("Ada", "Go on.", "m2"))
    assert TURNING & set((await room.kinds())[before:])


async def test_more_money_must_be_within_the_quotas(room: Room) -> None:
    await room.park(replace(AT_LIMIT, limit=LimitName.MONEY))
    await room.talk.extend(await room.task, by("Bob", "", "m1"))
    assert (await room.store.runs.run("run1")).limits.cost_usd == 3.0
    assert room.granted == [("ada@example.test", 1.5)], "whoever asked for the task pays for it"


async def test_what_nobody_answers_in_time_ends_with_the_question_as_the_reason(room: Room) -> None:
    await room.park()
    await room.talk.legs.end_due()
    outcome = (await room.task).outcome
    assert outcome is not None
    assert outcome.name is OutcomeName.NEEDS_HUMAN
    assert outcome.reason.startswith("The agent asks: Round it?")
    assert await room.kinds() == ["asked", "outcome"]
    with pytest.raises(UsageError):
        await room.talk.answer(await room.task, "q1", by("Ada", "no", "m1"))
    assert room.carried == []


async def test_stopping_what_waits_ends_it_without_a_leg(room: Room) -> None:
    await room.park()
    await room.talk.legs.stop(await room.task)
    outcome = (await room.task).outcome
    assert outcome is not None
    assert outcome.name is OutcomeName.CANCELLED
    assert room.carried == []


async def test_words_to_a_task_under_way_are_kept_once(room: Room) -> None:
    for _ in range(2):
        said = await room.talk.say(await room.task, by("Ada", "rename it\x1b[31m", "m1"), LIMITS)
        assert (said.task_id, said.has_begun) == ("t1", False)
    (message,) = await room.talk.conversation(await room.task)
    assert (message.text, message.used_at) == ("rename it", None)
    assert await room.kinds() == ["message"]
    with pytest.raises(UsageError, match="empty"):
        await room.talk.say(await room.task, by("Ada", " \n", "m2"), LIMITS)


async def test_an_id_of_another_conversation_is_refused(room: Room) -> None:
    await accept(room.store, a_task("t2"), replace(a_run("run2", "t2"), started_at=NOW), "d2")
    await room.talk.say(await room.task, by("Ada", "rename it", "m1"), LIMITS)
    with pytest.raises(UsageError, match="something else"):
        await room.talk.say(await room.store.tasks.task("t2"), by("Ada", "rename it", "m1"), LIMITS)


async def test_words_to_a_task_that_asks_are_its_answer(room: Room) -> None:
    await room.park()
    await room.talk.say(await room.task, by("Ada", "only the cents", "m1"), LIMITS)
    assert (await room.store.runs.run("run1")).leg.words == "Ada answers 'Round it?': only the cents"


async def test_two_replies_at_once_after_the_end_begin_one_task(room: Room) -> None:
    await room.end()
    async with asyncio.TaskGroup() as group:
        one = group.create_task(room.talk.say(await room.task, by("Ada", "rename it", "m1"), LIMITS))
        two = group.create_task(room.talk.say(await room.task, by("Bob", "in blue", "m2"), LIMITS))
    first, second = one.result(), two.result()
    assert first.task_id == second.task_id != "t1"
    assert (first.has_begun, second.has_begun) == (True, False)
    assert await room.talk.say(await room.task, by("Ada", "rename it", "m1"), LIMITS) == first
    linked = await room.store.tasks.task(first.task_id)
    assert (linked.follows, linked.prompt, linked.asker.name) == ("t1", "rename it", "Ada")
    assert (await room.store.runs.latest_run(linked.task_id)).limits == LIMITS
    assert [one.text for one in await room.talk.conversation(linked)] == ["in blue"]
    assert await room.kinds() == ["followed_by"]


async def test_a_reply_waits_until_it_is_known_what_becomes_of_given_commits(room: Room) -> None:
    await room.end()
    giving = asyncio.create_task(
        room.handing.give(await room.task, by("Ada", "mine", "m1"), "a" * 40, BytesIO(), LIMITS)
    )
    await room.adopts.wait()
    saying = asyncio.create_task(room.talk.say(await room.task, by("Bob", "in blue", "m2"), LIMITS))
    for _ in range(50):  # what is not locked out ends within a few
        await asyncio.sleep(0)
    assert await room.store.tasks.followers("t1") == []
    room.has_adopted.set()
    with pytest.raises(UsageError, match="differs in nothing"):
        await giving
    assert (await saying).has_begun


async def test_an_open_pull_request_is_gone_on_with_and_a_merged_one_is_not(room: Room) -> None:
    run = await room.store.runs.run("run1")
    await room.store.runs.save_run(replace(run, change=CHANGE))
    opened = await room.store.pull_requests.insert("a", a_pull_request())
    await room.end()
    onward = await room.talk.say(await room.task, by("Ada", "rename it", "m1"), LIMITS)
    linked = await room.store.runs.latest_run(onward.task_id)
    brief = await room.store.tasks.brief(onward.task_id)
    assert linked.takes_up == TakenUp(change=CHANGE, pull_request=opened.number)
    assert [one.text for one in brief.before] == ["Fix the crash on empty titles."]
    await room.end(task_id=onward.task_id)
    await room.store.pull_requests.update(replace(opened, state="merged"), expect_state="open")
    anew = await room.talk.say(await room.task, by("Ada", "and in blue", "m2"), LIMITS)
    linked = await room.store.runs.latest_run(anew.task_id)
    brief = await room.store.tasks.brief(anew.task_id)
    assert linked.takes_up is None
    assert [one.text for one in brief.background] == ["Fix the crash on empty titles.", "rename it"]
    assert brief.asked == ("and in blue",)
    assert (await room.store.tasks.task(anew.task_id)).follows == onward.task_id


async def test_words_that_came_while_it_ended_begin_one_task(room: Room) -> None:
    await room.talk.say(await room.task, by("Ada", "rename it", "m1"), LIMITS)
    await room.end()
    for _ in range(2):
        await room.talk.take_left_over()
    (linked,) = await room.store.tasks.followers("t1")
    assert linked.prompt == "rename it"
    assert all(one.used_at for one in await room.talk.conversation(await room.task))


async def test_words_of_somebody_who_left_meanwhile_begin_nothing_and_are_told_of(room: Room) -> None:
    await room.talk.say(await room.task, by("Ada", "rename it", "m1"), LIMITS)
    await room.end()
    room.has_left = True
    for _ in range(2):
        await room.talk.take_left_over()
    assert list(await room.store.tasks.followers("t1")) == []
    assert await room.kinds() == ["message", "warning"]


async def test_words_of_somebody_who_left_meanwhile_reach_no_task_that_goes_on(room: Room) -> None:
    await room.talk.say(await room.task, by("Bob", "rename it", "m1"), LIMITS)
    await room.end(OutcomeName.FAILED)
    await room.talk.retry(await room.task, by("Ada", "Again.", ""), LIMITS)
    (linked,) = await room.store.tasks.followers("t1")
    room.has_left = True
    await room.talk.take_left_over()
    assert list(await room.talk.conversation(linked)) == []
    assert (await room.kinds())[-1] == "warning"


async def test_words_that_no_task_can_be_begun_by_yet_are_kept_and_told_of(room: Room) -> None:
    async def refuse(*_: object) -> bool:
        raise UsageError("The disk is nearly full.")

    await room.talk.say(await room.task, by("Ada", "rename it", "m1"), LIMITS)
    await room.end()
    accepting, room.talk.accept = room.talk.accept, refuse
    for _ in range(2):
        await room.talk.take_left_over()
    assert await room.kinds() == ["message", "warning"]
    room.talk.accept = accepting
    await room.talk.take_left_over()
    assert len(await room.store.tasks.followers("t1")) == 1


async def test_what_failed_is_tried_again_and_what_was_opened_is_not(room: Room) -> None:
    with pytest.raises(UsageError, match="queued"):
        await room.talk.retry(await room.task, by("Ada", "Again.", ""), LIMITS)
    await room.end(OutcomeName.FAILED)
    again = await room.store.tasks.task((await room.talk.retry(await room.task, by("Ada", "", ""), LIMITS)).task_id)
    assert (again.prompt, again.follows) == ("Fix the crash on empty titles.", "t1")
    assert (await room.store.runs.latest_run(again.task_id)).takes_up is None
    await room.end(OutcomeName.OPENED, again.task_id)
    with pytest.raises(UsageError, match="nothing to try again"):
        await room.talk.retry(await room.task, by("Ada", "", ""), LIMITS)
