"""As root there is no sandbox."""

import os
from pathlib import Path

import pytest

from honk.sandbox import SandboxSpec, SandboxUnavailable
from honk.sandbox.bubblewrap import BubblewrapBackend

pytestmark = [pytest.mark.anyio, pytest.mark.root]


async def test_a_sandbox_is_refused_to_root(tmp_path: Path) -> None:
    assert os.geteuid() == 0
    with pytest.raises(SandboxUnavailable, match="as root"):
        await BubblewrapBackend().open(SandboxSpec(name="t", state=tmp_path / "state"))
    assert not (tmp_path / "state").exists()
