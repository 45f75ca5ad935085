"""How a request becomes a task, and how an arrival that comes again leads to what it became."""

from types import SimpleNamespace
from typing import cast

import pytest

from honk.base.errors import UsageError
from honk.domain.task import BriefTerms
from honk.testing.store import FakeStore
from honk.testing.store_rules import a_run, a_task, accept
from honk.workflows.accept import brief_of, redelivered
from honk.workflows.house import House

pytestmark = pytest.mark.anyio


async def test_a_delivery_that_comes_again_leads_to_its_task() -> None:
    store, task = FakeStore(), a_task()
    house = cast(House, SimpleNamespace(tasks=store.tasks))
    here = task.repository.location
    assert await redelivered(house, None, task.prompt, here) is None
    assert await redelivered(house, "d1", task.prompt, here) is None
    await accept(store, task, a_run(), "d1")
    assert await redelivered(house, "d1", task.prompt, here) == task
    with pytest.raises(UsageError, match=r"became task t1\. Nothing was begun"):
        await redelivered(house, "d1", "other words", here)
    with pytest.raises(UsageError, match="another request"):
        await redelivered(house, "d1", task.prompt, "/elsewhere")


async def test_a_brief_has_the_words_as_they_were_said_and_what_was_settled_beside_them() -> None:
    terms = BriefTerms(preconditions=("it uses pytest", " "), out_of_bounds=("\x1b[31mthe API\x1b[0m",), done_when=())
    brief = brief_of("Fix it", terms)
    assert (brief.version, brief.goal) == (1, "Fix it")
    assert (brief.preconditions, brief.out_of_bounds, brief.done_when) == (("it uses pytest",), ("the API",), ())
