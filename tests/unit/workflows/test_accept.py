"""An arrival that comes again leads to what it became."""

from types import SimpleNamespace
from typing import cast

import pytest

from honk.base.errors import UsageError
from honk.testing.store import FakeStore
from honk.testing.store_rules import a_run, a_task, accept
from honk.workflows.accept import redelivered
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
