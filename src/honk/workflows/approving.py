"""What a decision on a merge is made of, gathered: what was proved, who commanded the task, whose the paths are."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from honk.base.errors import HonkError
from honk.domain.approval import Look
from honk.domain.change import ChangedFile, PullRequest
from honk.domain.evidence import Examination
from honk.domain.merge_terms import PATH, MergeTerms, narrowed
from honk.domain.needs import ANYBODY, Circle, Guarded, Hand, needs_of
from honk.domain.owners import PLACES, Rule, owners_of, parse
from honk.domain.people import OWNER
from honk.domain.shipment import Proof
from honk.domain.task import Task
from honk.store import Run
from honk.verifier.owned import guarded_of
from honk.workflows.catalog import read_catalog
from honk.workflows.follow_up import chain_of
from honk.workflows.house import House
from honk.workflows.people import PeopleDesk
from honk.workflows.publish import MAX_OWNERS_BYTES
from honk.workspace import Tree
from honk.workspace.committing import authors_between

NOBODY = "-"
"""In place of a person's id, where only an address is known."""
MOST_PATHS = 2000
"""Whose owners are looked for; of those behind them nobody knows, so an administrator stands for them."""
UNLOOKED = "owners that were not looked for"


@dataclass(frozen=True, slots=True, kw_only=True)
class Sight:
    """A pull request as whoever decides on it sees it."""

    pull_request: PullRequest
    task: Task
    run: Run
    look: Look
    terms: MergeTerms
    guarded: tuple[Guarded, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Approving:
    """Reads; decides nothing."""

    house: House
    people: PeopleDesk
    terms: MergeTerms
    """The installation's own."""

    async def sight(self, number: int, proof: Proof | None = None) -> Sight:
        """As it is now; with `proof`, as it is over the base that moved.

        Raises:
            ForgeNotFound: there is no such pull request.
            NotFound: the task that made it was deleted.
        """
        house = self.house
        pull_request = await house.forge.pull_request(number)
        task = await house.tasks.task(pull_request.task_id)
        run = await house.runs.latest_run(task.task_id)
        examination = proof.examination if proof is not None else run.examination or Examination()
        files = run.change.files if run.change is not None else ()
        base = house.workspaces.tree(task.repository, proof.base_sha if proof is not None else pull_request.base_sha)
        honk_toml = await base.read(PATH)
        terms = narrowed(self.terms, honk_toml)
        guarded = guarded_of(files, examination.findings, honk_toml, terms.guarded)
        wanted = _asked_for(files, guarded, terms)
        owners = await self._owners(task, base, wanted[:MOST_PATHS])
        if (more := len(wanted) - MOST_PATHS) > 0:
            owners = {**owners, f"{more} paths more": (UNLOOKED,)}
        circle = await self._circle(task, terms, is_asked=bool(guarded or terms.second_person))
        needs, alone = needs_of(circle, terms, guarded, owners)
        look = Look(
            number=number,
            repository_id=pull_request.repository_id,
            state=pull_request.state,
            head_sha=pull_request.head_sha,
            verified_sha=run.change.head_sha if run.change is not None else None,
            examination=examination,
            verdict=run.verdict,
            needs=needs,
            alone=alone,
        )
        return Sight(pull_request=pull_request, task=task, run=run, look=look, terms=terms, guarded=guarded)

    async def _circle(self, task: Task, terms: MergeTerms, *, is_asked: bool) -> Circle:
        """`is_asked`: whether a second person is."""
        members = tuple(await self.people.all())
        hands = await hands_of(self.house, task)
        if is_asked and await self._is_owner_among(task, hands):
            hands = (*hands, Hand(person_id=OWNER.person_id, email=OWNER.email))
        place = task.repository.repository_id
        return Circle(repository_id=place, members=members, hands=hands, people=terms.people)

    async def _is_owner_among(self, task: Task, hands: Sequence[Hand]) -> bool:
        """Whoever sits at the machine may have an account beside: they are one person, by the name that their commits
        there have. What cannot be looked at is no command line's either: that asks for the same."""
        try:
            facts = await self.house.source.describe(Path(task.repository.location), None)
        except HonkError:
            return False
        return facts.asker.email.lower() in {hand.email.lower() for hand in hands}

    async def _owners(self, task: Task, base: Tree, paths: Sequence[str]) -> Mapping[str, Sequence[str]]:
        """By path, as the base has them: a change cannot choose who looks at it."""
        for place in PLACES:
            if (content := await base.read(place, MAX_OWNERS_BYTES)) is not None:
                rules = parse(content.decode("utf-8", "replace"))
                return await asyncio.to_thread(_by_path, rules, paths)
        owners = (await read_catalog(self.house, task.repository, base)).owners
        return dict.fromkeys(paths, owners)


def _by_path(rules: Sequence[Rule], paths: Sequence[str]) -> Mapping[str, Sequence[str]]:
    return {path: owners_of(rules, [path]) for path in paths}


def _asked_for(files: Sequence[ChangedFile], guarded: Sequence[Guarded], terms: MergeTerms) -> list[str]:
    changed = [path for file in files for path in (file.path, file.old_path) if path is not None]
    wanted = [one.path for one in guarded] + (changed if terms.owners else [])
    return list(dict.fromkeys(wanted))


async def hands_of(house: House, task: Task) -> tuple[Hand, ...]:
    """Everybody who had a hand in it: in this task, and in those that it goes on with."""
    found: dict[Hand, None] = {}
    chain = await chain_of(house, task)
    if chain[-1].follows is not None:
        found[ANYBODY] = None
    for one in chain:
        found[Hand(person_id=one.person_id, email=one.asker.email)] = None
        for message in await house.messages.of(one.task_id):
            found[Hand(person_id=message.person_id, email=message.person.email)] = None
        for event in await house.events.read(one.task_id):
            if event.kind == "extended":
                told = event.body
                person_id = told.get("person_id")
                found[Hand(person_id=str(person_id) if person_id else None, email=str(told.get("email", "")))] = None
        found |= dict.fromkeys(await _givers(house, one))
    return tuple(found)


async def _givers(house: House, task: Task) -> list[Hand]:
    """Who wrote the commits that a person gave to it: an address that is no member's is nobody's here."""
    taken_up = (await house.runs.latest_run(task.task_id)).takes_up
    if taken_up is None or (given := taken_up.given) is None:
        return []
    authors = await authors_between(house.workspaces.mirror(task.repository), given.base_sha, given.head_sha)
    return [Hand(person_id=NOBODY, email=one.email) for one in authors]
