"""Every sandbox backend keeps the rules; those that isolate keep the rules of isolation too."""

from pathlib import Path

import pytest

from honk.sandbox import SandboxBackend
from honk.sandbox.bubblewrap import BubblewrapBackend
from honk.sandbox.none import NoneBackend
from honk.testing.sandbox_rules import ISOLATION_RULES, SANDBOX_RULES, Rule

pytestmark = [pytest.mark.anyio, pytest.mark.slow]


@pytest.mark.parametrize("backend", [BubblewrapBackend(), NoneBackend()], ids=lambda backend: backend.name)
@pytest.mark.parametrize("rule", SANDBOX_RULES, ids=lambda rule: rule.__name__)
async def test_sandbox(rule: Rule, backend: SandboxBackend, tmp_path: Path) -> None:
    await rule(backend, tmp_path)


@pytest.mark.parametrize("rule", ISOLATION_RULES, ids=lambda rule: rule.__name__)
async def test_isolation(rule: Rule, tmp_path: Path) -> None:
    backend = BubblewrapBackend()
    assert backend.is_isolating
    await rule(backend, tmp_path)


async def test_none_says_that_it_does_not_isolate() -> None:
    assert not NoneBackend().is_isolating
