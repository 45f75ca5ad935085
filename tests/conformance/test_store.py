"""The store's rules, on SQLite and in memory."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from stores import sql

from honk.testing.audit_rules import AUDIT_RULES, AuditRule
from honk.testing.board_rules import BOARD_RULES
from honk.testing.ledger_rules import LEDGER_RULES, LedgerRule
from honk.testing.listing_rules import LISTING_RULES
from honk.testing.production_rules import PRODUCTION_RULES
from honk.testing.shipping_rules import SHIPPING_RULES
from honk.testing.showing_rules import SHOWING_RULES
from honk.testing.store import FakeStore
from honk.testing.store_rules import STORE_RULES, Store, StoreRule
from honk.testing.talk_rules import TALK_RULES

pytestmark = pytest.mark.anyio
RULES = (
    *STORE_RULES,
    *LISTING_RULES,
    *BOARD_RULES,
    *TALK_RULES,
    *PRODUCTION_RULES,
    *AUDIT_RULES,
    *SHIPPING_RULES,
    *SHOWING_RULES,
)


@asynccontextmanager
async def in_memory(_home: Path) -> AsyncIterator[Store]:
    yield FakeStore()


@pytest.mark.parametrize("make", [in_memory, sql], ids=lambda make: make.__name__)
@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
async def test_store(rule: StoreRule | AuditRule, make: Callable, tmp_path: Path) -> None:
    async with make(tmp_path / "home") as store:
        await rule(store)


@pytest.mark.parametrize("rule", LEDGER_RULES, ids=lambda rule: rule.__name__)
async def test_the_store_is_a_ledger(rule: LedgerRule, tmp_path: Path) -> None:
    async with sql(tmp_path) as store:
        await rule(store.ledger)
