"""Each ledger keeps the rules of ledgers."""

from pathlib import Path

import pytest

from honk.store.sql import open_store
from honk.testing.ledger import FakeLedger
from honk.testing.ledger_rules import LEDGER_RULES, LedgerRule

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize("rule", LEDGER_RULES, ids=lambda rule: rule.__name__)
async def test_in_memory(rule: LedgerRule) -> None:
    await rule(FakeLedger())


@pytest.mark.slow
@pytest.mark.parametrize("rule", LEDGER_RULES, ids=lambda rule: rule.__name__)
async def test_of_the_store(rule: LedgerRule, tmp_path: Path) -> None:
    store = await open_store(tmp_path)
    try:
        await rule(store.ledger)
    finally:
        await store.close()
