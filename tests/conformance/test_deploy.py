"""Every deployer keeps the rules, in a sandbox with walls."""

from pathlib import Path

import pytest

from honk.deploy.sandboxed import SandboxedDeployer
from honk.sandbox.bubblewrap import BubblewrapBackend
from honk.testing.deploy_rules import DEPLOY_RULES, Bench, Rule

pytestmark = [pytest.mark.anyio, pytest.mark.slow]


@pytest.mark.parametrize("rule", DEPLOY_RULES, ids=lambda rule: rule.__name__)
async def test_deployer(rule: Rule, tmp_path: Path) -> None:
    blobs: dict[str, bytes] = {}

    async def put(key: str, data: bytes) -> str:
        blobs[key] = data
        return key

    await rule(Bench(SandboxedDeployer(put), blobs, BubblewrapBackend(), tmp_path))
