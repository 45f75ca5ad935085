"""Whom the gateway asks before a call, and tells afterwards."""

from dataclasses import dataclass, field

import pytest

from honk.gateway import Upstream
from honk.gateway.anthropic import AnthropicGateway
from honk.gateway.trial import is_answering
from honk.testing.gateway_rules import KEY, Desk, question
from honk.testing.ledger import FakeLedger
from honk.testing.scripted_model import ScriptedModel

pytestmark = pytest.mark.anyio
MODEL = question()["model"]


@dataclass
class Keeper:
    why: str | None = None
    told: list[tuple[int, str]] = field(default_factory=list)

    def objection(self) -> str | None:
        return self.why

    def answered(self, status: int, model: str, run_id: str) -> None:
        self.told.append((status, model))


def gateway_of(url: str, keeper: Keeper, ledger: FakeLedger, key: str = KEY) -> AnthropicGateway:
    return AnthropicGateway(Upstream(base_url=url, headers={"x-api-key": key}), ledger, gatekeeper=keeper)


async def test_while_it_objects_no_call_goes_out_and_nothing_is_reserved() -> None:
    ledger, keeper = FakeLedger(), Keeper(why="Honk's gateway is frozen.")
    async with ScriptedModel({}, key=KEY) as model:
        desk = Desk(gateway=gateway_of(model.url, keeper, ledger), model=model, ledger=ledger)
        async with desk.route() as client:
            refused = await client.ask(question())
        assert (refused.status, b"frozen" in refused.body) == (403, True)
        assert refused.headers["x-should-retry"] == "false"
        assert (model.requests, list(ledger.calls), keeper.told) == ([], [], [])
        await desk.gateway.close()


@pytest.mark.parametrize(("key", "status"), [(KEY, 200), ("wrong", 401)])
async def test_it_hears_what_the_far_side_answered(key: str, status: int) -> None:
    ledger, keeper = FakeLedger(), Keeper()
    async with ScriptedModel({}, key=KEY) as model:
        gateway = gateway_of(model.url, keeper, ledger, key)
        async with Desk(gateway=gateway, model=model, ledger=ledger).route() as client:
            await client.ask(question())
        assert keeper.told == [(status, MODEL)]
        assert await is_answering(gateway, MODEL) is (status == 200)
        assert [call.purpose for call in ledger.calls][-1] == "probe, aside"
        await gateway.close()


async def test_it_hears_that_nobody_answers() -> None:
    ledger, keeper = FakeLedger(), Keeper()
    async with ScriptedModel({}, key=KEY) as model:
        gateway = gateway_of("http://127.0.0.1:9", keeper, ledger)
        async with Desk(gateway=gateway, model=model, ledger=ledger).route() as client:
            assert (await client.ask(question())).status == 502
    assert {status for status, _ in keeper.told} == {0}
    assert not await is_answering(gateway, MODEL)
    await gateway.close()
