"""Each gateway keeps the rules of gateways."""

import pytest

from honk.gateway import Upstream
from honk.gateway.anthropic import AnthropicGateway
from honk.testing.gateway_rules import GATEWAY_RULES, KEY, Desk, GatewayRule
from honk.testing.ledger import FakeLedger
from honk.testing.scripted_model import ScriptedModel

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize("rule", GATEWAY_RULES, ids=lambda rule: rule.__name__)
async def test_anthropic(rule: GatewayRule) -> None:
    ledger = FakeLedger()
    async with ScriptedModel({}, key=KEY) as model:
        gateway = AnthropicGateway(Upstream(base_url=model.url, headers={"X-Api-Key": KEY}), ledger)
        try:
            await rule(Desk(gateway=gateway, model=model, ledger=ledger))
        finally:
            await gateway.close()
