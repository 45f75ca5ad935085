"""What is done outside, when it may not be."""

from collections.abc import Awaitable, Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from honk.domain.change import Change
from honk.testing.audit import FakeAudit
from honk.testing.store_rules import a_run, a_task
from honk.workflows.frost import Frozen, freeze
from honk.workflows.house import House
from honk.workflows.publish import publish
from honk.workflows.record import Record

pytestmark = pytest.mark.anyio
CHANGE = Change(
    base_sha="b" * 40, head_sha="c" * 40, tree_sha="d" * 40, files=(), diff_blob="diff", diff_bytes=0, parent_sha=None
)


@pytest.mark.parametrize("comes_to", ["push", "branch", "pull request"])
async def test_a_run_that_comes_to_an_outward_act_under_a_freezing_does_not_do_it(
    tmp_path: Path, comes_to: str
) -> None:
    async def ships(change: Change) -> None: ...

    async def provenance(shares: object) -> None: ...

    async def step(key: str, kind: Any, act: Callable[[], Awaitable[Any]]) -> Any:
        if key == comes_to:
            freeze(tmp_path, "keys leaked", "Ada")
            return await act()
        return CHANGE  # as done and recorded before

    audit, workspaces = FakeAudit(), SimpleNamespace(mirror=lambda repository: tmp_path)
    house = cast(House, SimpleNamespace(home=tmp_path, audit=audit, workspaces=workspaces))
    journal = SimpleNamespace(provenance=provenance)
    record = cast(Record, SimpleNamespace(task=a_task(), run=a_run(), ships=ships, journal=journal))
    with pytest.raises(Frozen, match="keys leaked"):
        await publish(house, step, record, CHANGE)
    assert [one.came_of[:8] for one in audit.entries] == ["", "refused:"]
