"""Every forge against the rules of the port."""

from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from honk.forge import Forge
from honk.forge.local import LocalForge
from honk.testing.forge import FakeForge, MemoryPullRequests
from honk.testing.forge_rules import FORGE_RULES, Ground

pytestmark = pytest.mark.anyio


def built_in(folder: Path) -> Forge:
    return LocalForge(folder / "forge", MemoryPullRequests())


def fake(folder: Path) -> Forge:
    return FakeForge()


@pytest.mark.parametrize("make", [fake, built_in], ids=lambda make: make.__name__)
@pytest.mark.parametrize("rule", FORGE_RULES, ids=lambda rule: rule.__name__)
async def test_forge(rule: Callable[[Ground], Awaitable[None]], make: Callable[[Path], Forge], tmp_path: Path) -> None:
    await rule(await Ground.lay(make(tmp_path), tmp_path))
