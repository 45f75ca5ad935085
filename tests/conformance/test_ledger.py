"""Each ledger keeps the rules of ledgers."""

import pytest

from honk.testing.ledger import FakeLedger
from honk.testing.ledger_rules import LEDGER_RULES, LedgerRule

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize("rule", LEDGER_RULES, ids=lambda rule: rule.__name__)
async def test_in_memory(rule: LedgerRule) -> None:
    await rule(FakeLedger())
