"""A person takes a merged change back: first production, then the code. Read `undo` first.

Production goes back to what was deployed before, by a command of the repository's own; the code goes back by a reverse
change, which is examined and proposed as any other and merges by a tap of its own. Asked for twice, it is done once.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from honk.base.clock import now
from honk.base.errors import UsageError
from honk.base.ids import derived_uuid
from honk.domain.audit import Body, Who
from honk.domain.deployment import (
    UNASKED,
    Deployment,
    DeploymentState,
    Ended,
    Health,
    Undo,
    UndoState,
    Way,
    is_busy,
    leg_of,
    told,
    way_back,
    why_not_again,
)
from honk.domain.task import Person, Repository
from honk.engine import StepFailed, Steps
from honk.store.conversation import Fact
from honk.workflows.deploying import Deploying, fact_of
from honk.workflows.follow_up import Accept
from honk.workflows.frost import is_frozen, refuse_frozen
from honk.workflows.production import Production, ended_of, health_of, known_of, limit_of
from honk.workflows.reversing import Reversed, Reversing


@dataclass(frozen=True, slots=True, kw_only=True)
class Outlook:
    """What an undo would do, for the person who is asked whether they mean it."""

    number: int
    merged_sha: str
    undo: Undo | None
    """The one that was asked for already."""
    way: Way
    is_busy: bool
    has_rollback: bool
    why_not_again: str = ""
    """Why the same commit cannot be deployed once more instead; empty where it can."""
    migrations: tuple[str, ...] = ()
    """What it changed of data: no undo brings that back."""

    @property
    def words(self) -> str:
        """In sentences."""
        return " ".join(self.lines)

    @property
    def lines(self) -> tuple[str, ...]:
        """One by one."""
        if (undo := self.undo) is not None:
            became = undo.rollback or undo.reason or "It is under way."
            return (f"{undo.who.name} asked for that already, and it is done once. {became}",)
        lines = []
        if self.is_busy:
            lines.append("Something is being deployed just now: the undo begins when that has ended.")
        if self.way.to is None:
            lines.append(self.way.why_not)
        elif self.has_rollback:
            back = self.way.to
            lines.append(f"Production goes back to pull request {back.number} (commit {back.merged_sha[:12]}).")
        else:
            lines.append("The commit that was deployed before declares no rollback: production is left as it is.")
        lines.append("Then a task makes the reverse change: it is verified, and merges by its own tap.")
        return tuple(lines)


@dataclass(frozen=True, slots=True, kw_only=True)
class Undoing:
    """The workflow "undo", and what begins it."""

    production: Production
    reversing: Reversing

    async def outlook(self, number: int) -> Outlook:
        """What there is to undo of the pull request.

        Raises:
            UsageError: it is not merged.
            ForgeNotFound: there is none.
        """
        deployments = self.production.deployments
        pull_request = await self.production.house.forge.pull_request(number)
        if pull_request.merged_sha is None:
            raise UsageError(f"Pull request {number} is not merged: there is nothing to undo. Nothing was done.")
        place, merged_sha = pull_request.repository_id, pull_request.merged_sha
        rows, undos = await deployments.of(place), await deployments.undos(place)
        way = way_back(rows, merged_sha)
        task = await self.production.house.tasks.task(pull_request.task_id)
        run = await self.production.house.runs.latest_run(task.task_id)
        return Outlook(
            number=number,
            merged_sha=merged_sha,
            undo=next((one for one in undos if one.merged_sha == merged_sha), None),
            way=way,
            is_busy=is_busy(rows, undos),
            has_rollback=way.to is not None and await self._has_rollback(task.repository, way.to),
            why_not_again=why_not_again(rows, undos, merged_sha),
            migrations=await self.production.migrations(task.repository, merged_sha, run.change),
        )

    async def of_pull_request(self, number: int) -> tuple[Sequence[Deployment], Sequence[Undo]]:
        """What is written down of it.

        Raises:
            ForgeNotFound: there is none.
        """
        place = (await self.production.house.forge.pull_request(number)).repository_id
        deployments = self.production.deployments
        rows = [one for one in await deployments.of(place) if one.number == number]
        return rows, [one for one in await deployments.undos(place) if one.number == number]

    async def _has_rollback(self, repository: Repository, to: Deployment) -> bool:
        terms = await self.production.terms(repository, to.merged_sha)
        return terms.why_not == "" and bool(terms.declared.rollback)

    async def ask(self, number: int, merged_sha: str, who: Person, person_id: str | None) -> Undo:
        """The undo of exactly this merged commit; asked for before, by whomever, it is that one.

        Raises:
            UsageError: the pull request was not merged as this commit; or everything is frozen.
        """
        refuse_frozen(self.production.house.home)
        outlook = await self.outlook(number)
        if outlook.merged_sha != merged_sha:
            raise UsageError(
                f"Pull request {number} was merged as {outlook.merged_sha[:12]}, not as {merged_sha[:12]}. Nothing was "
                "done. Look at it again, then undo what you see."
            )
        pull_request = await self.production.house.forge.pull_request(number)
        undo = Undo(
            undo_id=derived_uuid("undo", pull_request.repository_id, merged_sha),
            repository_id=pull_request.repository_id,
            task_id=pull_request.task_id,
            number=number,
            merged_sha=merged_sha,
            who=who,
            person_id=person_id,
            created_at=now(),
        )
        await self.production.engine.start()
        fact = _fact("undo", undo, f"{who.name} asked to undo pull request {number}. {outlook.words}")
        await self.production.deployments.ask(undo, (fact,), self.production.wake(undo))
        return await self.production.deployments.undo(undo.undo_id)

    async def ask_here(self, number: int, merged_sha: str) -> Undo:
        """As the owner of the state folder, at its machine. Raises as `ask` does."""
        _, who = await self._here(number)
        return await self.ask(number, merged_sha, who, None)

    async def again_here(self, number: int, merged_sha: str) -> Deployment:
        """Instead of an undo, and as the owner: deploy it once more. Raises as `Deploying.again` does."""
        place, who = await self._here(number)
        return await Deploying(production=self.production).again(place, merged_sha, who)

    async def _here(self, number: int) -> tuple[str, Person]:
        """Where the pull request is, and who the owner is to git."""
        pull_request = await self.production.house.forge.pull_request(number)
        task = await self.production.house.tasks.task(pull_request.task_id)
        facts = await self.production.house.source.describe(Path(task.repository.location), None)
        return pull_request.repository_id, facts.asker

    async def undo(self, step: Steps, workflow_id: str) -> None:
        """Wait for the turn; production back, where there is a way; then the reverse change."""
        undo_id, leg = leg_of(workflow_id)
        if not await step("begin", bool, lambda: self.begin(undo_id, leg)):
            return
        if (ended := await ended_of(step, "rollback", lambda: self.rollback(undo_id))) is None:
            return
        health = await health_of(step, lambda: self.health(undo_id))
        await step("settle", None, lambda: self.settle(undo_id, ended, health))
        try:
            made = await step("reverse", Reversed, lambda: self.reverse(undo_id))
        except StepFailed as error:
            made = Reversed(words=f"The reverse change could not be made: {error}")
        if (reverse := made) is not None:
            await step("end", None, lambda: self.end(undo_id, reverse))

    async def begin(self, undo_id: str, leg: int) -> bool:
        """Whether it is its turn, and nothing is frozen. From here on nothing else is deployed in the repository."""
        deployments = self.production.deployments
        one = await deployments.undo(undo_id)
        if one.leg != leg or one.is_over:
            return False
        if one.state is not UndoState.WAITING:
            return True
        if is_frozen(self.production.house.home):
            return False
        way = way_back(await deployments.of(one.repository_id), one.merged_sha)
        after = replace(one, state=UndoState.ROLLING_BACK, to_sha=way.to.merged_sha if way.to else None,
                        rollback=way.why_not)  # fmt: skip
        return await deployments.begin(one, after)

    async def rollback(self, undo_id: str) -> Ended | None:
        """How its command ended; None where everything was frozen before it began. Nothing to do is a good end."""
        production = self.production
        one = await production.deployments.undo(undo_id)
        if one.to_sha is None or one.state is not UndoState.ROLLING_BACK:
            return Ended(exit_code=0)
        if one.begun_at is not None:
            return known_of(one)
        repository = await self._repository(one)
        terms = await production.terms(repository, one.to_sha)
        if terms.why_not or not terms.declared.rollback:
            none = "The commit that was deployed before declares no rollback: production was left as it is."
            await production.deployments.turn(one, replace(one, to_sha=None, rollback=terms.why_not or none))
            return Ended(exit_code=0)
        env = {"HONK_ROLLBACK_TO": one.to_sha, "HONK_ROLLBACK_FROM": one.merged_sha, "HONK_COMMIT": one.to_sha}
        errand = await production.errand(f"rollback-{undo_id}", terms, terms.declared.rollback, env)
        if is_frozen(production.house.home):
            await production.deployments.turn(one, replace(one, state=UndoState.WAITING, leg=one.leg + 1))
            return None
        who = Who(name=one.who.name, person_id=one.person_id)
        secrets = list(errand.secrets)
        body: Body = {"undo_id": undo_id, "from": one.merged_sha, "to": one.to_sha, "secrets": secrets}
        has_environment = terms.declared.has_environment
        run = partial(production.run, errand, repository, one.to_sha, with_environment=has_environment)
        return await production.once(one, "rollback", who, body, run)

    async def health(self, undo_id: str) -> Health:
        """Of production as the rollback left it."""
        one = await self.production.deployments.undo(undo_id)
        if one.to_sha is None or one.begun_at is None:
            return UNASKED
        repository = await self._repository(one)
        terms = await self.production.terms(repository, one.to_sha)
        return await self.production.health(f"health-{undo_id}", repository, one.to_sha, terms)

    async def settle(self, undo_id: str, ended: Ended, health: Health) -> None:
        """Write down what stands in production now. From here on others may deploy."""
        production = self.production
        one = await production.deployments.undo(undo_id)
        if one.state is not UndoState.ROLLING_BACK:
            return
        await self._mark(one, ended, health)
        words = one.rollback
        facts: tuple[Fact, ...] = ()
        if one.to_sha is not None:
            words = await self._told(one, ended, health)
            body = {**_body(one), "to": one.to_sha, "is_good": ended.is_good and health.is_good is not False}
            facts = (
                Fact("health", {**_body(one), "words": health.words, "is_good": health.is_good}, f"health:{undo_id}"),
                Fact("rolled_back", {**body, "words": words, "log_blob": ended.log_blob}, f"rolled_back:{undo_id}"),
            )  # fmt: skip
        after = replace(
            one,
            state=UndoState.REVERTING,
            exit_code=ended.exit_code if one.to_sha else None,
            seconds=ended.seconds,
            log_blob=ended.log_blob,
            health=health.words if one.to_sha else "",
            rollback=words,
        )
        await production.deployments.turn(one, after, facts, production.wake)

    async def _mark(self, one: Undo, ended: Ended, health: Health) -> None:
        """The deployment that is undone: rolled back, or never run at all. What waits behind it holds what is undone,
        and would bring it back: that is not run either."""
        deployments = self.production.deployments
        rows = await deployments.of(one.repository_id)
        mine = [row for row in rows if row.merged_sha == one.merged_sha]
        touched = [row for row in mine if row.has_touched]
        is_back = one.to_sha is not None and ended.is_good and health.is_good is not False
        for row in touched if is_back else ():
            after = replace(row, state=DeploymentState.ROLLED_BACK, reason=f"Rolled back to {str(one.to_sha)[:12]}.")
            await deployments.turn(row, after, (fact_of(after, after.reason),))
        for row in rows if mine else ():
            is_left = row in mine or (row.place > mine[0].place and (is_back or not touched))
            if row.state is DeploymentState.WAITING and is_left:
                after = replace(row, state=DeploymentState.SUPERSEDED, ended_at=now(), reason=_why_left(row, one))
                await deployments.turn(row, after, (fact_of(after, after.reason),))

    async def _told(self, one: Undo, ended: Ended, health: Health) -> str:
        assert one.to_sha is not None
        if one.begun_at is None:
            return f"Production was not rolled back: {ended.fault}"
        terms = await self.production.terms(await self._repository(one), one.to_sha)
        words = told(ended, health, limit_of(terms))
        if ended.is_good and health.is_good is not False:
            return f"Production is back at {one.to_sha[:12]}. {words}"
        return f"The rollback to {one.to_sha[:12]} did not come to a good end: look at production yourself. {words}"

    async def reverse(self, undo_id: str) -> Reversed | None:
        """The task that makes the reverse change; None where everything is frozen: a later leg makes it."""
        if is_frozen(self.production.house.home):
            return None
        return await self.reversing.reverse(await self.production.deployments.undo(undo_id))

    async def end(self, undo_id: str, reverse: Reversed) -> None:
        """Its last state: from here on the reverse change is a task of its own."""
        one = await self.production.deployments.undo(undo_id)
        if one.state is not UndoState.REVERTING:
            return
        state = UndoState.DONE if reverse.task_id is not None else UndoState.NEEDS_HUMAN
        words = f"Task {reverse.task_id} makes the reverse change." if reverse.task_id else reverse.words
        after = replace(one, state=state, ended_at=now(), reason=words, revert_task_id=reverse.task_id)
        fact = _fact("reverting", after, words)
        await self.production.deployments.turn(one, after, (fact,))

    async def _repository(self, one: Undo) -> Repository:
        return (await self.production.house.tasks.task(one.task_id)).repository


def undoing_with(production: Production, accept: Accept) -> Undoing:
    """The desk for undos; its workflow is registered."""
    undoing = Undoing(production=production, reversing=Reversing(production=production, accept=accept))
    production.engine.register("undo", undoing.undo)
    return undoing


def _why_left(row: Deployment, undo: Undo) -> str:
    if row.merged_sha == undo.merged_sha:
        return "Undone before it began: it was not run."
    return f"It holds what was undone (#{undo.number}), so it was not run: the next merge deploys it without that."


def _body(one: Undo) -> dict[str, object]:
    return {"undo_id": one.undo_id, "number": one.number, "merged_sha": one.merged_sha, "who": one.who.name}


def _fact(kind: str, one: Undo, words: str) -> Fact:
    body = {**_body(one), "words": words, "state": str(one.state), "revert_task_id": one.revert_task_id}
    return Fact(kind, body, f"{kind}:{one.undo_id}")
