"""The workspaces against the rules of the port, in real sandboxes and in none."""

from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from honk.sandbox import SandboxBackend
from honk.sandbox.bubblewrap import BubblewrapBackend
from honk.sandbox.none import NoneBackend
from honk.testing.packages import PackageShelf
from honk.testing.person import PersonRepository
from honk.testing.workspace_rules import WORKSPACE_RULES, Blobs, Ground, lay
from honk.workspace.overlay import OverlayWorkspaces
from honk.workspace.source import LocalSource

pytestmark = [pytest.mark.anyio, pytest.mark.slow]


@pytest.mark.parametrize("backend", [BubblewrapBackend(), NoneBackend()], ids=lambda backend: backend.name)
@pytest.mark.parametrize("rule", WORKSPACE_RULES, ids=lambda rule: rule.__name__)
async def test_workspaces(rule: Callable[[Ground], Awaitable[None]], backend: SandboxBackend, tmp_path: Path) -> None:
    person = await PersonRepository.make(tmp_path / "person")
    source, blobs = LocalSource(), Blobs()
    workspaces = OverlayWorkspaces(tmp_path / "home", source, backend, PackageShelf(), blobs.put)
    await rule(await lay(workspaces, source, blobs, person, tmp_path))
