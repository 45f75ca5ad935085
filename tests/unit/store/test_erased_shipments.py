"""What a task's deletion takes of the wishes to merge it, and what stays."""

from dataclasses import replace
from pathlib import Path

import pytest
from stores import sql

from honk.domain.shipment import Proof, ShipmentState
from honk.store.shipping import Along
from honk.testing.shipping_rules import armed
from honk.testing.store_rules import EXAMINATION, a_run, a_task, accept

pytestmark = pytest.mark.anyio


async def test_paths_and_evidence_go_with_the_task_and_who_wanted_which_commit_stays(tmp_path: Path) -> None:
    async with sql(tmp_path / "home") as store:
        await accept(store, a_task(), a_run())
        proof = Proof(base_sha="b" * 40, tree_sha="c" * 40, examination=EXAMINATION)
        wish = replace(armed(), leg=2, words="Bob, because it changes secret.py", advice="git merge", proof=proof)
        await store.shipments.turn(None, wish, Along())
        (held,) = await store.holdings.list("t1")
        assert held.workflow_ids[-2:] == ("deliver-s1-1", "deliver-s1-2")
        await store.holdings.erase("t1")
        left = await store.shipments.shipment("s1")
        assert (left.words, left.advice, left.proof) == ("", "", None)
        assert (left.number, left.head_sha, left.person, left.state) == (
            1, wish.head_sha, wish.person, ShipmentState.ARMED,
        )  # fmt: skip
