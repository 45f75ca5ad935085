"""From a merged commit to production: once, one at a time, and never silently twice. Read `deploy` first.

The row is the truth and a leg is short: what cannot be done just now leaves the row waiting, and a later leg does it.
"""

from dataclasses import dataclass, replace
from functools import partial

from honk.base.clock import now
from honk.base.errors import HonkError, UsageError
from honk.base.ids import derived_uuid
from honk.deploy import DeployError
from honk.deploy.terms import merged_into
from honk.domain.audit import Body, Who
from honk.domain.deployment import (
    AT_WORK,
    UNASKED,
    Deployment,
    DeploymentState,
    Ended,
    Health,
    Undo,
    UndoState,
    leg_of,
    newest_of,
    next_of,
    state_after,
    told,
    why_not_again,
)
from honk.domain.task import Person, Repository, Task
from honk.engine import ENDED, Steps
from honk.store import Enlist
from honk.store.conversation import Fact
from honk.workflows.frost import is_frozen, refuse_frozen
from honk.workflows.production import Production, ended_of, health_of, known_of, limit_of

MOST_LEGS = 20
LOST = "Honk lost what it knew of this deployment's steps, so how far it came is not known."


@dataclass(frozen=True, slots=True, kw_only=True)
class Onward:
    """What a merge is written together with."""

    facts: tuple[Fact, ...] = ()
    joins: tuple[Enlist, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Deploying:
    """The workflow "deploy", and what begins it."""

    production: Production

    async def after(self, task: Task, number: int, merged_sha: str, who: Person) -> Onward:
        """What follows on a merge: a deployment, or the words that Honk does not see one. It breaks no merge."""
        deployment_id = derived_uuid("deployment", task.repository.repository_id, merged_sha)
        try:
            terms = await self.production.terms(task.repository, merged_sha)
            why_not = merged_into(terms, task.base_branch).why_not
        except HonkError as error:
            why_not = f"Merged; what .honk.toml says of its deployment could not be read: {error}"
        if why_not:
            body = {"number": number, "merged_sha": merged_sha, "state": "not_visible", "words": why_not}
            return Onward(facts=(Fact("deployment", body, f"deployment:{deployment_id}:not_visible"),))
        deployment = Deployment(
            deployment_id=deployment_id,
            repository_id=task.repository.repository_id,
            task_id=task.task_id,
            number=number,
            merged_sha=merged_sha,
            place=0,  # given by the store, behind all before it
            who=who,
            created_at=now(),
        )
        facts = (fact_of(deployment, "It waits for its turn."),)
        join = self.production.deployments.joining(deployment, (), self.production.wake(deployment))
        return Onward(facts=facts, joins=(join,))

    async def again(self, repository_id: str, merged_sha: str, who: Person) -> Deployment:
        """The same commit once more, by a person's word, where its deployment came to no good end.

        Raises:
            UsageError: it did not, or that would take back what is newer, or everything is frozen. Nothing was done.
        """
        refuse_frozen(self.production.house.home)
        deployments = self.production.deployments
        rows, undos = await deployments.of(repository_id), await deployments.undos(repository_id)
        before = newest_of(rows, merged_sha)
        if before is None or (why_not := why_not_again(rows, undos, merged_sha)):
            raise UsageError(f"{why_not if before else 'Honk did not deploy it.'} Nothing was done.")
        once_more = Deployment(
            deployment_id=derived_uuid("deployment", repository_id, merged_sha, before.deployment_id),
            repository_id=repository_id,
            task_id=before.task_id,
            number=before.number,
            merged_sha=merged_sha,
            place=0,
            who=who,
            created_at=now(),
        )
        await self.production.engine.start()
        facts = (fact_of(once_more, f"{who.name} wants it once more. It waits for its turn."),)
        await deployments.add(once_more, facts, self.production.wake(once_more))
        return await deployments.deployment(once_more.deployment_id)

    async def deploy(self, step: Steps, workflow_id: str) -> None:
        """Wait for the turn, run the command once, ask for health, write down what it came to."""
        deployment_id, leg = leg_of(workflow_id)
        if not await step("begin", bool, lambda: self.begin(deployment_id, leg)):
            return
        if (ended := await ended_of(step, "command", lambda: self.command(deployment_id))) is None:
            return
        health = await health_of(step, lambda: self.health(deployment_id, ended))
        await step("end", None, lambda: self.end(deployment_id, ended, health))

    async def begin(self, deployment_id: str, leg: int) -> bool:
        """Whether it is its turn, and nothing is frozen."""
        one = await self.production.deployments.deployment(deployment_id)
        if one.leg != leg or one.is_over:
            return False
        if one.state in AT_WORK:
            return True
        if is_frozen(self.production.house.home):
            return False
        after = replace(one, state=DeploymentState.RUNNING)
        return await self.production.deployments.begin(one, after, (fact_of(after, "It begins."),))

    async def command(self, deployment_id: str) -> Ended | None:
        """How it ended; None where everything was frozen before it began. One that was begun is not begun again."""
        production = self.production
        one = await production.deployments.deployment(deployment_id)
        if one.begun_at is not None:
            return known_of(one)
        repository = await self._repository(one)
        terms = await production.terms(repository, one.merged_sha)
        if terms.why_not:
            raise DeployError(terms.why_not)
        env = {"HONK_COMMIT": one.merged_sha, "HONK_PULL_REQUEST": str(one.number)}
        errand = await production.errand(f"deploy-{deployment_id}", terms, terms.declared.command, env)
        if is_frozen(production.house.home):
            await production.deployments.turn(one, replace(one, state=DeploymentState.WAITING, leg=one.leg + 1))
            return None
        body: Body = {"deployment_id": deployment_id, "merged_sha": one.merged_sha, "secrets": list(errand.secrets)}
        has_environment = terms.declared.has_environment
        run = partial(production.run, errand, repository, one.merged_sha, with_environment=has_environment)
        return await production.once(one, "deploy", Who(name=one.who.name), body, run)

    async def health(self, deployment_id: str, ended: Ended) -> Health:
        """Asked also where the command failed or was cut off: what stands there now is what people want to know."""
        production = self.production
        one = await production.deployments.deployment(deployment_id)
        if one.begun_at is None:
            return UNASKED
        if one.state is DeploymentState.RUNNING and ended.is_good:
            after = replace(one, state=DeploymentState.CHECKING)
            await production.deployments.turn(one, after, (fact_of(after, "Its command ended well; health is asked."),))
        repository = await self._repository(one)
        terms = await production.terms(repository, one.merged_sha)
        return await production.health(f"health-{deployment_id}", repository, one.merged_sha, terms)

    async def end(self, deployment_id: str, ended: Ended, health: Health) -> None:
        """Its last state, the events, and whoever is next."""
        production = self.production
        one = await production.deployments.deployment(deployment_id)
        if one.state not in AT_WORK:
            return
        if one.begun_at is None:
            state, words = DeploymentState.FAILED, f"It was not begun. {ended.fault}"
        else:
            terms = await production.terms(await self._repository(one), one.merged_sha)
            state, words = state_after(ended, health), told(ended, health, limit_of(terms))
        after = replace(
            one,
            state=state,
            ended_at=one.ended_at or now(),
            exit_code=ended.exit_code,
            seconds=ended.seconds,
            log_blob=ended.log_blob,
            health=health.words,
            reason=words,
        )
        body: dict[str, object] = {"number": one.number, "merged_sha": one.merged_sha, "is_good": health.is_good}
        asked = Fact("health", body | {"words": health.words}, f"health:{deployment_id}")
        facts = (asked, fact_of(after, words)) if one.begun_at is not None else (fact_of(after, words),)
        await production.deployments.turn(one, after, facts, production.wake)

    async def sweep(self) -> None:
        """Let go on what nobody is at: what waits when it is its turn, what was begun by a further leg."""
        production = self.production
        for one in await production.deployments.unended():
            status = await production.engine.status(one.workflow_id)
            if status is not None and status not in ENDED:
                await production.engine.resume(one.workflow_id)
            elif not is_frozen(production.house.home):
                await self._go_on(one)

    async def _go_on(self, one: Deployment | Undo) -> None:
        deployments, place = self.production.deployments, one.repository_id
        if ("deploy" if isinstance(one, Deployment) else "undo") not in self.production.begins:
            return
        if one.state in (DeploymentState.WAITING, UndoState.WAITING):
            if next_of(await deployments.of(place), await deployments.undos(place)) == one:
                await deployments.wake(place, self.production.wake)
            return
        if self.production.is_acted_elsewhere():
            return
        if one.leg < MOST_LEGS:
            onward = replace(one, leg=one.leg + 1)
            await deployments.turn(one, onward, enlist=self.production.wake(onward))
        elif isinstance(one, Deployment):
            after = replace(one, state=DeploymentState.FAILED, ended_at=now(), reason=LOST)
            await deployments.turn(one, after, (fact_of(after, LOST),), self.production.wake)
        elif isinstance(one, Undo):
            gone = replace(one, state=UndoState.NEEDS_HUMAN, ended_at=now(), reason=LOST)
            await deployments.turn(one, gone, (), self.production.wake)

    async def finish_here(self) -> None:
        """Where no server looks after it: go on with what is left, and wait for its end."""
        await self.production.engine.start()
        await self.sweep()
        for one in await self.production.deployments.unended():
            if await self.production.engine.status(one.workflow_id) is not None:
                await self.production.engine.wait(one.workflow_id)

    async def _repository(self, one: Deployment) -> Repository:
        return (await self.production.house.tasks.task(one.task_id)).repository


def fact_of(one: Deployment, words: str) -> Fact:
    """What is told of it, once for each state."""
    body: dict[str, object] = {"deployment_id": one.deployment_id, "number": one.number, "merged_sha": one.merged_sha}
    body |= {"state": str(one.state), "words": words, "who": one.who.name, "log_blob": one.log_blob}
    return Fact("deployment", body, f"deployment:{one.deployment_id}:{one.state}:{one.leg}")
