"""The rules of people and what lets them in, on SQLite and in memory."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from stores import sql

from honk.testing.people import FakeApiTokens, FakePeople, FakeSignInLinks, FakeWebSessions
from honk.testing.people_rules import PEOPLE_RULES, PeopleRule, PeopleStore

pytestmark = pytest.mark.anyio


@dataclass
class InMemory:
    people: FakePeople = field(default_factory=FakePeople)

    @property
    def links(self) -> FakeSignInLinks:
        return self.people.links

    @property
    def sessions(self) -> FakeWebSessions:
        return self.people.sessions

    @property
    def tokens(self) -> FakeApiTokens:
        return self.people.tokens


@asynccontextmanager
async def in_memory(_home: Path) -> AsyncIterator[PeopleStore]:
    yield InMemory()


@pytest.mark.parametrize("make", [in_memory, sql], ids=lambda make: make.__name__)
@pytest.mark.parametrize("rule", PEOPLE_RULES, ids=lambda rule: rule.__name__)
async def test_people(rule: PeopleRule, make: Callable, tmp_path: Path) -> None:
    async with make(tmp_path / "home") as store:
        await rule(store)
