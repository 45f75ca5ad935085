"""Who counts hears everything that is told, however it is written down."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from honk.domain.money import ModelCall
from honk.domain.task import Outcome, OutcomeName
from honk.store.conversation import Fact
from honk.store.sql import open_store
from honk.testing.store_rules import a_run, a_task, accept
from honk.testing.talk_rules import ASKED, PARKED, WORDS

pytestmark = pytest.mark.anyio


class Ear:
    """Remembers the kinds."""

    def __init__(self) -> None:
        self.kinds: list[str] = []

    def event(self, kind: str, body: Mapping[str, object]) -> None:
        self.kinds.append(kind)

    def call(self, call: ModelCall) -> None:
        raise AssertionError("nothing was billed")


async def test_what_is_told_with_a_row_is_heard_as_well(tmp_path: Path) -> None:
    store, ear = await open_store(tmp_path), Ear()
    store.listen(ear)
    await accept(store, a_task(), a_run())
    await store.events.append("t1", "stage", {})
    message = Fact("message", {}, "message:m1")
    assert await store.messages.append(WORDS, message)
    assert not await store.messages.append(WORDS, message)
    await store.parking.park(PARKED, ASKED)
    outcome = Outcome(name=OutcomeName.CANCELLED, reason=".")
    assert await store.parking.end(PARKED, a_run(), outcome, Fact("outcome", {"outcome": "cancelled"}, "outcome"))
    assert ear.kinds == ["stage", "message", "asked", "outcome"]
    await store.close()
