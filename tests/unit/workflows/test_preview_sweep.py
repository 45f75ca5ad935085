"""What previews cost while nobody looks."""

from dataclasses import replace
from typing import Any, cast

import pytest

from honk.domain.preview import PreviewState, PreviewTerms
from honk.testing.showing_rules import a_preview
from honk.testing.store import FakeStore
from honk.testing.store_rules import a_pull_request
from honk.workflows.preview import Previews

pytestmark = pytest.mark.anyio


async def test_a_sweep_asks_for_no_pull_request_that_is_open(monkeypatch: pytest.MonkeyPatch) -> None:
    store, asked = FakeStore(), list[int]()
    for number in (1, 2, 3):
        await store.pull_requests.insert(str(number), a_pull_request())
        await store.previews.save(replace(a_preview(str(number)), state=PreviewState.ASLEEP, number=number))
    merged = await store.pull_requests.get(2)
    assert merged is not None
    await store.pull_requests.update(replace(merged, state="merged"), expect_state="open")
    get = store.pull_requests.get
    monkeypatch.setattr(store.pull_requests, "get", lambda number: asked.append(number) or get(number))
    await Previews(cast(Any, store), PreviewTerms(), b"key", is_walled=True).look_after()
    assert asked == [2]
    assert [(await store.previews.get(one)).state for one in "123"] == ["asleep", "gone", "asleep"]  # type: ignore[union-attr]
