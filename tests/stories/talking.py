"""A team around one desk, in this process: people who ask, say, answer; only the model is scripted."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from desk import REPEATING

from honk.app import RunResult
from honk.bootstrap import open_team
from honk.config import Settings
from honk.domain.conversation import Parked
from honk.domain.people import EVERYWHERE, Door, Member, Role, Visitor
from honk.domain.task import Status, Task
from honk.gateway import Upstream
from honk.store import TaskEvent
from honk.team import NewRequest, Team
from honk.testing.replies import Ask, Reply, Script
from honk.testing.scripted_model import ScriptedModel
from honk.testing.scripts import judge

ASK = "mcp__honk__ask"


def visitor(name: str, role: Role = Role.ADMIN) -> Visitor:
    """Somebody who came in by the console."""
    member = Member(person_id=name.lower(), name=name, email=f"{name.lower()}@example.org", grants={EVERYWHERE: role})
    return Visitor(member=member, door=Door.CONSOLE)


ADA, BOB = visitor("Ada"), visitor("Bob", Role.REQUESTER)
GUEST = visitor("Eve", Role.READER)


@dataclass
class Circle:
    """The team, and what it sees."""

    team: Team
    model: ScriptedModel

    async def ask(self, prompt: str = "Make add() add") -> Task:
        (repository,) = await self.team.repositories(ADA)
        return await self.team.request(ADA, NewRequest(repository_id=repository.repository_id, prompt=prompt))

    async def until(self, task: Task, is_it: Callable[[TaskEvent], bool]) -> TaskEvent:
        """The first event that is it."""
        async with asyncio.timeout(120):
            async for event in self.team.follow(ADA, task.task_id):
                if is_it(event):
                    return event
        raise AssertionError("unreachable")

    async def parked(self, task: Task, leg: int = 1) -> Parked:
        """What it waits for, once it waits."""
        told = 0

        def is_it(event: TaskEvent) -> bool:
            nonlocal told
            told += event.kind in ("asked", "parked")
            return told == leg

        await self.until(task, is_it)
        found = await self.team.parked(ADA, task.task_id)
        assert found is not None
        return found

    async def ended(self, task: Task) -> RunResult:
        """What it came to."""
        await self.until(task, lambda event: event.kind == "outcome")
        return await self.team.result(ADA, task.task_id)

    async def told(self, task: Task, kind: str) -> list[Mapping[str, object]]:
        return [
            event.body for event in await self.team.app.sights.house.events.read(task.task_id) if event.kind == kind
        ]

    async def status(self, task: Task) -> Status:
        return (await self.team.task(ADA, task.task_id)).status

    def prompts(self) -> list[str]:
        """Everything that the agent's model was sent, as text."""
        return [
            str(body["messages"]) for body in self.model.generations if body.get("tools") and len(body["tools"]) > 1
        ]


def when(words: str, then: Reply, otherwise: Reply) -> Callable[[Ask], Reply]:
    """Of two replies, by whether the words were said."""
    return lambda ask: then if words in str(ask.request["messages"]) else otherwise


@asynccontextmanager
async def circle(home: Path, scripts: Mapping[str, Script], repo: Path, **settings: object) -> AsyncIterator[Circle]:
    """A team that may ask for this repository alone."""
    async with ScriptedModel({"judge": judge(), **scripts}, key="scripted") as model:
        upstream = Upstream(base_url=model.url, headers={"x-api-key": "scripted"})
        async with open_team(Settings(home=home, **{**REPEATING, **settings}), upstream=upstream) as team:  # type: ignore[arg-type]
            for known in await team.app.offered_repositories():
                await team.app.withdraw_repository(known)
            await team.app.offer_repository(repo)
            yield Circle(team, model)
