"""A sandbox as an attempt has it, and what a program in it does that never ends by itself."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from honk.agent import AGENT_CONFIG, Agent
from honk.gateway import MODEL_PORT
from honk.sandbox import Mount, Sandbox, SandboxSpec
from honk.sandbox.bubblewrap import BubblewrapBackend
from honk.testing.agent_rules import HANGING

HANG = f"python3 -c 'import time; time.sleep(3600)' {HANGING}"
"""Longer than any test: what ends it is what is tested."""


@asynccontextmanager
async def agent_room(agent: Agent, where: Path) -> AsyncIterator[tuple[Sandbox, Path]]:
    """The sandbox, and the host's path of the agent's own state."""
    config, layer = where / "config", where / "base"
    for directory in (config, layer):
        directory.mkdir(exist_ok=True)
    spec = SandboxSpec(
        name="agent",
        layers=(layer,),
        state=where / "state",
        mounts=(*agent.mounts(), Mount(source=config, target=AGENT_CONFIG, is_writable=True)),
        ports=(MODEL_PORT, *agent.capabilities.ports),
    )
    sandbox = await BubblewrapBackend().open(spec)
    try:
        yield sandbox, config
    finally:
        await sandbox.close()
