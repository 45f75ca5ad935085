"""A delivery that meets a freezing, a death, a base that never rests, or people who leave before it merges."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from honk.base.clock import now
from honk.base.errors import UsageError
from honk.domain.change import Change, ChangedFile, Edit, PullRequest
from honk.domain.commit_text import Identity
from honk.domain.evidence import Examination, Report, Verification
from honk.domain.limits import Limits
from honk.domain.merge_terms import MergeTerms
from honk.domain.people import Door, Member, Refused, Role
from honk.domain.shipment import Shipment, ShipmentState
from honk.domain.task import Brief, Outcome, OutcomeName, Person, Repository, Status, Task
from honk.engine.at_once import AtOnceEngine
from honk.forge import BaseMoved, Capabilities, ForgeDown, Merged
from honk.store import Delivery, Run
from honk.testing.audit import FakeAudit
from honk.testing.people import FakePeople
from honk.testing.rooms import FilesTree
from honk.testing.store import FakeStore
from honk.workflows.approving import MOST_PATHS, Approving
from honk.workflows.delivering import Delivering, StillWanted
from honk.workflows.delivery import ROUNDS, Deliver
from honk.workflows.deploying import Onward
from honk.workflows.frost import freeze, melt
from honk.workflows.house import House
from honk.workflows.people import PeopleDesk
from honk.workflows.reconcile import differences, thaw
from honk.workflows.tapping import LEGS, WORKFLOW, Tap, Tapping

pytestmark = pytest.mark.anyio
NOON = datetime(2026, 3, 4, 12, tzinfo=UTC)
HEAD, TREE, BASE = "a" * 40, "b" * 40, "c" * 40
REPOSITORY = Repository(repository_id="r", name="songs", location="/songs")
ADA = Member(person_id="ada", name="Ada", email="ada@example.org", grants={"r": Role.APPROVER})
BOB = Member(person_id="bob", name="Bob", email="bob@example.org", grants={"r": Role.APPROVER})
CY = Member(person_id="cy", name="Cy", email="cy@example.org", grants={"r": Role.APPROVER})
CHANGE = Change(base_sha=BASE, head_sha=HEAD, tree_sha=TREE, files=(ChangedFile(path="a.py", edit=Edit.MODIFIED),),
                diff_blob="", diff_bytes=0)  # fmt: skip
GREEN = Report(verifier="u", command="u", chosen_by="t", is_required=True, result=Verification.PASSED, summary="",
               seconds=1, ran_tests=True)  # fmt: skip
PULL = PullRequest(
    pull_request_id="p", number=0, repository_id="r", task_id="t", title="", body="", branch="honk/x",
    base_branch="main", base_sha=BASE, head_sha=HEAD, state="open", is_draft=False, url="",
)  # fmt: skip


@dataclass
class Forge:
    """Merges the rows that it is given, or raises what it is told to."""

    name = "a forge"
    capabilities = Capabilities(push_executes=False)
    rows: Any
    troubles: list[Exception] = field(default_factory=list)
    merges: int = 0

    async def pull_request(self, number: int, repository: object = None) -> PullRequest:
        found = await self.rows.get(number)
        assert found is not None
        return cast(PullRequest, found)

    async def tip(self, repository: object, branch: str) -> str | None:
        return None

    async def merge(
        self, pull_request: PullRequest, *, head_sha: str, tree_sha: str, message: str, method: str
    ) -> Merged:
        assert method == "squash"
        if self.troubles:
            raise self.troubles.pop(0)
        row = await self.pull_request(pull_request.number)
        if row.state == "open":
            self.merges += 1
            await self.rows.update(replace(row, state="merged", merged_sha="d" * 40), expect_state="open")
        return Merged(merged_sha="d" * 40, tree_sha=tree_sha)


class NoDeployment:
    async def after(self, *_args: object) -> Onward:
        return Onward()


@dataclass
class Room:
    store: FakeStore
    forge: Forge
    house: House
    desk: Tapping
    people: FakePeople

    async def tap(self, who: Member = ADA) -> Shipment:
        person = Person(name=who.name, email=who.email)
        tap = Tap(member=who, person=person, door=Door.CONSOLE, head_sha=HEAD)
        return (await self.desk.approve(1, tap)).shipment

    async def now(self) -> Shipment:
        found = await self.store.shipments.newest(1)
        assert found is not None
        return found

    async def told(self, kind: str) -> list[str]:
        events = await self.store.events.read("t")
        return [str(one.body.get("reason") or one.body.get("text") or "") for one in events if one.kind == kind]


@pytest.fixture
async def room(tmp_path: Path) -> Room:
    return await lay(tmp_path, MergeTerms())


async def lay(home: Path, terms: MergeTerms, *, follows: str | None = None, machine: str = "me@localhost",
              change: Change = CHANGE, base: Mapping[str, str] | None = None) -> Room:  # fmt: skip
    store, people = FakeStore(), FakePeople()
    forge = Forge(store.pull_requests)

    async def describe(path: Path, base: str | None) -> SimpleNamespace:
        return SimpleNamespace(asker=Person(name="Whoever sits there", email=machine))

    trees = SimpleNamespace(tree=lambda repository, sha: FilesTree(dict(base or {})))
    identity = Identity(committer=Person(name="Honk", email="honk@localhost"))
    house = cast(House, SimpleNamespace(
        home=home, tasks=store.tasks, runs=store.runs, events=store.events, messages=store.messages, memo=store.memo,
        approvals=store.approvals, shipments=store.shipments, pull_requests=store.pull_requests, forge=forge,
        workspaces=trees, source=SimpleNamespace(describe=describe), audit=FakeAudit(), signer=None, identity=identity,
    ))  # fmt: skip
    desk, engine = PeopleDesk(people=people, audit=FakeAudit(), clock=lambda: NOON), AtOnceEngine()
    approving = Approving(house=house, people=desk, terms=terms)
    acts = Delivering(house=house, approving=approving, deploying=cast(Any, NoDeployment()))
    engine.register(WORKFLOW, Deliver(acts))
    for member in (ADA, BOB):
        await people.add(member, NOON)
    task = Task(task_id="t", repository=REPOSITORY, base_branch="main", base_sha=BASE, prompt="Mend it",
                asker=Person(name="Ada", email=ADA.email), agent="claude", model="m", created_at=NOON,
                person_id="ada", follows=follows)  # fmt: skip
    run = Run(run_id="t-1", task_id="t", limits=Limits(), started_at=NOON, change=change,
              examination=Examination(reports=(GREEN,)))  # fmt: skip
    delivery = Delivery(delivery_id="d", door="cli", received_at=NOON, body="")
    await store.tasks.accept(delivery, task, Brief(version=1, goal="Mend it"), run, lambda _: None)
    await store.tasks.set_status("t", Status.FINISHED, Outcome(name=OutcomeName.OPENED, reason=""))
    await store.pull_requests.insert("k", PULL)
    tapping = Tapping(house=house, engine=engine, approving=approving, deploying=cast(Any, NoDeployment()))
    return Room(store, forge, house, tapping, people)


async def test_a_yes_merges_once_and_ends_its_task(room: Room) -> None:
    shipment = await room.tap()
    assert shipment.state is ShipmentState.DELIVERING
    await room.desk.engine.wait(shipment.workflow_id)
    done = await room.now()
    assert (done.state, done.merged_sha, room.forge.merges) == (ShipmentState.MERGED, "d" * 40, 1)
    task = await room.store.tasks.task("t")
    assert task.outcome is not None
    assert task.outcome.name is OutcomeName.MERGED


async def test_a_freezing_between_tap_and_merge_stops_it_and_a_thaw_lets_it_go_on(room: Room, tmp_path: Path) -> None:
    shipment = await room.tap()
    freeze(tmp_path, "an incident", "Cy")
    await room.desk.engine.wait(shipment.workflow_id)
    held = await room.now()
    assert (held.state, room.forge.merges) == (ShipmentState.DELIVERING, 0)
    assert "frozen" in held.words
    await room.desk.look_after()
    assert (await room.now()).leg == held.leg, "nobody tries while it is frozen"
    with pytest.raises(UsageError, match="frozen"):
        await room.tap(BOB)
    melt(tmp_path)
    await room.desk.look_after()
    onward = await room.now()
    assert onward.leg == held.leg + 1
    await room.desk.engine.wait(onward.workflow_id)
    assert ((await room.now()).state, room.forge.merges) == (ShipmentState.MERGED, 1)


async def test_a_freezing_keeps_what_is_armed(tmp_path: Path) -> None:
    room = await lay(tmp_path, MergeTerms(second_person=True))
    assert (await room.tap()).state is ShipmentState.ARMED
    freeze(tmp_path, "", "Cy")
    await room.desk.look_after()
    melt(tmp_path)
    assert (await room.now()).state is ShipmentState.ARMED
    assert (await room.tap(BOB)).state is ShipmentState.DELIVERING


async def test_an_armed_merge_ends_in_time_with_a_close_and_with_a_new_head(tmp_path: Path) -> None:
    room = await lay(tmp_path, MergeTerms(second_person=True))
    late = await room.tap()
    assert late.until is not None
    assert timedelta(hours=23) < late.until - late.since < timedelta(hours=25)
    cases = {"in time": None, "closed": {"state": "closed"}, "moved": {"head_sha": "e" * 40}}
    for words, change in cases.items():
        armed = await room.tap() if (await room.now()).state is ShipmentState.ENDED else await room.now()
        assert armed.state is ShipmentState.ARMED
        if change is None:
            passed = replace(armed, until=NOON)
            await room.store.shipments.turn(armed, passed, cast(Any, SimpleNamespace(
                approval=None, outcome=None, facts=(), enlist=())))  # fmt: skip
        else:
            row = await room.forge.pull_request(1)
            await room.store.pull_requests.update(replace(row, **change), expect_state="open")  # type: ignore[arg-type]
        await room.desk.look_after()
        ended = await room.now()
        assert ended.state is ShipmentState.ENDED
        assert words in ended.words
        row = await room.forge.pull_request(1)
        await room.store.pull_requests.update(replace(row, state="open", head_sha=HEAD), expect_state=row.state)
    assert len(await room.told("disarmed")) == len(cases)


async def test_a_forge_that_is_down_is_asked_again_later_and_not_for_ever(room: Room) -> None:
    room.forge.troubles = [ForgeDown("it sleeps")] * (LEGS + 1)
    shipment = await room.tap()
    for leg in range(1, LEGS + 1):
        await room.desk.engine.wait(shipment.workflow_id)
        shipment = await room.now()
        assert (shipment.state, shipment.leg) == (ShipmentState.DELIVERING, leg)
        await room.desk.look_after()
        assert (await room.now()).leg == leg, "it rests first"
        await replace(room.desk, clock=lambda: now() + timedelta(minutes=11)).look_after()
        shipment = await room.now()
    assert shipment.state is ShipmentState.ENDED
    assert "it sleeps" in shipment.words
    assert len(await room.told("note")) == 1, "told once, not at each try"


async def test_a_base_that_never_rests_ends_it_with_the_reason(room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    room.forge.troubles = [BaseMoved("moved")] * 9
    shipment = await room.tap()
    await room.desk.engine.wait(shipment.workflow_id)
    ended = await room.now()
    assert ended.state is ShipmentState.ENDED
    assert "is gone" in ended.words, "there is nothing to merge into"
    assert len(room.forge.troubles) == 8
    assert ROUNDS < 9


async def test_who_leaves_between_their_yes_and_the_merge_has_said_nothing(room: Room) -> None:
    shipment = await room.tap()
    await room.people.leave("ada", NOON)
    await room.desk.engine.wait(shipment.workflow_id)
    ended = await room.now()
    assert (ended.state, room.forge.merges) == (ShipmentState.ENDED, 0)
    assert "may not approve here any more" in ended.words
    with pytest.raises(Refused):
        await room.tap()


async def test_a_role_that_is_taken_after_the_last_look_stops_the_merge_all_the_same(room: Room) -> None:
    """After a death between the two steps the look is on record, and may be days old."""
    shipment = await room.tap()
    acts = Delivering(house=room.house, approving=room.desk.approving, deploying=cast(Any, NoDeployment()))
    ready = await acts.look(shipment)
    assert ready.tree_sha == TREE
    await room.people.grant("ada", "r", None)
    with pytest.raises(UsageError, match="may not approve here any more"):
        await acts.merge(shipment, ready)
    assert room.forge.merges == 0


async def test_a_second_person_who_leaves_after_the_last_look_is_waited_for_again(tmp_path: Path) -> None:
    room = await lay(tmp_path, MergeTerms(second_person=True))
    await room.tap()
    shipment = await room.tap(BOB)
    acts = Delivering(house=room.house, approving=room.desk.approving, deploying=cast(Any, NoDeployment()))
    ready = await acts.look(shipment)
    await room.people.add(CY, NOON)
    await room.people.leave("bob", NOON)
    with pytest.raises(StillWanted, match="Cy"):
        await acts.merge(shipment, ready)
    assert room.forge.merges == 0


async def test_what_waits_anew_for_somebody_merges_at_once_on_their_yes(tmp_path: Path) -> None:
    room = await lay(tmp_path, MergeTerms(second_person=True))
    await room.tap()
    shipment = await room.tap(BOB)
    await room.people.add(CY, NOON)
    await room.people.leave("bob", NOON)
    await room.desk.engine.wait(shipment.workflow_id)
    assert (await room.now()).state is ShipmentState.ARMED
    onward = await room.tap(CY)
    await room.desk.engine.wait(onward.workflow_id)
    assert ((await room.now()).state, room.forge.merges) == (ShipmentState.MERGED, 1)


async def test_what_a_death_left_is_gone_on_with_by_whoever_looks_next(room: Room) -> None:
    shipment = await room.tap()
    await room.desk.engine.stop()
    await room.desk.look_after()
    onward = await room.now()
    assert onward.leg == shipment.leg + 1
    await room.desk.engine.wait(onward.workflow_id)
    assert room.forge.merges == 1


async def test_only_who_armed_it_takes_it_back_and_nothing_else_is_taken_back(tmp_path: Path) -> None:
    room = await lay(tmp_path, MergeTerms(second_person=True))
    with pytest.raises(UsageError, match="waits for nobody"):
        await room.desk.withdraw(1, ADA)
    await room.tap()
    with pytest.raises(UsageError, match="Ada armed this merge"):
        await room.desk.withdraw(1, BOB)
    assert (await room.desk.withdraw(1, ADA)).state is ShipmentState.ENDED
    assert (await room.tap()).shipment_id != (await room.store.shipments.list(1))[0].shipment_id
    assert len(await room.store.approvals.list(1)) == 2, "two wishes, a yes each"


async def test_who_asked_in_a_browser_is_no_second_person_at_the_machine(tmp_path: Path) -> None:
    """Whoever owns the state folder has an account beside, and commits there by the same address."""
    room = await lay(tmp_path, MergeTerms(second_person=True), machine="Ada@Example.org")
    await room.tap()
    owner = await room.desk.approving.people.owner()
    tap = Tap(member=owner, person=Person(name="Ada", email=ADA.email), door=Door.COMMAND_LINE, head_sha=HEAD)
    told = (await room.desk.approve(1, tap)).shipment
    assert (told.state, told.names) == (ShipmentState.ARMED, "Bob")
    assert (await room.tap(BOB)).state is ShipmentState.DELIVERING


async def test_where_the_task_before_was_deleted_nobody_is_known_not_to_have_commanded_it(tmp_path: Path) -> None:
    room = await lay(tmp_path, MergeTerms(second_person=True), follows="gone")
    with pytest.raises(UsageError, match="was deleted"):
        await room.tap(BOB)


async def test_who_said_yes_last_is_the_approver_whatever_the_clock_did(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    room = await lay(tmp_path, MergeTerms(second_person=True))
    await room.tap()
    monkeypatch.setattr("honk.workflows.tapping.now", lambda: NOON)
    shipment = await room.tap(BOB)
    acts = Delivering(house=room.house, approving=room.desk.approving, deploying=cast(Any, NoDeployment()))
    given = await acts.approvals(shipment)
    assert [one.person_id for one in given] == ["ada", "bob"]
    assert given[1].at < given[0].at


async def test_no_owner_is_passed_over_behind_thousands_of_paths(tmp_path: Path) -> None:
    paths = [*(f"a/{number}" for number in range(MOST_PATHS)), "z/secret.py"]
    files = tuple(ChangedFile(path=path, edit=Edit.MODIFIED) for path in paths)
    base = {"CODEOWNERS": "z/ bob@example.org\n"}
    room = await lay(tmp_path, MergeTerms(owners=True), change=replace(CHANGE, files=files), base=base)
    told = await room.tap()
    assert (told.state, told.names) == (ShipmentState.ARMED, "Owner"), "an administrator, for nobody looked for more"


async def test_after_a_restore_nothing_merges_on_an_old_yes(tmp_path: Path) -> None:
    room = await lay(tmp_path, MergeTerms(second_person=True))
    await room.tap()
    house = replace_house(room)
    assert any("#1: a merge that Ada wanted was armed" in words for words in await differences(house))
    freeze(tmp_path, "")
    await thaw(house, room.desk.engine)
    ended = await room.now()
    assert (ended.state, "says yes again" in ended.words) == (ShipmentState.ENDED, True)


def replace_house(room: Room) -> House:
    """With what a thaw asks for beside."""

    async def none() -> tuple[str, ...]:
        return ()

    async def pull_requests() -> list[PullRequest]:
        return []

    room.forge.pull_requests = pull_requests  # type: ignore[attr-defined]
    return cast(House, SimpleNamespace(**vars(room.house), deployments=SimpleNamespace(unended=none)))
